"""Who writes a history: some in SQL, in transactions that are held open or undone, and some over HTTP."""

from __future__ import annotations

import asyncio
import random
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from homechart_common.errors import Conflict, InvalidInput, Unavailable
from homechart_common.models import registry
from homechart_common.models.model import Model
from homechart_common.models.model import Owner as Shape
from homechart_common.models.permissions import Component
from homechart_common.postgresql.database import Connection, Database
from tests.callers import Answer, Caller
from tests.factories import VIEW, body_for, join, leave, needed_references, new_session, target_of
from tests.sync.people import Owner, People
from tests.sync.servers import INTERRUPTIONS
from tests.sync.writes import EVERYWHERE, PERSONAL, SHARED, TEMPLATES

#: Of each kind a writer over HTTP keeps at most so many objects.
_MOST = 12
_WRITTEN = tuple(model for model in registry if "create" in model.routes)


class Writer(ABC):
    """Somebody who writes. ``done`` counts the objects that were written to, by what was done to them."""

    def __init__(self, people: People, chance: random.Random) -> None:
        self.people = people
        self.chance = chance
        self.done: Counter[str] = Counter()
        #: What was written and undone, or refused.
        self.undone = 0

    @abstractmethod
    async def write(self) -> None:
        """Write something."""

    async def write_on(self, over: asyncio.Event) -> None:
        """Write until it is over."""
        while not over.is_set():
            await self.write()


class SqlWriter(Writer):
    """Writes past the API, several things in a transaction. Some take their time, and some are undone."""

    def __init__(self, people: People, chance: random.Random, database: Database) -> None:
        super().__init__(people, chance)
        self.database = database

    async def write(self) -> None:
        done: Counter[str] = Counter()
        try:
            async with self.database.transaction() as transaction:
                for _ in range(self.chance.choice((1, 1, 2, 3, 5))):
                    await self.act(transaction, done)
                if self.chance.random() < 0.1:
                    await asyncio.sleep(self.chance.uniform(0, 0.05))
                if self.chance.random() < 0.1:
                    await transaction.rollback()
                    self.undone += done.total()
                    return
            self.done += done
        except (InvalidInput, Conflict):
            self.undone += done.total()
        except Unavailable:
            self.undone += done.total()
            await asyncio.sleep(0.05)

    async def act(self, transaction: Connection, done: Counter[str]) -> None:
        """One statement."""
        owner, to = self.people.owner(self.chance), self.people.owner(self.chance)
        choices = PERSONAL + EVERYWHERE if owner.account else PERSONAL + 3 * SHARED
        if self.chance.random() < 0.03:
            owner, choices = Owner(), TEMPLATES
        write = self.chance.choice(choices)
        count = self.chance.choice((1, 1, 2, 4, 8, 12))
        parameters = {
            "owner": owner.id,
            "account": owner.account,
            "household": owner.household,
            "to_account": to.account,
            "to_household": to.household,
            "count": count,
            "word": f"{self.chance.getrandbits(48):012x}",
        }
        written = await transaction.execute(write.sql, parameters)
        done[write.kind] += count if write.kind == "no-op" else written


class Landlord(SqlWriter):
    """Changes who is in which household and may do what there."""

    async def write(self) -> None:
        await super().write()
        await asyncio.sleep(self.chance.uniform(0.1, 0.4))

    async def act(self, transaction: Connection, done: Counter[str]) -> None:
        acts: tuple[Callable[[Connection], Awaitable[Any]], ...] = (
            self.send_away,
            self.let_in,
            self.allow,
            self.allow,
            self.lower,
            self.rename,
            self.sign_in_and_out,
            self.found_and_dissolve,
        )
        act = self.chance.choice(acts)
        await act(transaction)
        done[act.__name__] += 1

    async def send_away(self, transaction: Connection) -> None:
        await leave(transaction, self.people.home, self.people.lee)

    async def let_in(self, transaction: Connection) -> None:
        await join(transaction, self.people.home, self.people.lee, self.chance.choice(({}, VIEW)))

    async def allow(self, transaction: Connection) -> None:
        household = self.chance.choice((self.people.home, self.people.cottage))
        await join(transaction, household, self.people.pam, self.levels(highest=1))

    async def lower(self, transaction: Connection) -> None:
        """What the sessions of a member may do, of what their membership grants."""
        levels = str(self.levels(highest=2)).replace("'", '"')
        await transaction.execute(
            "UPDATE auth_session SET permissions_households = jsonb_build_array(jsonb_build_object("
            "'authHouseholdID', %(household)s::text, 'permissions', %(levels)s::jsonb))"
            " WHERE auth_account_id = %(account)s",
            {"household": self.people.home, "levels": levels, "account": self.people.pam},
        )

    async def rename(self, transaction: Connection) -> None:
        table, named = self.chance.choice(
            (("auth_account", self.people.bob), ("auth_account", self.people.lee),
             ("auth_household", self.people.home), ("auth_household", self.people.cottage))
        )  # fmt: skip
        name = f"{self.chance.getrandbits(32):08x}"
        await transaction.execute(
            f"UPDATE {table} SET name = %(name)s WHERE id = %(id)s", {"name": name, "id": named}
        )

    async def sign_in_and_out(self, transaction: Connection) -> None:
        session = await new_session(transaction, self.people.ann)
        await transaction.execute("DELETE FROM auth_session WHERE id = %(id)s", {"id": session.id})

    async def found_and_dissolve(self, transaction: Connection) -> None:
        """A household with something in it, which some see come and others see go."""
        name = "Short-lived"
        await transaction.execute("DELETE FROM auth_household WHERE name = %(name)s", {"name": name})
        household = await transaction.fetch_value(
            "INSERT INTO auth_household (name, subscription_referral_code)"
            " VALUES (%(name)s, md5(%(code)s)) RETURNING id",
            {"name": name, "code": f"{self.chance.getrandbits(64)}"},
        )
        for account in (self.people.ann, self.people.pam):
            await join(transaction, household, account, {})
        await transaction.execute(
            "INSERT INTO plan_task (auth_household_id, short_id, name, position)"
            " SELECT %(household)s, 'short', 'Task ' || n, '' FROM generate_series(1, 5) n",
            {"household": household},
        )

    def levels(self, highest: int) -> dict[str, int]:
        """Permissions, some of them none; everybody sees who is in a household unless ``highest`` is 2."""
        levels = {part.value: self.chance.choice((0, 0, 1, 2)) for part in Component}
        return {**levels, "auth": self.chance.randint(0, highest)}


class ApiWriter(Writer):
    """Writes over HTTP, a few things at the same time."""

    def __init__(self, people: People, chance: random.Random, caller: Caller) -> None:
        super().__init__(people, chance)
        self.caller = caller
        self._made: dict[str, list[str]] = {model.__name__: [] for model in _WRITTEN}

    async def write(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(4):
                tasks.create_task(self.act())

    async def act(self) -> None:
        """One request."""
        model = self.chance.choice(_WRITTEN)
        made = self._made[model.__name__]
        if len(made) < 3 or self.chance.random() < 0.25:
            await self.create(model)
            return
        object_id = self.chance.choice(made)
        kind = self.chance.choice(("update", "update", "update", "no-op", "move", "delete"))
        if kind == "delete" or len(made) > _MOST or "update" not in model.routes:
            made.remove(object_id)
            await self.send("delete", self.caller.delete(model, object_id))
        elif kind == "move":
            owner = {"authAccountID": self.caller.account, "authHouseholdID": None}
            if self.chance.random() < 0.6:
                owner = {"authAccountID": None, "authHouseholdID": self.a_household()}
            await self.send(kind, self.caller.update(model, object_id, owner))
        elif kind == "no-op":
            await self.send(kind, self.caller.update(model, object_id, {}))
        else:
            body = body_for(model, "U", by=self.caller.account)
            await self.send(kind, self.caller.update(model, object_id, body))

    def a_household(self) -> str:
        """One of the households; perhaps the caller is in it."""
        return self.chance.choice((self.people.home, self.people.cottage))

    async def create(self, model: type[Model]) -> None:
        """Make an object, in something that was made before if it must be."""
        members: dict[str, Any] = {}
        for needed in needed_references(model):
            if not (made := self._made[target_of(needed).__name__]):
                return
            members[needed.json] = self.chance.choice(made)
        shared = model.owner is Shape.HOUSEHOLD or self.chance.random() < 0.6
        if shared and model.owner not in (Shape.PARENT, Shape.ACCOUNT):
            members["authHouseholdID"] = self.a_household()
        answer = await self.send(
            "create", self.caller.create(model, body_for(model, by=self.caller.account, **members))
        )
        if answer is not None and answer.status == 200:
            self._made[model.__name__].append(answer.value["id"])

    async def send(self, kind: str, request: Awaitable[Answer]) -> Answer | None:
        """Count what is done; what is refused or gets no answer is not, though it may have been done."""
        try:
            answer = await request
        except INTERRUPTIONS:
            await asyncio.sleep(0.05)
            return None
        assert answer.status in (200, 204, 400, 403, 409, 503), answer
        if answer.status < 300:
            self.done[kind] += 1
        else:
            self.undone += 1
        return answer
