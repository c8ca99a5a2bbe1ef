"""What a session may do is kept in memory, and is never what held before a change that has been committed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from homechart_common.models import registry
from homechart_common.postgresql.database import Connection, Database
from tests.callers import Caller
from tests.cast import Cast
from tests.factories import body_for, leave, new_household, new_session

CATEGORY, TASK = registry["ShopCategory"], registry["PlanTask"]

Until = Callable[..., Awaitable[None]]
#: A change to what an account may do, in a transaction.
Act = Callable[[Connection], Awaitable[Any]]


@asynccontextmanager
async def made_meanwhile(caller: Caller, database: Database, until: Until, act: Act) -> AsyncIterator[Caller]:
    """A session that is made and used while a transaction acts, which is committed at the end of the block."""
    async with database.transaction() as acting, database.transaction() as signing_in:
        session = await new_session(signing_in, caller.account)
        acted = asyncio.ensure_future(act(acting))
        await until(lambda: _is_done_or_waits(acted, database))
        await signing_in.commit()
        await acted
        yield Caller(caller.client, caller.account, session.headers)


async def _is_done_or_waits(act: asyncio.Future[Any], database: Database) -> bool:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    return act.done() or bool(await database.fetch_value(waiting))


async def test_a_session_that_is_made_while_its_account_leaves_does_not_see_the_household(
    cast: Cast, database: Database, until: Until
) -> None:
    shared = await cast.ann.make(TASK, authHouseholdID=cast.home)

    def act(leaving: Connection) -> Awaitable[None]:
        return leave(leaving, cast.home, cast.bob.account)

    async with made_meanwhile(cast.bob, database, until, act) as bob:
        assert (await bob.list(TASK)).values == [shared], "the account is still in"
    assert (await bob.list(TASK)).values == []
    late = await bob.create(TASK, body_for(TASK, authHouseholdID=cast.home))
    assert late.status == 403


async def test_a_session_that_is_made_while_its_account_changes_is_of_the_changed_account(
    cast: Cast, database: Database, until: Until
) -> None:
    second = await new_household(database, cast.bob.account)

    def act(changing: Connection) -> Awaitable[int]:
        return changing.execute(
            "UPDATE auth_account SET primary_auth_household_id = %(household)s WHERE id = %(account)s",
            {"household": second, "account": cast.bob.account},
        )

    async with made_meanwhile(cast.bob, database, until, act) as bob:
        assert (await bob.make(CATEGORY))["authHouseholdID"] == cast.home
    assert (await bob.make(CATEGORY))["authHouseholdID"] == second
