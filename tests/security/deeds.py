"""What somebody can try to do with an object that is not theirs, and what comes of it, named as in the rules."""

from __future__ import annotations

import uuid
from typing import Any

from homechart_common.models.model import Model, Owner
from tests.callers import Answer, Caller
from tests.factories import body_for, what_it_needs
from tests.security.everybody import Everybody, Person
from tests.security.rules import DONE, NOT_THERE, THEIR_OWN

Value = dict[str, Any]


class Attempt:
    """An object of Ann's household or of her own, at which everybody in turn tries a deed."""

    def __init__(self, everybody: Everybody, model: type[Model], side: str) -> None:
        self.model = model
        self.side = side
        self.ann = everybody.cast.ann
        self.owner = {"authAccountID": self.ann.account}
        if side == "household":
            cast = everybody.cast
            child = {"authAccountID": cast.kid.account}
            self.owner = child if model.owner is Owner.ACCOUNT else {"authHouseholdID": cast.home}

    async def make(self, caller: Caller | None = None, **members: Any) -> Value:
        """An object of that owner, or one of the caller's own."""
        if caller is None:
            return await self.ann.make(self.model, **self.owner, **members)
        return await caller.make(self.model, **members)

    async def list(self, person: Person, value: Value) -> str:
        answer = await person.caller.list(self.model)
        if answer.status != 200:
            return named(answer)
        return DONE if value in answer.values else NOT_THERE

    async def read(self, person: Person, value: Value) -> str:
        answer = await person.caller.read(self.model, value["id"])
        assert answer.status != 200 or answer.value == value
        return named(answer)

    async def create(self, person: Person, value: Value) -> str:
        """Another object beside one that is there."""
        answer = await person.caller.create(self.model, self.body_beside(person, value))
        if answer.status != 200:
            return named(answer)
        read = await self.ann.read(self.model, answer.value["id"])
        came = DONE if read.status == 200 and read.value == answer.value else THEIR_OWN
        await person.caller.delete(self.model, answer.value["id"])
        return came

    async def update(self, person: Person, value: Value) -> str:
        body = body_for(self.model, "U", by=person.caller.account, **what_it_needs(self.model, value))
        return named(await person.caller.update(self.model, value["id"], body))

    async def delete(self, person: Person, value: Value) -> str:
        answer = await person.caller.delete(self.model, value["id"])
        assert answer.status != 200 or answer.value == value
        return named(answer)

    async def take(self, person: Person, value: Value) -> str:
        """Make it one's own."""
        own = {"authAccountID": person.caller.account or str(uuid.uuid4()), "authHouseholdID": None}
        return named(await person.caller.update(self.model, value["id"], own))

    async def give(self, person: Person, value: Value) -> str:
        """Put an object of one's own beside it."""
        giver = self.ann if person.is_ann or not person.signed_in else person.caller
        own = await self.make(giver)
        await person.arrive()
        there = {"authAccountID": None, "authHouseholdID": None, **self.owner}
        given = await person.caller.update(self.model, own["id"], there)
        read = await self.ann.read(self.model, own["id"])
        assert read.status == 200 if given.status == 200 or giver is self.ann else read.status == 400
        await (self.ann if given.status == 200 else giver).delete(self.model, own["id"])
        return named(given)

    async def claim(self, person: Person, value: Value) -> str:
        """Create an object of one's own with the id of that one."""
        body = body_for(self.model, by=person.caller.account, id=value["id"])
        answer = await person.caller.create(self.model, body)
        if answer.status != 200 or answer.value == value:
            return named(answer)
        await person.caller.delete(self.model, answer.value["id"])
        return THEIR_OWN

    def body_beside(self, person: Person, value: Value) -> Value:
        """A body for an object of the same owner, in what that one is in."""
        needed = what_it_needs(self.model, value)
        return body_for(self.model, by=person.caller.account, **self.owner, **needed)


def named(answer: Answer) -> str:
    """An answer as the rules name it."""
    if answer.status in (200, 204, 403, 410):
        return str(answer.status)
    problem = answer.message.rpartition(": ")[2]
    return f"{answer.status} {problem.removesuffix(' that can be referred to here')}"
