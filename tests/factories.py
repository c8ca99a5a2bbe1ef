"""What tests start from: people with sessions in SQL, and bodies of objects made from their declarations."""

from __future__ import annotations

import itertools
import json
import uuid
from collections.abc import Mapping
from functools import singledispatch
from io import BytesIO
from typing import Any, NamedTuple

from PIL import Image

from homechart_common.models import fields, registry
from homechart_common.models.fields import Field
from homechart_common.models.model import Model, Owner
from homechart_common.models.permissions import Component
from homechart_common.postgresql.connection import Queryable
from homechart_common.security import hash_token

#: Every component at one level.
EDIT, VIEW, NONE = ({component.value: level for component in Component} for level in range(3))

_numbers = itertools.count(1)


class Session(NamedTuple):
    """A session, and the key that is shown only once."""

    id: str
    key: str

    @property
    def headers(self) -> dict[str, str]:
        """The credentials as the web client sends them."""
        return {"x-homechart-id": self.id, "x-homechart-key": self.key}


async def new_account(
    database: Queryable, *, name: str = "Ann", child: bool = False, time_zone: str = "UTC"
) -> str:
    """An account; its id."""
    return str(
        await database.fetch_value(
            "INSERT INTO auth_account (email_address, name, child, time_zone) VALUES"
            " (%(email)s, %(name)s, %(child)s, %(zone)s) RETURNING id",
            {"email": f"{uuid.uuid4().hex}@example.com", "name": name, "child": child, "zone": time_zone},
        )
    )


async def new_household(
    database: Queryable, *accounts: str, name: str = "Home", permissions: Mapping[str, int] | None = None
) -> str:
    """A household that these accounts are in, each with ``permissions`` (all, unless given); its id."""
    household = str(
        await database.fetch_value(
            "INSERT INTO auth_household (name, subscription_referral_code) VALUES (%(name)s, %(code)s)"
            " RETURNING id",
            {"name": name, "code": uuid.uuid4().hex[:14]},
        )
    )
    for account in accounts:
        await join(database, household, account, permissions)
    return household


async def join(
    database: Queryable, household: str, account: str, permissions: Mapping[str, int] | None = None
) -> None:
    """Let an account into a household, or change what it may do there."""
    await database.execute(
        "INSERT INTO auth_account_auth_household (auth_household_id, auth_account_id, permissions) VALUES"
        " (%(household)s, %(account)s, %(permissions)s)"
        " ON CONFLICT (auth_account_id, auth_household_id) DO UPDATE SET permissions = excluded.permissions",
        {"household": household, "account": account, "permissions": json.dumps(permissions or {})},
    )


async def leave(database: Queryable, household: str, account: str) -> None:
    """Take an account out of a household."""
    await database.execute(
        "DELETE FROM auth_account_auth_household"
        " WHERE auth_household_id = %(household)s AND auth_account_id = %(account)s",
        {"household": household, "account": account},
    )


async def new_session(
    database: Queryable,
    account: str,
    permissions: Mapping[str, int] | None = None,
    households: Mapping[str, Mapping[str, int]] | None = None,
    *,
    admin: bool = False,
    seconds: float = 3600,
) -> Session:
    """A session of an account, lowered to ``permissions`` for its own objects and to those of each household.

    It lasts ``seconds`` from now, which may be negative.
    """
    key = str(uuid.uuid4())
    session = await database.fetch_value(
        "INSERT INTO auth_session (auth_account_id, key_hash, permissions_account, permissions_households,"
        " admin, expires) VALUES (%(account)s, %(hash)s, %(own)s, %(lowered)s, %(admin)s,"
        " now() + %(seconds)s * interval '1 second') RETURNING id",
        {
            "account": account,
            "hash": hash_token(key),
            "own": json.dumps(permissions or {}),
            "lowered": json.dumps(
                [
                    {"authHouseholdID": household, "permissions": dict(levels)}
                    for household, levels in (households or {}).items()
                ]
            ),
            "admin": admin,
            "seconds": seconds,
        },
    )
    return Session(str(session), key)


def body_for(model: type[Model], write: str = "C", **members: Any) -> dict[str, Any]:
    """A body that says something of every member a client may write on create (``C``) or update (``U``).

    No two bodies are alike, references are null, and there is no owner; ``members`` are added, or replace
    what is there. An object that cannot be without another one needs that one's id in ``members``.
    """
    body = {
        field.json: example(field)
        for column, field in model.fields.items()
        if write in field.write and column not in ("id", "auth_account_id", "auth_household_id")
        if write == "C" or not (isinstance(field, fields.Reference) and field.must_be_given)
    }
    return {**body, **_UNLESS_ASKED.get(model.__name__, {}), **members}


#: Members that exclude others, or would change what the object is.
_UNLESS_ASKED: Mapping[str, Mapping[str, Any]] = {
    "Bookmark": {"iconLink": ""},
    "PlanTask": {"template": False, "assignees": []},
}


#: The member by which tests tell objects apart, where it is not ``name``. Without it they are not complete.
_NAMED_BY: Mapping[str, str] = {"CookMealPlan": "customRecipe"}


def named_by(model: type[Model]) -> str:
    """The member that says what an object is called."""
    return _NAMED_BY.get(model.__name__, "name")


def parent_reference(model: type[Model]) -> fields.Reference | None:
    """The reference without which an object cannot be."""
    belongs = model.owner is Owner.PARENT
    needed = (r for r in model.references() if r.must_be_given or (belongs and r.inherits))
    return next(needed, None)


def target_of(reference: fields.Reference) -> type[Model]:
    """The kind of object that a reference names."""
    target = registry.for_table(reference.target)
    assert target is not None
    return target


@singledispatch
def example(field: Field) -> Any:
    """A value of a kind of field that is not its zero value, another one each time where that matters."""
    raise NotImplementedError(type(field))


@example.register
def _(field: fields.Text) -> str:
    return f"{field.json} {next(_numbers)}"[: field.max]


@example.register
def _(field: fields.Position) -> str:
    return f"{next(_numbers)}:a"


@example.register
def _(field: fields.TimeZone) -> str:
    return "Europe/Lisbon"


@example.register
def _(field: fields.Email) -> str:
    return f"{uuid.uuid4().hex}@example.com"


@example.register
def _(field: fields.Bool) -> bool:
    return True


@example.register
def _(field: fields.Int) -> int:
    return min(field.max, 7)


@example.register
def _(field: fields.UUID) -> str:
    return str(uuid.uuid4())


@example.register
def _(field: fields.Reference) -> str | None:
    return str(uuid.uuid4()) if field.must_be_given else None


@example.register
def _(field: fields.Image) -> str:
    """Of another size each time."""
    jpeg = BytesIO()
    Image.new("RGB", (1 + next(_numbers) % 300, 1), "orange").save(jpeg, "JPEG")
    return fields.data_uri(jpeg.getvalue())


@example.register
def _(field: fields.Timestamp) -> str:
    return "2026-11-23T18:14:05.123456Z"


@example.register
def _(field: fields.Date) -> str:
    return "2026-11-24"


@example.register
def _(field: fields.Time) -> str:
    return "18:30"


@example.register
def _(field: fields.Strings) -> list[str]:
    return ["one", "two"]


@example.register
def _(field: fields.Recurrence) -> dict[str, Any]:
    return {"day": 15, "month": 0, "monthWeek": 0, "separation": 2, "weekday": 0, "weekdays": None}


@example.register
def _(field: fields.Object) -> dict[str, Any]:
    return {member.json: example(member) for member in field.members.values()}


@example.register
def _(field: fields.Objects) -> list[dict[str, Any]]:
    return [example(field.member)]
