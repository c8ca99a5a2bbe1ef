"""What requests push to devices at once: that somebody completed a task, and that a browser was enrolled."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from homechart_common.models import registry
from homechart_common.postgresql.database import Database
from tests.callers import Caller
from tests.cast import Cast
from tests.factories import new_session
from tests.push_service import Browser
from tests.visitors import SignUp, Visitor

TASK, PROJECT = registry["PlanTask"], registry["PlanProject"]
DAILY = {"day": 0, "month": 0, "monthWeek": 0, "separation": 1, "weekday": 0, "weekdays": None}


@pytest.fixture
async def cast(database: Database, cast: Cast) -> Cast:
    """All of them are signed in in a browser."""
    for number, name in enumerate(("ann", "bob", "kid", "vic", "nel", "cat", "root")):
        caller: Caller = getattr(cast, name)
        await Browser(f"https://push.test/{caller.account}/{number}").subscribe(database, caller.account)
    return cast


async def told(database: Database, cast: Cast) -> list[tuple[str, str, dict[str, Any]]]:
    """Who was told what by whom, and what it leads to, since it was asked for last."""
    found = await database.fetch(
        """DELETE FROM notification n USING auth_account a
        WHERE a.id = n.auth_account_id AND n.kind = 'plan_task_complete' AND n.way = 'webpush'
            AND a.id = ANY (%(accounts)s::uuid[])
        RETURNING a.name, n.subject_web_push || ': ' || n.body_web_push, n.actions ->> 'default'""",
        {"accounts": [getattr(cast, name).account for name in ("ann", "bob", "kid", "vic", "nel", "cat")]},
    )
    return sorted(found)


async def prefer(database: Database, caller: Caller, **preferences: Any) -> None:
    await database.execute(
        "UPDATE auth_account SET preferences = %(preferences)s::jsonb WHERE id = %(id)s",
        {"preferences": json.dumps(preferences), "id": caller.account},
    )


async def chore(cast: Cast, **members: Any) -> dict[str, Any]:
    """A task of the household that is not done."""
    return await cast.ann.make(
        TASK,
        name="Iron",
        **{"authHouseholdID": cast.home, "authAccountID": None, "recurrence": None, "done": False, **members},
    )


BOB_AND_VIC = [
    (name, "Done: Iron: ann has done it.", "/plan/tasks?filter=household") for name in ("bob", "vic")
]


async def test_others_who_may_see_it_are_told_that_a_task_is_done_once(
    database: Database, cast: Cast
) -> None:
    task = await chore(cast)
    assert (await cast.ann.update(TASK, task["id"], {"done": True})).status == 200
    assert await told(database, cast) == BOB_AND_VIC
    for body in ({"done": True}, {"done": False}, {"name": "Fold"}):
        await cast.ann.update(TASK, task["id"], body)
        assert await told(database, cast) == [], body
    await cast.kid.update(TASK, task["id"], {**task, "done": True})
    assert [(name, text) for name, text, _ in await told(database, cast)] == [
        (name, "Done: Iron: kid has done it.") for name in ("ann", "bob", "vic")
    ]


async def test_a_recurring_task_that_moves_on_is_told_of(database: Database, cast: Cast) -> None:
    task = await chore(cast, recurrence=DAILY, dueDate="2026-11-24T08:00:00Z")
    await cast.ann.update(TASK, task["id"], {"dueDate": "2026-11-25T08:00:00Z", "done": False})
    assert await told(database, cast) == BOB_AND_VIC
    await cast.ann.update(TASK, task["id"], {"dueDate": "2026-11-26T08:00:00Z", "recurrence": None})
    assert await told(database, cast) == [], "it does not recur any more"
    await cast.ann.update(TASK, task["id"], {"dueDate": "2026-11-27T08:00:00Z"})
    assert await told(database, cast) == [], "a date was changed"


async def test_a_task_in_a_project_leads_there(database: Database, cast: Cast) -> None:
    project = await cast.ann.make(PROJECT, authHouseholdID=cast.home)
    task = await chore(cast, planProjectID=project["id"], authAccountID=cast.bob.account)
    await cast.bob.update(TASK, task["id"], {"DONE": True})
    assert await told(database, cast) == [
        (name, "Done: Iron: bob has done it.", f"/plan/tasks?project={project['id']}")
        for name in ("ann", "vic")
    ]


async def test_what_is_no_task_of_the_household_is_told_to_nobody(database: Database, cast: Cast) -> None:
    own = await chore(cast, authHouseholdID=None)
    await cast.ann.update(TASK, own["id"], {"done": True})
    template = await chore(cast, template=True)
    await cast.ann.update(TASK, template["id"], {"done": True})
    refused = await chore(cast)
    for caller in (cast.vic, cast.nel, cast.cat, cast.nobody):
        assert (await caller.update(TASK, refused["id"], {"done": True})).status != 200
    assert await told(database, cast) == []


async def test_members_choose_whether_they_are_told(database: Database, cast: Cast) -> None:
    await prefer(
        database,
        cast.bob,
        ignoreDevicePlanTask=True,
        notificationsHouseholds=[{"authHouseholdID": cast.home, "ignoreDevicePlanTaskComplete": True}],
    )
    await prefer(
        database,
        cast.vic,
        notificationsHouseholds=[{"authHouseholdID": cast.away, "ignoreDevicePlanTaskComplete": True}],
    )
    task = await chore(cast)
    await cast.ann.update(TASK, task["id"], {"done": True})
    assert await told(database, cast) == BOB_AND_VIC[1:]


async def test_nobody_is_told_of_what_was_not_kept(database: Database, cast: Cast) -> None:
    task = await chore(cast)
    answer = await cast.ann.update(TASK, task["id"], {"done": True, "parentID": task["id"]})
    assert answer.status == 400
    assert await told(database, cast) == []


async def tried_out(database: Database, visitor: Visitor) -> list[tuple[Any, ...]]:
    """What enrolled browsers of an account are sent: to where, and what."""
    return await database.fetch(
        """SELECT to_web_push -> 0 ->> 'endpoint', subject_web_push, actions -> 'default' FROM notification
        WHERE auth_account_id = %(account)s AND kind = 'web_push_test' ORDER BY created""",
        {"account": visitor.account},
    )


async def test_a_stranger_does_not_even_wait_for_a_task(database: Database, cast: Cast) -> None:
    task = await chore(cast)
    async with database.transaction() as busy:
        await busy.execute("SELECT FROM plan_task WHERE id = %(id)s FOR UPDATE", {"id": task["id"]})
        async with asyncio.timeout(5):
            assert (await cast.cat.update(TASK, task["id"], {"done": True})).status == 204


async def test_a_browser_that_is_new_is_tried_out(sign_up: SignUp, database: Database) -> None:
    ann = await sign_up()
    await Browser("https://push.test/other").subscribe(database, ann.account)
    path, browser = f"/auth/sessions/{ann.session['id']}", Browser("https://push.test/ann")
    first = (browser.endpoint, "Notifications are on", '""')
    for body in (
        {"webPush": browser.subscription},
        {"webPush": browser.subscription},
        {"permissionsAccount": {}},
    ):
        await ann.put(path, body)
        assert await tried_out(database, ann) == [first]
    await ann.put(path, {"webPush": None})
    assert await tried_out(database, ann) == [first]
    again = Browser("https://push.test/anew")
    await ann.put(path, {"webPush": again.subscription})
    assert await tried_out(database, ann) == [first, (again.endpoint, "Notifications are on", '""')]


async def test_a_browser_is_not_tried_out_by_somebody_else(sign_up: SignUp, database: Database) -> None:
    ann, bob = await sign_up(), await sign_up()
    theirs = (await new_session(database, ann.account)).id
    assert (
        await bob.put(f"/auth/sessions/{theirs}", {"webPush": Browser("https://x").subscription})
    ).status == 204
    assert await tried_out(database, ann) == await tried_out(database, bob) == []
