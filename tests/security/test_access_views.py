"""What everybody gets to know of an object in all the ways there are to look, while it comes, moves and goes."""

from __future__ import annotations

import uuid
from contextlib import AsyncExitStack

import pytest

from homechart_common.models.model import Model
from homechart_common.postgresql.database import Database
from tests.security import rules
from tests.security.deeds import Attempt
from tests.security.everybody import Everybody, Person
from tests.security.test_access_objects import MADE, MOVED, marked, sides_of
from tests.security.watches import Watch
from tests.sync.streams import NAMELESS

#: By way to look: the people who are shown something.
Shown = dict[str, set[str]]


def each(*models: type[Model]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        ("model", "side"),
        [
            pytest.param(model, side, id=f"{model.__name__}-{side}")
            for model in models
            for side in sides_of(model)
        ],
    )


async def watching(
    database: Database, everybody: Everybody, model: type[Model], listening: AsyncExitStack
) -> list[Watch]:
    """Everybody who can look at all, with a stream from before they lost what they lost."""
    watches = [Watch(person, model) for person in everybody.who_ask_for(model.component) if person.signed_in]
    for watch in watches:
        await watch.person.arrive()
        await listening.enter_async_context(watch.listening(database))
        await watch.person.arrive()
        await watch.begin()
    return watches


async def who_sees(watches: list[Watch], *secrets: str) -> Shown:
    """Who is shown any of the texts."""
    shown: Shown = {}
    for watch in watches:
        for way, text in (await watch.look()).items():
            people = shown.setdefault(way, set())
            if any(secret in text for secret in secrets):
                people.add(watch.person.name)
    return shown


def who_may(watches: list[Watch], model: type[Model], side: str) -> Shown:
    """Who must be shown an object, everywhere; in the change log if it has the name of a household's."""
    people = {watch.person.name for watch in watches if rules.level(watch.person, model, side) <= rules.VIEW}
    readers = {watch.person.name for watch in watches if reads_changes(watch.person)}
    named = model.label is not None and model.fields[model.label].wire
    logged = people & readers if side == "household" and named else set()
    ways = ("list", "list since", "list since token", "index", "sync", "sync since")
    return {**dict.fromkeys(ways, people), "changes": logged}


def reads_changes(person: Person) -> bool:
    return person.home is not None and person.home["auth"] <= rules.VIEW


@each(*MADE)
async def test_only_who_may_see_an_object_ever_hears_of_it(
    database: Database, everybody: Everybody, model: type[Model], side: str
) -> None:
    attempt, secret = Attempt(everybody, model, side), uuid.uuid4().hex
    async with AsyncExitStack() as listening:
        watches = await watching(database, everybody, model, listening)
        value = await attempt.make(**marked(model, secret))
        seen, may = await who_sees(watches, secret, value["id"]), who_may(watches, model, side)
        await attempt.ann.delete(model, value["id"])
        gone = await who_sees(watches, value["id"])
    assert seen == may
    # That it is gone is told to those who could have seen it.
    assert gone["sync since"] == may["list"]
    assert not any(people for way, people in gone.items() if way not in ("sync since", "changes"))
    told = set() if model.table in NAMELESS else may["list"]
    assert {watch.person.name for watch in watches if watch.events_of(value["id"])} == told


@each(*(model for model in MADE if model.owner in MOVED and "update" in model.routes))
async def test_what_is_moved_away_is_gone_for_who_may_not_see_it_there(
    database: Database, everybody: Everybody, model: type[Model], side: str
) -> None:
    (there,) = set(rules.SIDES) - {side}
    attempt, target = Attempt(everybody, model, side), Attempt(everybody, model, there)
    async with AsyncExitStack() as listening:
        value = await attempt.make()
        watches = await watching(database, everybody, model, listening)
        secret = uuid.uuid4().hex
        owner = {"authAccountID": None, "authHouseholdID": None, **target.owner}
        moved = (await attempt.ann.update(model, value["id"], {**marked(model, secret), **owner})).value
        seen, may = await who_sees(watches, secret, moved["updated"]), who_may(watches, model, there)
        await attempt.ann.delete(model, value["id"])
    assert seen == may
    heard = {w.person.name for w in watches if moved["updated"] in dict(w.events_of(value["id"])).values()}
    assert heard == may["list"]
