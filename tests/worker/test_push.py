"""Delivering to devices, by a push service that reads what browsers would."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest
from aiohttp import web

from homechart_common import metrics
from homechart_common.notify import outbox, webpush
from homechart_common.notify.outbox import Envelope, Push
from homechart_common.notify.server_keys import ServerKeys
from homechart_worker.task import Context, perform
from homechart_worker.tasks.deliver import deliver
from homechart_worker.tasks.push import LEASE_SECONDS, push
from tests.mail_server import MailServer
from tests.people import add_account
from tests.push_service import PushService, accept, refuse
from tests.worker.devices import SAID, make_due, rows, say, subscribed


async def test_a_device_shows_what_it_is_sent(pushing: Context, pushes: PushService) -> None:
    account, browser = await subscribed(pushing, pushes)
    await say(pushing, account)
    assert await perform(push, pushing) == 1
    assert await perform(push, pushing) == 0
    [arrival] = pushes.arrivals
    assert arrival.browser is browser
    assert list(arrival.said) == ["subject", "body", "actions"]
    assert arrival.said == {
        "subject": "Task due: Iron",
        "body": "Due: today",
        "actions": {
            "default": "/plan/tasks?filter=upcoming",
            "target": "the id",
            "targetType": "plan_task",
            "types": [0, 1],
        },
    }
    assert {name: arrival.headers[name] for name in ("TTL", "Urgency", "Content-Length")} == {
        "TTL": "86400",
        "Urgency": "high",
        "Content-Length": "4096",
    }
    assert await rows(pushing) == [("webpush", "ended", 0, "")]


async def test_what_was_delivered_leaves_nothing_that_is_secret(
    pushing: Context, pushes: PushService
) -> None:
    account, _ = await subscribed(pushing, pushes)
    await say(pushing, account)
    await perform(push, pushing)
    ((body, told),) = await pushing.database.fetch("SELECT body_web_push, to_web_push FROM notification")
    assert (body, json.loads(told)) == ("", [{"endpoint": pushes.origin, "name": ""}])


async def test_each_device_of_the_account_is_told_once(pushing: Context, pushes: PushService) -> None:
    database = pushing.database
    account, phone = await subscribed(pushing, pushes)
    laptop, left, other = pushes.browser(), pushes.browser(), pushes.browser()
    for _ in range(2):
        await laptop.subscribe(database, account)
    await left.subscribe(database, account, seconds=-1)
    await other.subscribe(database, await add_account(database))
    await say(pushing, account)
    await perform(push, pushing)
    assert [pushes.told(browser) for browser in (phone, laptop, left, other)] == [
        [SAID.subject],
        [SAID.subject],
        [],
        [],
    ]


@pytest.mark.parametrize(
    ("about", "told"),
    [({}, True), ({"verified": False}, True), ({"child": True}, False)],
    ids=["verified", "unverified", "child"],
)
async def test_who_is_told(pushing: Context, pushes: PushService, about: dict[str, bool], told: bool) -> None:
    account, browser = await add_account(pushing.database, **about), pushes.browser()
    await browser.subscribe(pushing.database, account)
    await say(pushing, account)
    await perform(push, pushing)
    assert bool(pushes.told(browser)) is told
    error = "" if told else "the account is told nothing on this device"
    assert await rows(pushing) == [("webpush", "ended", 0, error)]


@pytest.mark.parametrize("end", ["DELETE FROM auth_session", "UPDATE auth_session SET expires = now()"])
async def test_a_device_that_was_signed_out_meanwhile_is_told_nothing(
    pushing: Context, pushes: PushService, end: str
) -> None:
    account, _ = await subscribed(pushing, pushes)
    await say(pushing, account)
    await pushing.database.execute(end)
    await perform(push, pushing)
    assert pushes.arrivals == []
    assert [row[3] for row in await rows(pushing)] == ["the account is told nothing on this device"]


async def test_mail_and_each_device_fail_and_succeed_by_themselves(
    pushing: Context, pushes: PushService, mails: MailServer
) -> None:
    account, phone = await subscribed(pushing, pushes)
    laptop = pushes.browser()
    await laptop.subscribe(pushing.database, account)

    async def laptop_is_busy(request: web.Request) -> web.Response:
        busy = laptop.endpoint.endswith(request.path)
        return web.Response(status=503) if busy else await accept(request)

    pushes.answer = laptop_is_busy
    await say(pushing, account, mail=True)
    for task in (push, deliver, push, deliver):
        await perform(task, pushing)
    assert (pushes.told(phone), pushes.told(laptop), mails.subjects) == ([SAID.subject], [], [SAID.subject])
    pushes.answer = accept
    await make_due(pushing)
    for task in (push, deliver):
        await perform(task, pushing)
    assert (pushes.told(phone), pushes.told(laptop), mails.subjects) == (
        [SAID.subject],
        [SAID.subject],
        [SAID.subject],
    )


async def test_an_account_is_told_on_the_devices_that_it_used_last(
    pushing: Context, pushes: PushService
) -> None:
    account, browsers = await add_account(pushing.database), [pushes.browser() for _ in range(23)]
    for browser in browsers:
        await browser.subscribe(pushing.database, account)
    await say(pushing, account)
    await perform(push, pushing)
    told = [bool(pushes.told(browser)) for browser in browsers]
    assert told == [False] * 3 + [True] * outbox.MOST_DEVICES


async def test_a_sender_that_died_is_replaced_and_the_device_shows_one_message(
    pushing: Context, pushes: PushService
) -> None:
    """Killed between the answer and the commit: what is sent again has the topic of what it replaces."""
    account, browser = await subscribed(pushing, pushes)
    await say(pushing, account)
    claim = await outbox.claim_push(pushing.database, LEASE_SECONDS)
    assert claim is not None
    keys = await ServerKeys(pushing.database, pushing.config.web_push).pair()
    message = webpush.document(claim.subject, claim.body, claim.actions)
    await webpush.send(pushing.fetcher, keys, "https://house.test", browser.subscription, message, claim.id)

    assert await perform(push, pushing) == 0, "not before its lease is over"
    await pushing.database.execute(
        "UPDATE notification SET send_start = send_start - make_interval(secs => %(lease)s)",
        {"lease": LEASE_SECONDS + 1},
    )
    assert await perform(push, pushing) == 1
    assert pushes.told(browser) == [SAID.subject] * 2
    assert len(pushes.deliveries()) == 1
    assert await pushing.database.fetch("SELECT claims, attempt FROM notification") == [(2, 0)]


async def test_a_worker_that_is_cut_off_in_the_middle_gives_the_message_back(
    pushing: Context, pushes: PushService
) -> None:
    account, browser = await subscribed(pushing, pushes)
    reached = asyncio.Event()

    async def slow(_: web.Request) -> web.Response:
        reached.set()
        await asyncio.sleep(0.5)
        return web.Response(status=503)

    pushes.answer = slow
    await say(pushing, account)
    sending = asyncio.create_task(perform(push, pushing))
    await reached.wait()
    sending.cancel()
    await asyncio.wait([sending])
    assert await rows(pushing) == [("webpush", "waiting", 0, "")]
    pushes.answer = accept
    assert await perform(push, pushing) == 1
    assert pushes.told(browser) == [SAID.subject]


async def test_many_workers_push_each_message_once(pushing: Context, pushes: PushService) -> None:
    account, browser = await subscribed(pushing, pushes)
    said = [replace(SAID, subject=f"{number:02}") for number in range(40)]
    await outbox.enqueue_all(
        pushing.database, [Envelope(message, account, mail=False, push=Push()) for message in said]
    )
    handled = await asyncio.gather(*(perform(push, pushing) for _ in range(6)))
    assert sum(handled) == 40
    assert sum(1 for rows in handled if rows) > 1
    assert pushes.told(browser) == [f"{number:02}" for number in range(40)]


async def test_outcomes_are_counted(pushing: Context, pushes: PushService) -> None:
    account, _ = await subscribed(pushing, pushes)

    def counted() -> list[float]:
        return [
            metrics.registry.get_sample_value(
                "homechart_notifications_total", {"type": "webpush", "status": status}
            )
            or 0.0
            for status in ("success", "failure", "cancelled")
        ]

    before = counted()
    for answer in (accept, refuse(500), refuse(413), refuse(410)):
        pushes.answer = answer
        await say(pushing, account)
        await perform(push, pushing)
    assert [now - then for now, then in zip(counted(), before, strict=True)] == [1, 2, 1]
