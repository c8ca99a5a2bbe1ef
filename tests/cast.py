"""A household, who lives in it with which permissions, and strangers: who tests of access are played with."""

from __future__ import annotations

from dataclasses import dataclass

from homechart_common.models.model import Model, Owner
from homechart_common.postgresql.connection import Queryable
from tests.callers import Caller, Client
from tests.factories import NONE, VIEW, join, new_account, new_household, new_session


@dataclass(frozen=True)
class Cast:
    """Everybody has a session with all that their account may do."""

    #: A household with five members, and one that has nothing to do with it.
    home: str
    away: str
    #: May do everything in the household.
    ann: Caller
    bob: Caller
    #: The same, but a child.
    kid: Caller
    #: May view everything in the household.
    vic: Caller
    #: A member who may do nothing in the household.
    nel: Caller
    #: A stranger with a household of her own.
    cat: Caller
    #: Administers the server, and is a stranger to both households.
    root: Caller
    #: Without a session.
    nobody: Caller

    def witness(self, model: type[Model]) -> Caller:
        """Who sees what Ann makes for the household: another member, or she alone if it is not for sharing."""
        return self.ann if model.owner is Owner.ACCOUNT else self.bob


async def new_cast(database: Queryable, client: Client) -> Cast:
    """New people for one test."""
    names = ("ann", "bob", "kid", "vic", "nel", "cat", "root")
    accounts = {name: await new_account(database, name=name, child=name == "kid") for name in names}
    home = await new_household(database, accounts["ann"], accounts["bob"], accounts["kid"])
    await join(database, home, accounts["vic"], VIEW)
    await join(database, home, accounts["nel"], NONE)
    away = await new_household(database, accounts["cat"], name="Away")
    callers = {
        name: Caller(client, account, (await new_session(database, account, admin=name == "root")).headers)
        for name, account in accounts.items()
    }
    return Cast(home, away, nobody=Caller(client), **callers)
