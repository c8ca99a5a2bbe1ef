"""A household with something of every kind, and what its people see of it: for tests that take it elsewhere."""

from __future__ import annotations

import gzip
import itertools
import json
import re
from dataclasses import dataclass, replace
from typing import Any

from homechart_common.models import registry
from homechart_common.models.model import Model, Owner
from homechart_common.postgresql.database import Database
from homechart_common.security import hash_password
from tests.budget import Books
from tests.callers import Answer, Caller, Client
from tests.catalogue import FORMS
from tests.factories import join, new_account, new_household, new_session, target_of

PASSWORD = "correct-horse-9"
LISTED = [model for model in registry if "list" in model.routes]
_CREATED = [model for model in registry if "create" in model.routes]
_UUID = re.compile(FORMS["uuid"])
#: Members that are lists of accounts.
_PEOPLE = ("assignees", "participants", "recipients", "senders")
_TABLES = """
SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'
"""


@dataclass(frozen=True)
class Family:
    """A household, the people whose home it is, and a member who lives elsewhere."""

    household: str
    elsewhere: str
    ann: Caller
    bob: Caller
    kid: Caller
    gus: Caller
    #: The addresses of those who can sign in.
    addresses: dict[str, str]

    @property
    def at_home(self) -> tuple[Caller, ...]:
        """Those whose home it is."""
        return self.ann, self.bob, self.kid


async def new_family(database: Database, client: Client) -> Family:
    """People with a household that is empty so far."""
    accounts, addresses = {}, {}
    for name in ("ann", "bob", "kid", "gus"):
        accounts[name] = await new_account(
            database, name=name.title(), child=name == "kid", time_zone="Europe/Lisbon"
        )
        addresses[name] = await database.fetch_value(
            "UPDATE auth_account SET password_hash = %(hash)s, public_key = 'rsa2048$key' WHERE id = %(id)s"
            " RETURNING email_address",
            {"id": accounts[name], "hash": "" if name == "kid" else await hash_password(PASSWORD)},
        )
    elsewhere = await new_household(database, accounts["gus"], name="Elsewhere")
    household = await new_household(
        database, accounts["ann"], accounts["bob"], accounts["kid"], name="Our home!"
    )
    await join(database, household, accounts["gus"], {"budget": 1})
    callers = {
        name: Caller(client, account, (await new_session(database, account)).headers)
        for name, account in accounts.items()
    }
    return Family(household, elsewhere, addresses=addresses, **callers)


#: What was long ago, and follows from nothing that is there any more.
_LONG_AGO = (
    "UPDATE inventory_item SET last_purchased = '2023-01-02' WHERE auth_household_id = %(household)s",
    "UPDATE cook_recipe SET cook_meal_plan_last = '2023-01-03' WHERE auth_household_id = %(household)s"
    " AND cook_meal_plan_count = 0",
    "UPDATE auth_account SET last_activity = '2023-01-04', daily_agenda_next = NULL WHERE id = %(ann)s",
    "UPDATE plan_task SET notified = true WHERE owner_id = %(ann)s",
    "INSERT INTO auth_identity (auth_account_id, issuer, subject, email_address)"
    " VALUES (%(ann)s, 'https://id.house.test', gen_random_uuid()::text, 'ann@id.house.test')",
)


async def furnish(database: Database, family: Family) -> None:
    """Make something of every kind, for the household and for Ann, that names all it can; and change it."""
    for model in _CREATED:
        for owner in _owners(family, model):
            first = await family.ann.make(model, **owner, **await _inside(family, model, owner))
            body = await _full_body(family, model, first, owner)
            second = (await family.ann.create(model, body)).value
            if "update" in model.routes:
                changed = {key: value for key, value in second.items() if key not in ("id", *owner)}
                if "name" in changed:
                    changed["name"] = f"{changed['name']} again"
                await family.ann.update(model, second["id"], changed)
    await _keep_books(family)
    await _collapse(family)
    await _feel_ill(family)
    for statement in _LONG_AGO:
        await database.execute(statement, {"household": family.household, "ann": family.ann.account})


def _owners(family: Family, model: type[Model]) -> list[dict[str, str]]:
    match model.owner:
        case Owner.HOUSEHOLD:
            return [{"authHouseholdID": family.household}]
        case Owner.ACCOUNT:
            return [{"authAccountID": family.ann.account}, {"authAccountID": family.kid.account}]
    return [{"authHouseholdID": family.household}, {"authAccountID": family.ann.account}]


async def _inside(family: Family, model: type[Model], owner: dict[str, str]) -> dict[str, str]:
    """What an object of another kind can be in, so that what is below it is in that, too."""
    targets = {
        reference.json: target_of(reference)
        for reference in model.references()
        if reference.inherits and not reference.must_be_given and reference.target != model.table
    }
    return {name: (await family.ann.make(target, **owner))["id"] for name, target in targets.items()}


async def _full_body(family: Family, model: type[Model], first: dict[str, Any], owner: dict[str, str]) -> Any:
    """A body that names another object wherever it can, and people wherever there are some."""
    body = await family.ann.body(model, **owner)
    for reference in model.references():
        if reference.json in body and body[reference.json] is None and registry.for_table(reference.target):
            target = target_of(reference)
            if target is model:
                body[reference.json] = first["id"]
            elif target.owner is Owner.HOUSEHOLD:
                made = await family.ann.make(target, authHouseholdID=family.household)
                body[reference.json] = made["id"]
            elif not reference.inherits or first[reference.json] is None:
                body[reference.json] = (await family.ann.make(target, **owner))["id"]
    for name in _PEOPLE:
        if name in body and "authHouseholdID" in owner:
            body[name] = [family.ann.account, family.kid.account, family.gus.account]
    # what is cooked by a recipe has no other name
    return {**body, "customRecipe": ""} if body.get("cookRecipeID") and "customRecipe" in body else body


async def _keep_books(family: Family) -> None:
    books = Books(family.ann, family.household)
    await books.account("Giro", budget=True)
    await books.account("Purse", budget=True)
    await books.category("Pay", income=True)
    await books.category("Food")
    await books.allocate("Food", 5000)
    await books.post({"Giro": 100000}, {"Pay": 100000}, budgetPayeeName="Work", status=2, date="2023-11-02")
    await books.post({"Giro": -2100}, {"Food": -2100}, budgetPayeeName="Baker", status=1, date="2023-11-03")
    await books.post({"Giro": -500, "Purse": 500}, {}, date="2023-12-24", amount=0, note="Cash")
    await books.allocate("Food", 7000, month=202312)


async def _feel_ill(family: Family) -> None:
    """What Ann takes in and what she feels meet, so that they name each other."""
    item, log = registry["HealthItem"], registry["HealthLog"]
    for output in (False, True):
        logged = await family.ann.make(item, name=f"Output {output}", output=output)
        await family.ann.make(log, healthItemID=logged["id"], date="2026-11-24")


async def _collapse(family: Family) -> None:
    """Ann's account names what she has collapsed, and the household where she wants no reminders."""
    task, page = registry["PlanTask"], registry["NotesPage"]
    body = {
        "collapsedPlanTasks": [(await family.ann.list(task)).values[0]["id"]],
        "collapsedNotesPages": [(await family.ann.list(page)).values[0]["id"]],
        "preferences": {"notificationsHouseholds": [{"authHouseholdID": family.household}]},
    }
    await family.ann.call("PUT", f"/auth/accounts/{family.ann.account}", body)
    await family.ann.call("PUT", "/icalendar")


async def everything(caller: Caller) -> dict[str, list[Any]]:
    """All that somebody sees, by the address of the list."""
    seen = {model.path: (await caller.list(model)).values for model in LISTED}
    for path in ("/auth/households", "/auth/accounts", "/auth/sessions"):
        seen[path] = (await caller.call("GET", path)).values
    for kind in ("accounts", "categories", "payees"):
        for made in seen[f"/budget/{kind}"]:
            path = f"/budget/{kind}/{made['id']}/transactions"
            seen[f"/budget/{kind}/{made['name']}"] = (await caller.call("GET", path)).values
    for household in seen["/auth/households"]:
        for month in (202311, 202312):
            path = f"/budget/months/{household['id']}/{month}"
            seen[f"/budget/months/{household['name']}/{month}"] = (await caller.call("GET", path)).values
    return seen


def without_ids(seen: Any) -> Any:
    """The same with each id replaced by when it first came, in an order that does not depend on ids."""
    numbers = itertools.count()
    known: dict[str, str] = {}

    def number(found: re.Match[str]) -> str:
        return known.setdefault(found[0], f"<{next(numbers)}>")

    def blank(value: Any) -> list[str]:
        """What it says, in an order that does not depend on ids, which may be names of members, too."""
        return sorted(re.split(r"[][{},\s]+", _UUID.sub("<id>", json.dumps(value))))

    ordered = {key: sorted(values, key=blank) for key, values in sorted(seen.items())}
    for values in ordered.values():
        for value in values:
            if isinstance(value.get("budgetMonthCategories"), list):
                value["budgetMonthCategories"].sort(key=blank)
    # what something is called by comes before those that name it, as they may be in the order of the names
    for value in (value for values in ordered.values() for value in values if "id" in value):
        _UUID.sub(number, value["id"])
    return json.loads(_UUID.sub(number, json.dumps(ordered, sort_keys=True)))


async def exported(caller: Caller, household: str) -> bytes:
    """The archive of a household."""
    answer = await caller.call("GET", f"/auth/households/{household}/export")
    assert answer.status == 200, answer
    return answer.content


def opened(archive: bytes) -> dict[str, Any]:
    """What an archive holds."""
    document: dict[str, Any] = json.loads(gzip.decompress(archive))
    return document


def closed(document: dict[str, Any]) -> bytes:
    """An archive that holds something else."""
    lists = [name for name in document if isinstance(document[name], list)]
    start = json.dumps(
        {name: document[name] for name in document if name not in lists}, separators=(",", ":")
    )
    text = start.removesuffix("}") + ","
    for name in lists:
        rows = ",".join(f"\n{json.dumps(row)}" for row in document[name])
        text += f'\n"{name}":[{rows}\n],'
    return gzip.compress((text.removesuffix(",") + "}\n").encode())


async def somebody_new(database: Database, client: Client, **members: Any) -> tuple[Caller, str]:
    """Somebody who has just signed up and made a household to import into."""
    account = await new_account(database, **members)
    household = await new_household(database, account, name="New")
    return Caller(client, account, (await new_session(database, account)).headers), household


def moved(family: Family, client: Client) -> list[Caller]:
    """The people whose home it is, with the sessions they have, on another server."""
    return [replace(caller, client=client) for caller in family.at_home]


async def bring(database: Database, client: Client, archive: bytes) -> tuple[Caller, str]:
    """Import an archive, by somebody new; who that is, and the household that they made for it."""
    caller, household = await somebody_new(database, client)
    answer = await caller.call("POST", f"/auth/households/{household}/import", archive)
    assert (answer.status, answer.content) == (200, b""), answer
    return caller, household


async def stored(database: Database) -> str:
    """Everything in a database, as text."""
    texts = []
    for (table,) in await database.fetch(_TABLES):
        texts += [row for (row,) in await database.fetch(f"SELECT to_jsonb(t)::text FROM {table} t")]
    return "\n".join(texts)


async def new_home(database: Database, client: Client, *, child: bool = False) -> tuple[Caller, str]:
    """Somebody with a household, perhaps with a child, and a page for each of them; and the household's id."""
    caller, household = await somebody_new(database, client, name="Ann")
    if child:
        body = {"child": True, "name": "Kid"}
        assert (await caller.call("POST", f"/auth/households/{household}/invites", body)).status == 200
    await caller.make(registry["NotesPage"], authHouseholdID=household)
    await caller.make(registry["NotesPage"], authAccountID=caller.account)
    return caller, household


async def import_(caller: Caller, household: str, archive: bytes) -> Answer:
    """Bring an archive into a household."""
    return await caller.call("POST", f"/auth/households/{household}/import", archive)


async def address_of(database: Database, account: str) -> str:
    """The address of an account."""
    return str(
        await database.fetch_value(
            "SELECT email_address FROM auth_account WHERE id = %(id)s", {"id": account}
        )
    )
