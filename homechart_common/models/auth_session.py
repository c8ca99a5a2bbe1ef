"""Sessions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from homechart_common.ids import NIL_UUID
from homechart_common.models.auth_account import HouseholdPermissions, permissions_field
from homechart_common.models.fields import (
    UUID,
    Bool,
    Derived,
    Field,
    Invalid,
    Object,
    Text,
    Timestamp,
)
from homechart_common.models.model import Model, Owner
from homechart_common.models.permissions import Component

WEB_PUSH: dict[str, Field] = {
    "auth": Text(max=200),
    "endpoint": Text(max=2000, long=True),
    "p256": Text(max=200),
}


class Subscription(Object):
    """Where a browser takes web push, or null."""

    def __init__(self, members: Mapping[str, Field]) -> None:
        super().__init__(members)
        self.json_schema["type"] = ["object", "null"]

    def deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        """What PostgreSQL is given: null stays null."""
        return None if value is None else super().deserialize(value, *args, **kwargs)

    def read(self, value: Any) -> dict[str, Any]:
        subscription = super().read(value)
        if not subscription["endpoint"].startswith("https://"):
            raise Invalid("endpoint must start with https://")
        return subscription

    def column_sql(self, column: str) -> str:
        return column


class Digest(Field):
    """What is stored of a session's key: a SHA-256, as hexadecimal digits."""

    json_schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
    _FORM = re.compile(r"[0-9a-f]{64}")

    def column_sql(self, column: str) -> str:
        return f"encode({column}, 'hex')"

    def read(self, value: Any) -> str:
        if not isinstance(value, str) or not self._FORM.fullmatch(value):
            raise Invalid("must be 64 hexadecimal digits")
        return rf"\x{value}"


class Expiry(Timestamp):
    """When a session ends. The zero time, which some clients send for "not said", reads as null."""

    def read(self, value: Any) -> str | None:
        unsaid = value in (None, "") or str(value).startswith("0001-01-01T")
        return None if unsaid else super().read(value)


class EffectivePermissions(HouseholdPermissions):
    """What a session says of each household; shown is what remains of every membership (contract §3.5)."""

    def sql(self, row: str) -> str:
        return f"session_permissions({row}.auth_account_id, {row}.permissions_households)"


class AuthSession(Model):
    """A sign-in, or a key for programs, which can do no more than the session that made it."""

    table, path, component = "auth_session", "/auth/sessions", Component.AUTH
    owner = Owner.SELF
    routes = ()

    admin = Bool(write="", omitted=True, description="Of an administrator of this server")
    auth_account_id = UUID(write="C")
    key = UUID(
        write="",
        stored=False,
        answer=NIL_UUID,
        description="The secret; shown once, by the request that creates the session",
    )
    child = Derived(
        "(SELECT a.child FROM auth_account a WHERE a.id = {row}.auth_account_id)", {"type": "boolean"}
    )
    name = Text(max=200, write="C")
    user_agent = Text(max=100, write="C")
    permissions_account = permissions_field()
    permissions_households = EffectivePermissions()
    primary_auth_household_id = Derived(
        "(SELECT a.primary_auth_household_id FROM auth_account a WHERE a.id = {row}.auth_account_id)",
        {"type": ["string", "null"], "format": "uuid"},
    )
    web_push = Subscription(WEB_PUSH)
    expires = Expiry(write="C", description="Five years from now unless said otherwise")
    updated = None

    archived = {"key_hash": Digest(required=True)}
