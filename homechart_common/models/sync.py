"""Following everything a session can see: where it stands, what it missed, and all of it (``docs/sync.md``).

A position is a version for every owner in sight, read in the same statement as the rows that go with it.
Versions of one owner become visible in order and without gaps, so it says exactly what its holder has seen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

import orjson

from homechart_common.models.actors import StaleActor
from homechart_common.models.confidences import shown, trusted_by
from homechart_common.models.lists import Fragment, Token, count_looks, merged
from homechart_common.models.model import Model, registry
from homechart_common.models.permissions import Actor, Level
from homechart_common.models.rendering import SEPARATOR, fragment_kind
from homechart_common.models.sync_statements import SESSION, VIEWER, sync_statements, synced
from homechart_common.postgresql.database import Queryable, Row, Statement, array

#: More changes than this are not told one by one.
MOST_MISSED = 1000


@dataclass(frozen=True, slots=True)
class Sight:
    """What an actor sees: of which owners which tables, and as whom it looks at restricted ones."""

    actor: Actor
    #: Every owner once, in the order of the versions of a position.
    owners: tuple[str, ...]
    tables: Mapping[str, tuple[str, ...]]
    viewers: Mapping[str, str]
    #: A short text that differs when anything else is seen, or rows are rendered in another way.
    scope: str

    @classmethod
    def of(cls, actor: Actor) -> Sight:
        """What ``actor`` sees."""
        by_owner: dict[str, list[str]] = {}
        for model in synced():
            for owner in model.owners(actor, Level.VIEW):
                by_owner.setdefault(owner, []).append(model.table)
        tables = {owner: tuple(by_owner[owner]) for owner in sorted(by_owner)}
        viewers = {VIEWER.format(model.table): model.viewer(actor) for model in synced() if model.restriction}
        kinds = [fragment_kind(model) for model in synced()]
        described = orjson.dumps([tables, viewers, kinds, sorted(trusted_by(actor))])
        scope = hashlib.blake2s(described, digest_size=8).hexdigest()
        return cls(actor, tuple(tables), tables, viewers, scope)

    def recognises(self, position: Token | None) -> bool:
        """Whether a position was given out to somebody who saw the same."""
        return (
            position is not None
            and position.scope == self.scope
            and len(position.versions) == len(self.owners)
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a session stands, and what it missed since it stood somewhere else."""

    position: Token
    #: How long the session still lasts.
    seconds_left: float
    #: Table, id and time of every object that changed. The time is ``None`` for what went out of sight and
    #: empty for what has none; instead of all there is ``None`` if that cannot be told or is too much, so that
    #: everything must be read.
    missed: tuple[tuple[str, str, str | None], ...] | None


@dataclass(frozen=True, slots=True)
class SyncAnswer:
    """What ``GET /api/v1/sync`` found: JSON texts of rows and of ids, by the name of the object."""

    cursor: str
    full: bool
    changed: Mapping[str, str]
    deleted: Mapping[str, str]
    fresh: tuple[Fragment, ...] = ()

    def json(self) -> str:
        """The value for the envelope."""
        changed, deleted = (
            ",".join(f'"{name}":[{texts}]' for name, texts in by_name.items() if texts)
            for by_name in (self.changed, self.deleted)
        )
        full = "true" if self.full else "false"
        return f'{{"cursor":"{self.cursor}","full":{full},"changed":{{{changed}}},"deleted":{{{deleted}}}}}'


async def read_sync(database: Queryable, actor: Actor, cursor: str) -> SyncAnswer | None:
    """What ``actor`` sees and changed since ``cursor``; ``None`` when nothing did, which costs little.

    A cursor that is not known here, or that the log does not reach back to, is answered with everything.
    Raises :class:`StaleActor` when the actor's permissions changed.
    """
    sight = Sight.of(actor)
    since = Token.parse(cursor)
    if since is not None and sight.recognises(since):
        [row] = await _fetch(database, sync_statements().position, sight, since)
        if str(_position(sight, row)) == cursor:
            return None
        rows = await _fetch(database, sync_statements().changed, sight, since)
        if _reaches(rows[0], since):
            return _difference(sight, rows)
    return _everything(sight, await _fetch(database, sync_statements().everything, sight))


async def read_standing(database: Queryable, sight: Sight, since: Token | None) -> Standing:
    """Where a session stands now, and what it missed if it stood at ``since``. Raises :class:`StaleActor`."""
    since = since if sight.recognises(since) else None
    # the id of a session lets one listen, so it is told only to who may make others
    sessions = ((SESSION, sight.actor.account_id),) if sight.actor.controls_account else ()
    rows = await _fetch(
        database, sync_statements().missed, sight, since, beside=sessions, most=MOST_MISSED + 1
    )
    missed = None
    if since is not None and _reaches(rows[0], since) and len(rows) <= MOST_MISSED:
        missed = tuple(row[4:7] for row in rows if row[4] is not None)
    return Standing(_position(sight, rows[0]), rows[0][0], missed)


async def _fetch(
    database: Queryable,
    statement: Statement,
    sight: Sight,
    since: Token | None = None,
    *,
    beside: tuple[tuple[str, str], ...] = (),
    most: int | None = None,
) -> list[Row]:
    """What a statement answers; it also looks at tables and owners ``beside`` those in sight."""
    pairs = [(table, owner) for owner, tables in sight.tables.items() for table in tables]
    pairs += beside
    rows = await database.fetch(
        statement,
        {
            "session": sight.actor.session_id,
            "access": sight.actor.access,
            "owners": array(sight.owners),
            "since": array(map(str, since.versions)) if since else None,
            "epoch": since.epoch if since else "",
            "tables": array(table for table, _ in pairs),
            "of": array(owner for _, owner in pairs),
            "most": most,
            **sight.viewers,
        },
    )
    if rows[0][0] is None:
        raise StaleActor
    return rows


def _model(table: str) -> type[Model]:
    """The object that a table holds."""
    model = registry.for_table(table)
    assert model is not None  # noqa: S101  # the statements name only tables of the registry
    return model


def _position(sight: Sight, row: Row) -> Token:
    return Token(row[1], sight.scope, tuple(map(int, row[2].split("."))))


def _reaches(row: Row, since: Token) -> bool:
    return bool(row[3]) and row[1] == since.epoch


def _difference(sight: Sight, rows: list[Row]) -> SyncAnswer:
    changed: dict[str, str] = {}
    deleted: dict[str, str] = {}
    for table, entries in groupby((row[4:7] for row in rows if row[4] is not None), key=lambda row: row[0]):
        model = _model(table)
        ids_and_texts = [(id_, text) for _, id_, text in entries]
        rendered = SEPARATOR.join(text for _, text in ids_and_texts if text is not None)
        changed[model.__name__] = shown(model, sight.actor, rendered)
        deleted[model.__name__] = ",".join(f'"{id_}"' for id_, text in ids_and_texts if text is None)
    return SyncAnswer(str(_position(sight, rows[0])), False, changed, deleted)


def _everything(sight: Sight, rows: list[Row]) -> SyncAnswer:
    fragments: dict[str, list[str]] = {}
    fresh = []
    for table, owner, version, kind, text in (row[4:9] for row in rows):
        model = _model(table)
        fragments.setdefault(model.__name__, []).append(shown(model, sight.actor, text))
        count_looks(model, [(version, kind is not None)])
        if kind is not None:
            fresh.append(Fragment(owner, table, kind, version, text))
    changed = {name: merged(texts) for name, texts in fragments.items()}
    return SyncAnswer(str(_position(sight, rows[0])), True, changed, {}, tuple(fresh))
