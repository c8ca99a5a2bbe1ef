"""Who lives through a history: people with different permissions in two households, and a stranger."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any, NamedTuple

from homechart_common.models.permissions import EVERYBODY
from homechart_common.postgresql.connection import Queryable
from tests.callers import Caller
from tests.factories import VIEW, new_account, new_household, new_session


class Owner(NamedTuple):
    """Whose something is, in the columns that say so."""

    account: str | None = None
    household: str | None = None

    @property
    def id(self) -> str:
        """The account or the household."""
        return self.household or self.account or EVERYBODY


@dataclass(frozen=True)
class People:
    """Accounts and households."""

    home: str
    cottage: str
    #: Owns both households, with everything allowed.
    ann: str
    #: Is in the first one.
    bob: str
    #: May view the first one.
    vic: str
    #: May do something else in both again and again.
    pam: str
    #: Leaves the first one and joins it again, and views the second one.
    lee: str
    #: Is in neither.
    cat: str

    @property
    def followers(self) -> dict[str, str]:
        """Whose eyes the followers look through."""
        return {"ann": self.ann, "vic": self.vic, "pam": self.pam, "lee": self.lee}

    @property
    def households(self) -> list[Owner]:
        """As owners."""
        return [Owner(household=household) for household in (self.home, self.cottage)]

    @property
    def owners(self) -> list[Owner]:
        """Whose things are written, the households' more often."""
        personal = [Owner(account) for account in (self.ann, self.bob, self.pam, self.lee, self.cat)]
        return [*personal, *self.households, *self.households]

    def owner(self, chance: random.Random) -> Owner:
        """One of them."""
        return chance.choice(self.owners)


async def settle(database: Queryable) -> People:
    """New ones."""
    names = ("ann", "bob", "vic", "pam", "lee", "cat")
    accounts = {name: await new_account(database, name=name) for name in names}
    ann, bob, vic, pam, lee, cat = accounts.values()
    home = await new_household(database, ann, bob, pam, lee)
    cottage = await new_household(database, ann, pam)
    await new_household(database, cat, name="Elsewhere")
    for household, account in ((home, vic), (cottage, lee)):
        await database.execute(
            "INSERT INTO auth_account_auth_household (auth_household_id, auth_account_id, permissions)"
            " VALUES (%(household)s, %(account)s, %(view)s)",
            {"household": household, "account": account, "view": str(VIEW).replace("'", '"')},
        )
    return People(home, cottage, **accounts)


async def signed_in(database: Queryable, client: Any, account: str) -> Caller:
    """Somebody with a session of their own."""
    return Caller(client, account, (await new_session(database, account)).headers)
