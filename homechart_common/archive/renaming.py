"""New ids for everything that an archive brings.

Which one an id becomes follows from the id and from a secret that is drawn for each restoring. So references need
not be looked up to come along, whatever they are in, and whoever writes an archive cannot make it say an id that
they know: what it does not bring itself, it cannot name.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from typing import Any

from homechart_common.ids import NIL_UUID, parse_uuid
from homechart_common.models import AuthAccount, AuthHousehold, AuthSession
from homechart_common.models.fields import UUID, Field, Map, Object, Objects, Strings, Tags

#: Ids that name nothing here and that others know: the address of a calendar's feed, another server's household. A
#: session keeps its id, too, as devices sign in with that and a key.
_LASTING = {
    (AuthAccount.table, "icalendar_id"),
    (AuthHousehold.table, "self_hosted_id"),
    (AuthSession.table, "id"),
}


class Renaming:
    """The new ids of one restoring."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)

    def id(self, old: str) -> str:
        """What an id becomes. The one that stands for nobody stays."""
        if old == NIL_UUID:
            return old
        digest = hashlib.blake2b(old.encode(), digest_size=16, key=self._secret).digest()
        return str(uuid.UUID(bytes=digest, version=4))

    def column(self, table: str, column: str, field: Field, value: Any) -> Any:
        """A value of a table's column, with the ids in it renamed."""
        return value if (table, column) in _LASTING else self.value(field, value)

    def value(self, field: Field, value: Any) -> Any:
        """A value of a kind of field, with the ids in it renamed."""
        match field:
            case _ if not value:
                return value
            case UUID():
                return self.id(value)
            case Tags():
                return value
            case Strings():
                return [self._text(text) for text in value]
            case Map():
                return {self._text(key): self.value(field.kind, member) for key, member in value.items()}
            case Object():
                return self._members(field, value)
            case Objects():
                return [self._members(field.member, member) for member in value]
        return value

    def _members(self, field: Object, value: dict[str, Any]) -> dict[str, Any]:
        renamed = {
            member.json: self.value(member, value[member.json])
            for member in field.members.values()
            if member.json in value
        }
        return {**value, **renamed}

    def _text(self, text: str) -> str:
        """Lists of texts, and keys, may be ids of accounts, pages, tasks; what is none stays."""
        known = parse_uuid(text)
        return text if known is None else self.id(known)
