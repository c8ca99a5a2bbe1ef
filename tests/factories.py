"""What tests start from: people with sessions in SQL, and bodies of objects made from their declarations."""

from __future__ import annotations

import itertools
import json
import uuid
from collections.abc import Mapping
from datetime import date, timedelta
from functools import singledispatch
from io import BytesIO
from typing import Any, NamedTuple

from PIL import Image

from homechart_common.models import fields, registry
from homechart_common.models.budget_recurrence import Template
from homechart_common.models.encrypted import Encrypted, EncryptedTexts
from homechart_common.models.fields import Field
from homechart_common.models.model import Model
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
    database: Queryable,
    *,
    name: str = "Ann",
    email_address: str = "",
    verified: bool = False,
    child: bool = False,
    language: str = "en",
    time_zone: str = "UTC",
    preferences: Mapping[str, Any] | None = None,
) -> str:
    """An account, at an address that never gets mail unless one is given; its id."""
    row = {
        "name": name,
        "email_address": email_address or f"{uuid.uuid4().hex}@example.com",
        "verified": verified,
        "child": child,
        "iso_639_code": language,
        "time_zone": time_zone,
        "preferences": json.dumps(preferences or {}),
    }
    columns, values = ", ".join(row), ", ".join(f"%({column})s" for column in row)
    return str(
        await database.fetch_value(
            f"INSERT INTO auth_account ({columns}) VALUES ({values}) RETURNING id", row
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


async def new_passkey(database: Queryable, account: str, name: str = "Phone") -> str:
    """A passkey of an account that nobody can sign in with; its id."""
    made: str = await database.fetch_value(
        "INSERT INTO auth_passkey (auth_account_id, credential_id, public_key, host, name)"
        " VALUES (%(account)s, sha256(gen_random_uuid()::text::bytea), 'key', 'localhost', %(name)s) RETURNING id::text",
        {"account": account, "name": name},
    )
    return made


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


def body_for(model: type[Model], write: str = "C", *, by: str = "", **members: Any) -> dict[str, Any]:
    """A body that says something of every member a client may write on create (``C``) or update (``U``).

    No two bodies are alike, references are null, and there is no owner; ``members`` are added, or replace
    what is there. What an object cannot be without is not in it: that one's id has to be in ``members``. Some
    objects name whoever writes them: the account ``by``.
    """
    needed = needed_references(model)
    body = {
        field.json: example(field)
        for column, field in model.fields.items()
        if write in field.write and column not in ("id", "auth_account_id", "auth_household_id")
        if field not in needed
    }
    return {**body, **_unless_asked(model, by), **members}


def _unless_asked(model: type[Model], by: str) -> Mapping[str, Any]:
    """Members that exclude others, would change what the object is, or keep ``by`` from handling it."""
    match model.__name__:
        case "Bookmark":
            return {"iconLink": ""}
        case "BudgetCategory":
            return {"income": False}
        case "CalendarICalendar":
            return {"url": "", "ics": ""}
        case "PlanTask":
            return {"template": False, "assignees": []}
        case "RewardCard":
            return {"senders": [by], "recipients": []}
        case "SecretsVault":
            return {"keys": [vault_key(by)]}
    return {}


def vault_key(account: str) -> dict[str, str]:
    """The key of a vault, for an account."""
    return {"authAccountID": account, "key": f"rsa2048$key {next(_numbers)}"}


def needed_references(model: type[Model]) -> list[fields.Reference]:
    """The references without which an object cannot be."""
    return [reference for reference in model.references() if reference.must_be_given]


def what_it_needs(model: type[Model], value: Mapping[str, Any]) -> dict[str, Any]:
    """The references without which an object cannot be, as another object has them."""
    return {reference.json: value[reference.json] for reference in needed_references(model)}


def named_by(model: type[Model]) -> str:
    """The member that says what an object is called, if there is one for texts; never to be cleared."""
    return {"CookMealPlan": "customRecipe"}.get(model.__name__, "name")


def change_to(model: type[Model]) -> dict[str, Any]:
    """A body that changes one member of an object: its name, if it has one."""
    body = body_for(model, "U")
    name = named_by(model) if named_by(model) in body else next(iter(body))
    return {name: body[name]}


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
def _(field: fields.YearMonth) -> int:
    return 202611


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
    return (date(2026, 1, 1) + timedelta(days=next(_numbers) % 365)).isoformat()


@example.register
def _(field: fields.Time) -> str:
    return "18:30"


@example.register
def _(field: fields.Strings) -> list[str]:
    return ["one", "two"]


@example.register
def _(field: fields.Dates) -> list[str]:
    return ["2027-03-15", "2027-05-15"]


@example.register
def _(field: Template) -> dict[str, Any]:
    """A purchase, with amounts that add up."""
    account = {"budgetAccountID": str(uuid.uuid4()), "amount": -7, "status": 1}
    category = {"budgetCategoryID": str(uuid.uuid4()), "amount": -7, "yearMonth": 202611}
    return {
        "accounts": [account],
        "amount": -7,
        "budgetPayeeID": str(uuid.uuid4()),
        "categories": [category],
        "date": "2026-11-24",
        "keep": True,
        "note": "Rent",
    }


@example.register
def _(field: fields.Recurrence) -> dict[str, Any]:
    return {
        "day": 15,
        "month": 0,
        "monthWeek": 0,
        "separation": 1 + next(_numbers) % 99,
        "weekday": 0,
        "weekdays": None,
    }


@example.register
def _(field: Encrypted) -> str:
    return f"{field.methods[0]}$text {next(_numbers)}"


@example.register
def _(field: EncryptedTexts) -> list[str]:
    return [example(field.member), example(field.member)]


@example.register
def _(field: fields.Map) -> dict[str, Any]:
    return {"one": example(field.kind), "two": example(field.kind)}


@example.register
def _(field: fields.Object) -> dict[str, Any]:
    return {member.json: example(member) for member in field.members.values()}


@example.register
def _(field: fields.Objects) -> list[dict[str, Any]]:
    return [example(field.member)]
