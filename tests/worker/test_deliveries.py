"""What administrators are told of what became of messages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from homechart_common.notify import messages, outbox
from homechart_common.notify.outbox import Envelope, Push
from homechart_worker.task import Context, perform
from homechart_worker.tasks.deliver import deliver
from homechart_worker.tasks.push import push
from tests.callers import Caller, serving
from tests.factories import new_session
from tests.mail_server import MailServer
from tests.people import add_account
from tests.push_service import PushService, accept, refuse

PATH = "/notifications/deliveries"
SAID = messages.render("plan_task_complete", "en", task="Our secret", actor="Jane")


@pytest.fixture
async def admin(pushing: Context) -> AsyncIterator[Caller]:
    """An administrator of the server whose messages a worker delivers."""
    account = await add_account(pushing.database, name="Root")
    session = await new_session(pushing.database, account, admin=True)
    async with serving(pushing.database.settings) as client:
        yield Caller(client, account, session.headers)


async def read(admin: Caller, query: str = "") -> list[dict[str, Any]]:
    return (await admin.call("GET", PATH + query)).values


async def say(context: Context, account: str, subject: str = "") -> None:
    envelope = Envelope(SAID, account, push=Push())
    await outbox.enqueue_all(context.database, [envelope])


async def test_each_recipient_has_an_outcome(
    pushing: Context, pushes: PushService, mails: MailServer, admin: Caller
) -> None:
    account = await add_account(pushing.database, email_address="jane@house.test")
    browser = pushes.browser()
    session = await browser.subscribe(pushing.database, account)
    await pushing.database.execute(
        "UPDATE auth_session SET name = 'Phone' WHERE id = %(id)s", {"id": session}
    )
    await say(pushing, account)
    waiting = {entry["type"]: entry for entry in await read(admin)}
    assert waiting.keys() == {"smtp", "webpush"}
    for entry in waiting.values():
        assert entry == {
            **entry,
            "attempt": 0,
            "authAccountID": account,
            "error": "",
            "kind": "plan_task_complete",
            "notificationID": None,
            "sent": None,
            "status": "waiting",
        }
    host = pushes.origin.removeprefix("https://")
    assert [waiting[way]["recipient"] for way in ("smtp", "webpush")] == ["jane@house.test", host]
    assert [waiting[way]["device"] for way in ("smtp", "webpush")] == ["", "Phone"]

    pushes.answer = refuse(503, "busy")
    for task in (deliver, push):
        await perform(task, pushing)
    entries = {entry["type"]: entry for entry in await read(admin)}
    assert (entries["smtp"]["status"], entries["smtp"]["error"]) == ("delivered", "")
    assert entries["smtp"]["sent"] is not None
    assert entries["webpush"] == {
        **waiting["webpush"],
        "attempt": 1,
        "error": "the push service answered 503 busy",
        "sendAfter": entries["webpush"]["sendAfter"],
    }
    assert entries["webpush"]["sendAfter"] > waiting["webpush"]["sendAfter"]

    pushes.answer = refuse(410)
    await pushing.database.execute("UPDATE notification SET send_after = now() WHERE sent IS NULL")
    await perform(push, pushing)
    [over] = [entry for entry in await read(admin) if entry["type"] == "webpush"]
    assert (over["status"], over["error"]) == ("givenUp", "the push service answered 410")
    assert (over["recipient"], over["device"]) == (host, "Phone")


async def test_neither_what_was_said_nor_where_to_is_told(
    pushing: Context, pushes: PushService, admin: Caller
) -> None:
    account, browser = await add_account(pushing.database), pushes.browser()
    await browser.subscribe(pushing.database, account)
    await say(pushing, account)
    for _ in range(2):
        text = repr(await read(admin))
        secrets = [SAID.subject, "Our secret", *browser.subscription.values()]
        assert not [secret for secret in secrets if secret in text]
        await perform(push, pushing)


async def test_a_message_of_an_administrator_is_followed_to_its_recipients(
    pushing: Context, pushes: PushService, mails: MailServer, admin: Caller
) -> None:
    jane, john = [
        await add_account(pushing.database, email_address=f"{name}@house.test") for name in ("jane", "john")
    ]
    await pushes.browser().subscribe(pushing.database, jane)
    made = {}
    for account in (jane, john):
        body = {
            "authAccountID": account,
            "subjectSMTP": "x",
            "subjectWebPush": "y",
            "sendAfter": "2999-01-01",
        }
        made[account] = (await admin.call("POST", "/notifications", body)).value["id"]
    assert await read(admin) == [], "they wait for their time, in the queue"
    await pushing.database.execute("UPDATE notification SET send_after = now()")
    for task in (deliver, push):
        await perform(task, pushing)
    assert len(await read(admin)) == 3
    for account, ways in ((jane, {"smtp", "webpush"}), (john, {"smtp"})):
        for query in (f"?notificationID={made[account]}", f"?authAccountID={account}"):
            entries = await read(admin, query)
            assert {(entry["type"], entry["status"]) for entry in entries} == {
                (way, "delivered") for way in ways
            }
            assert {entry["notificationID"] for entry in entries} == {made[account]}


async def test_a_message_that_nobody_is_to_get_says_so(pushing: Context, admin: Caller) -> None:
    await admin.call("POST", "/notifications", {"bodyWebPush": "Hello"})
    await perform(deliver, pushing)
    [entry] = await read(admin)
    assert (entry["status"], entry["error"]) == ("givenUp", "there is nobody to send it to")


async def test_what_waits_for_another_attempt_can_be_withdrawn_but_not_changed(
    pushing: Context, pushes: PushService, admin: Caller
) -> None:
    account = await add_account(pushing.database)
    await pushes.browser().subscribe(pushing.database, account)
    pushes.answer = refuse(503)
    await admin.call("POST", "/notifications", {"authAccountID": account, "bodyWebPush": "Hello"})
    for task in (deliver, push):
        await perform(task, pushing)
    [entry] = await read(admin)
    path = f"/notifications/{entry['id']}"
    assert (await admin.call("PUT", path, {"bodyWebPush": "Bye"})).status == 204
    assert (await admin.call("GET", "/notifications")).values == []
    assert (await admin.call("DELETE", path)).status == 200
    pushes.answer = accept
    await pushing.database.execute("UPDATE notification SET send_after = now()")
    await perform(push, pushing)
    assert pushes.arrivals == []


async def test_there_are_pages(pushing: Context, admin: Caller) -> None:
    account = await add_account(pushing.database)
    for _ in range(53):
        await outbox.enqueue(pushing.database, SAID, account_id=account)
    first, second = await read(admin), await read(admin, "?offset=50")
    assert (len(first), len(second)) == (50, 3)
    assert len({entry["id"] for entry in first + second}) == 53
    created = [entry["created"] for entry in first + second]
    assert created == sorted(created, reverse=True)


@pytest.mark.parametrize("query", ["?notificationID=x", "?authAccountID=x", "?offset=-1"])
async def test_what_is_wrong_is_refused_by_name(admin: Caller, query: str) -> None:
    answer = await admin.call("GET", PATH + query)
    assert (answer.status, answer.message.split(":")[0]) == (400, query[1:].split("=")[0])
