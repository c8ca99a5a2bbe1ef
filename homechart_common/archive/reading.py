"""From an archive's document to rows that can be stored: checked like what clients write, with new ids.

The document is JSON with each row on a line of its own, so that it can be read a few rows at a time.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Any

import marshmallow
import orjson

from homechart_common.archive.contents import FORMAT, Kind, kinds
from homechart_common.archive.renaming import Renaming
from homechart_common.errors import InvalidInput
from homechart_common.ids import new_uuid
from homechart_common.models.budget_transaction import Entries
from homechart_common.models.fields import Field
from homechart_common.models.model import Row

#: How many rows, of how many bytes together, are read at once.
_ROWS, _BYTES = 500, 1024 * 1024
#: The most bytes that a line has, and the most rows that an archive has.
_LINE, _MOST_ROWS = 4 * 1024 * 1024, 500_000

_START, _END = b'{"archive":', b"]}"


@dataclass(slots=True)
class Batch:
    """Some rows of a kind, and those of its members that are rows of other tables, by column."""

    kind: Kind
    rows: list[Row] = field(default_factory=list)
    entries: dict[str, list[Row]] = field(default_factory=dict)


class Reader:
    """Reads the document whose text comes in ``pieces``; what it raises is :class:`InvalidInput`."""

    def __init__(self, pieces: Iterator[bytes], renaming: Renaming, now: str) -> None:
        self._lines = _lines(pieces)
        self._renaming = renaming
        self._now = now
        self._rows = 0

    def batches(self) -> Iterator[Batch]:
        """All rows in the order of the document, which is that of :func:`kinds`."""
        self._read_start()
        order = list(kinds())
        at_end = False
        while not at_end:
            kind = _started(next(self._lines, b""), order)
            del order[: order.index(kind.key) + 1]
            at_end = yield from self._list(kind)
        for _ in self._lines:
            raise InvalidInput("The archive has something behind its end")

    def _read_start(self) -> None:
        line = next(self._lines, b"")
        try:
            made_as = (
                orjson.loads(line.removesuffix(b",") + b"}")["archive"] if line.startswith(_START) else None
            )
        except orjson.JSONDecodeError:
            made_as = None
        if not isinstance(made_as, int) or made_as < 1:
            raise InvalidInput("This is not an archive of a household")
        if made_as > FORMAT:
            raise InvalidInput("The archive was made by a newer version of Homechart than this server has")

    def _list(self, kind: Kind) -> Generator[Batch, None, bool]:
        """The rows of a kind; returns whether that was the last one."""
        batch, size = Batch(kind), 0
        for number, line in enumerate(self._lines, 1):
            if line in (b"],", _END):
                yield batch
                return line == _END
            self._add(batch, line, number)
            size += len(line)
            if len(batch.rows) >= _ROWS or size > _BYTES:
                yield batch
                batch, size = Batch(kind), 0
        raise InvalidInput("The archive ends too early")

    def _add(self, batch: Batch, line: bytes, number: int) -> None:
        self._rows += 1
        if self._rows > _MOST_ROWS:
            raise InvalidInput(f"The archive has more than {_MOST_ROWS} rows")
        try:
            said = orjson.loads(line.removesuffix(b","))
            if not isinstance(said, dict):
                raise marshmallow.ValidationError("must be an object")
            self._take(batch, said)
        except (orjson.JSONDecodeError, marshmallow.ValidationError) as error:
            problem = (
                error.messages[0] if isinstance(error, marshmallow.ValidationError) else "is not valid JSON"
            )
            raise InvalidInput.field(f"{batch.kind.key}, row {number}", str(problem)) from None

    def _take(self, batch: Batch, said: dict[str, Any]) -> None:
        """Check a row and put it into the batch."""
        kind, read = batch.kind, {}
        for column, member in kind.members.items():
            try:
                value = _value(member, said)
            except marshmallow.ValidationError as error:
                raise marshmallow.ValidationError(f"{member.json}: {error.messages[0]}") from None
            read[column] = self._renaming.column(kind.model.table, column, member, value)
        for column in ("created", "updated"):
            if column in kind.columns:
                read[column] = read[column] or self._now
        for column, entries in kind.entries.items():
            batch.entries.setdefault(column, []).extend(_entry_rows(kind, entries, read, read.pop(column)))
        batch.rows.append(read)


def _value(member: Field, said: dict[str, Any]) -> Any:
    if member.json in said:
        return member.deserialize(said[member.json])
    if member.must_be_given:
        raise marshmallow.ValidationError("must be given")
    return member.default()


def _entry_rows(kind: Kind, entries: Entries, row: Row, said: list[dict[str, Any]]) -> Iterator[Row]:
    """The rows of a member in its own table; what they are in, and whose they are, is said by that."""
    for place, entry in enumerate(said):
        columns = {column: entry[member.json] for column, member in entries.member.members.items()}
        columns["id"] = columns["id"] or new_uuid()
        owner = {"auth_household_id": row["auth_household_id"], f"{kind.model.table}_id": row["id"]}
        yield {**columns, **owner, "place": place}


def _started(line: bytes, order: list[str]) -> Kind:
    """The kind whose list begins with a line."""
    key = line.removeprefix(b'"').removesuffix(b'":[').decode("ascii", "replace")
    if not line.endswith(b'":[') or key not in order:
        began = line[:40].decode("utf-8", "replace")
        raise InvalidInput(f"The archive has a list that this server does not know, or not here: {began}")
    return kinds()[key]


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """What stands between line breaks."""
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        yield from whole
        if len(rest) > _LINE:
            raise InvalidInput("The archive has a line that is too long; it must be as it was exported")
    if rest:
        yield rest
