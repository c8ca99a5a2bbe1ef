"""Reading a list: everything, nothing new, or what changed since (contract §2.4).

The rows and the token that stands for them come from one statement, hence from one snapshot. The token
carries, for every owner in scope, the version of the newest change to that table; an equal token means that
nothing changed, which costs one index look-up per owner.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from homechart_common import metrics
from homechart_common.errors import Forbidden
from homechart_common.models.actors import StaleActor
from homechart_common.models.model import Model
from homechart_common.models.permissions import Actor, Level
from homechart_common.models.rendering import SEPARATOR, fragment_kind
from homechart_common.models.statements import statements
from homechart_common.postgresql.database import Queryable, Row, Statement, array


@dataclass(frozen=True, slots=True)
class Fragment:
    """The rendered list of one owner at a version, worth keeping in the cache."""

    owner_id: str
    table: str
    kind: str
    version: int
    value: str


@dataclass(frozen=True, slots=True)
class ListAnswer:
    """What a list read found. ``rows`` and ``index`` are JSON texts without their brackets."""

    token: str
    rows: str
    index: str
    fresh: tuple[Fragment, ...]


@dataclass(frozen=True, slots=True)
class Token:
    """A list's state: which database, which owners seen by whom, and their versions. Opaque to clients."""

    epoch: str
    scope: str
    versions: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.epoch}-{self.scope}-{'.'.join(map(str, self.versions))}"

    @classmethod
    def parse(cls, text: str) -> Token | None:
        """The token that a text spells, or ``None``."""
        parts = _FORM.fullmatch(text)
        if parts is None:
            return None
        versions = tuple(int(version) for version in parts[3].split(".") if version)
        return cls(parts[1], parts[2], versions) if max(versions, default=0) < 2**63 else None


#: With nobody in scope there are no versions.
_FORM = re.compile(r"([0-9a-f]+)-([0-9a-f]+)-((?:[0-9]{1,19}\.)*[0-9]{1,19}|)")


def scope_of(owners: tuple[str, ...], viewer: str = "") -> str:
    """A short text that differs when the owners in scope, or what a viewer sees of them, differ."""
    return hashlib.blake2s("".join((*owners, viewer)).encode(), digest_size=4).hexdigest()


async def read_list(
    database: Queryable, model: type[Model], actor: Actor, token: str, updated: datetime | None
) -> ListAnswer | None:
    """The list as the actor sees it, or ``None`` when ``token`` says that the client has it already.

    With ``updated``, the newest time the client holds, the answer has only rows that changed since, and the
    index of all. Which rows changed is known exactly from a token of this database and scope, else from
    ``updated``. Raises :class:`Forbidden` when the actor may not list, :class:`StaleActor` when its
    permissions changed.
    """
    if not actor.may_list(model.component):
        raise Forbidden
    owners = model.owners(actor, Level.VIEW)
    viewer = model.viewer(actor) if model.restriction else ""
    scope = scope_of(owners, viewer)
    known = Token.parse(token)
    parameters = {
        "session": actor.session_id,
        "access": actor.access,
        "owners": array(owners),
        "since": None,
        "scope": f"-{scope}-",
        "token": token if known else "",
        "viewer": viewer,
    }
    if known is not None and (known.scope != scope or len(known.versions) != len(owners)):
        known = None  # of somebody who sees something else
    rows = await _rows(database, model, parameters, known, updated)
    if not rows[0][0]:
        raise StaleActor
    if rows[0][1] == token:
        return None
    return _answer(model, rows, everything=updated is None)


async def _rows(
    database: Queryable,
    model: type[Model],
    parameters: dict[str, Any],
    known: Token | None,
    updated: datetime | None,
) -> list[Row]:
    """What there is for each owner; of the rows only what changed, if ``updated`` says that some are known."""
    if updated is None:
        return await database.fetch(statements(model).rows, parameters)
    if known is not None:
        since = {**parameters, "since": array(map(str, known.versions))}
        rows = await database.fetch(statements(model).changes_since_versions, since)
        if rows[0][1].startswith(f"{known.epoch}-"):
            return rows
    return await database.fetch(statements(model).changes_since_time, {**parameters, "updated": updated})


def _answer(model: type[Model], rows: list[Row], *, everything: bool) -> ListAnswer:
    kind = fragment_kind(model) if everything else "index"
    count_looks(model, [(row[3], row[4]) for row in rows if row[2] is not None])
    fresh = tuple(
        Fragment(owner, model.table, kind, version, fragment)
        for _, _, owner, version, worth_keeping, fragment, _ in rows
        if worth_keeping
    )
    fragments = [row[5] for row in rows if row[2] is not None]
    if everything:
        return ListAnswer(rows[0][1], merged(fragments), "", fresh)
    return ListAnswer(
        rows[0][1], merged([row[6] for row in rows]), merged(fragments, newest_first=True), fresh
    )


def count_looks(model: type[Model], lists: Iterable[tuple[int | None, bool]]) -> None:
    """Count the looks into the cache for ``lists``: each's version, and whether it had to be rendered."""
    if model.restriction is None:
        for version, rendered in lists:
            if version:  # what nobody ever changed is empty, and not looked for
                metrics.count_cache_request(model.table, hit=not rendered)


def merged(fragments: list[str], *, newest_first: bool = False) -> str:
    """Rendered rows of several owners in one order.

    Each row's text starts with what lists are ordered by, so ordering rows is ordering texts. With rows of
    one owner only, as is usual, nothing is looked at.
    """
    filled = [fragment for fragment in fragments if fragment]
    if len(filled) < 2:
        return filled[0] if filled else ""
    lines = [line for fragment in filled for line in fragment.split(SEPARATOR)]
    return SEPARATOR.join(sorted(lines, reverse=newest_first))


def count(rows: str) -> int:
    """How many rows a rendered list has."""
    # only separators have newlines, and one character is found several times faster than two
    return rows.count("\n") + 1 if rows else 0


_KEEP = Statement(
    "cache_keep",
    """INSERT INTO cache AS c (owner_id, table_name, kind, version, value)
VALUES (%(owner)s::uuid, %(table)s::text, %(kind)s::text, %(version)s::bigint, %(value)s::text)
ON CONFLICT (owner_id, table_name, kind)
DO UPDATE SET version = excluded.version, value = excluded.value, rendered = excluded.rendered
WHERE c.version < excluded.version""",
    table="cache",
)


async def keep(database: Queryable, fragments: tuple[Fragment, ...]) -> None:
    """Put rendered lists into the cache, unless newer ones are there."""
    for fragment in fragments:
        await database.execute(
            _KEEP,
            {
                "owner": fragment.owner_id,
                "table": fragment.table,
                "kind": fragment.kind,
                "version": fragment.version,
                "value": fragment.value,
            },
        )
