"""Delivering to devices, by a push service that reads what browsers would."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from aiohttp import web

from homechart_common import clock, metrics
from homechart_common.fetch import Fetcher
from homechart_common.notify import messages, outbox, webpush
from homechart_common.notify.outbox import Envelope, Push
from homechart_common.notify.server_keys import ServerKeys
from homechart_common.notify.vapid import KeyPair
from homechart_common.notify.webpush import ON_TASKS, Actions
from homechart_worker.task import Context, perform
from homechart_worker.tasks.deliver import deliver
from homechart_worker.tasks.push import LEASE_SECONDS, push
from tests.mail_server import MailServer
from tests.people import add_account
from tests.push_service import Browser, PushService, accept, refuse
from tests.worker.conftest import configured

SAID = messages.render("plan_task_reminder", "en", task="Iron", due="today", link=messages.Link(""))
ACTIONS = Actions("/plan/tasks?filter=upcoming", "the id", "plan_task", ON_TASKS)


async def say(context: Context, account: str, *, mail: bool = False, **push: Any) -> None:
    """Put a message into the outbox."""
    envelope = Envelope(SAID, account, mail=mail, push=Push(ACTIONS, **push))
    await outbox.enqueue_all(context.database, [envelope])


async def rows(context: Context) -> list[tuple[Any, ...]]:
    """How each message goes, its state, failed attempts and error; the oldest first."""
    return await context.database.fetch(
        """SELECT way, CASE WHEN sent IS NOT NULL THEN 'ended' WHEN send_start IS NOT NULL THEN 'claimed'
                WHEN send_after > now() THEN 'later' ELSE 'waiting' END, attempt, error
        FROM notification ORDER BY created, way"""
    )


async def subscriptions(context: Context) -> int:
    return int(
        await context.database.fetch_value("SELECT count(*) FROM auth_session WHERE web_push IS NOT NULL")
    )


async def make_due(context: Context) -> None:
    """Let the time until the next attempt pass."""
    await context.database.execute("UPDATE notification SET send_after = now() WHERE sent IS NULL")


async def wait_of(context: Context) -> float:
    """The seconds until the next attempt."""
    (seconds,) = await waits(context)
    return seconds


async def waits(context: Context) -> list[float]:
    """The seconds until the next attempt of each, in tens."""
    found = await context.database.fetch(
        "SELECT extract(epoch FROM send_after - now())::float FROM notification"
    )
    return [round(seconds, -1) for (seconds,) in found]


async def subscribed(context: Context, pushes: PushService) -> tuple[str, Browser]:
    """An account, signed in in a browser."""
    account, browser = await add_account(context.database), pushes.browser()
    await browser.subscribe(context.database, account)
    return account, browser


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


@pytest.mark.parametrize("status", [401, 403, 404, 410])
async def test_a_subscription_that_is_over_is_erased(
    pushing: Context, pushes: PushService, status: int
) -> None:
    account, _ = await subscribed(pushing, pushes)
    another = await subscribed(pushing, pushes)
    pushes.answer = refuse(status, "gone\nfor good")
    await say(pushing, account)
    await perform(push, pushing)
    assert await subscriptions(pushing) == 1, "that of somebody else"
    assert await rows(pushing) == [
        ("webpush", "ended", 0, f"the push service answered {status} gone for good")
    ]
    await say(pushing, account)
    assert await perform(push, pushing) == 0
    pushes.answer = accept
    await say(pushing, another[0])
    await perform(push, pushing)
    assert len(pushes.arrivals) == 1


async def test_a_new_subscription_stays_when_the_old_one_is_over(
    pushing: Context, pushes: PushService
) -> None:
    account, _ = await subscribed(pushing, pushes)
    await say(pushing, account)
    again = pushes.browser()

    async def meanwhile(_: web.Request) -> web.Response:
        await pushing.database.execute("DELETE FROM auth_session")
        await again.subscribe(pushing.database, account)
        return web.Response(status=410)

    pushes.answer = meanwhile
    await perform(push, pushing)
    assert await subscriptions(pushing) == 1
    pushes.answer = accept
    await say(pushing, account)
    await perform(push, pushing)
    assert pushes.told(again) == [SAID.subject]


async def test_another_key_of_the_server_ends_subscriptions_and_new_ones_work(
    pushing: Context, pushes: PushService
) -> None:
    """Real services remember the key that a browser subscribed to, and refuse others."""
    account, _ = await subscribed(pushing, pushes)
    first = (await ServerKeys(pushing.database, pushing.config.web_push).pair()).public_key

    async def remembering(request: web.Request) -> web.Response:
        known = request.headers["Authorization"].endswith(f"k={first}")
        return await accept(request) if known else web.Response(status=403)

    pushes.answer = remembering
    keys = KeyPair.generated()
    options = f"webpush_vapidprivatekey={keys.private_key},webpush_vapidpublickey={keys.public_key}"
    changed = replace(pushing, config=configured(options, "app_baseURL=https://house.test"))
    await say(changed, account)
    await perform(push, changed)
    assert (pushes.arrivals, await subscriptions(pushing)) == ([], 0)
    pushes.answer = accept
    browser = pushes.browser()
    await browser.subscribe(pushing.database, account)
    await say(changed, account)
    await perform(push, changed)
    assert pushes.arrivals[0].headers["Authorization"].endswith(f"k={keys.public_key}")


@pytest.mark.parametrize("status", [400, 413, 302])
async def test_what_will_never_be_taken_is_not_tried_again(
    pushing: Context, pushes: PushService, status: int
) -> None:
    account, _ = await subscribed(pushing, pushes)
    pushes.answer = refuse(status, Location="https://elsewhere.test/")
    await say(pushing, account)
    await perform(push, pushing)
    ((_, state, attempt, error),) = await rows(pushing)
    assert (state, attempt) == ("ended", 0)
    assert error.startswith(f"the push service answered {status}")
    assert await subscriptions(pushing) == 1


async def test_a_failure_passes(pushing: Context, pushes: PushService) -> None:
    account, browser = await subscribed(pushing, pushes)
    pushes.answer = refuse(500, "\0oh\r\n")
    await say(pushing, account)
    assert await perform(push, pushing) == 1
    assert await rows(pushing) == [("webpush", "later", 1, "the push service answered 500 oh")]
    assert await wait_of(pushing) == pytest.approx(outbox.BACK_OFF_SECONDS[0], abs=5)
    pushes.answer = accept
    await make_due(pushing)
    await perform(push, pushing)
    assert pushes.told(browser) == [SAID.subject]
    assert await rows(pushing) == [("webpush", "ended", 1, "")]


async def test_a_device_is_given_up_after_three_more_attempts_but_not_forgotten(
    pushing: Context, pushes: PushService
) -> None:
    account, _ = await subscribed(pushing, pushes)
    pushes.answer = refuse(503)
    await say(pushing, account)
    for _ in range(5):
        await perform(push, pushing)
        await make_due(pushing)
    assert await rows(pushing) == [("webpush", "ended", 3, "the push service answered 503")]
    assert await subscriptions(pushing) == 1


async def test_what_else_is_for_a_device_waits_until_its_service_answers(
    pushing: Context, pushes: PushService
) -> None:
    """Whoever names addresses at which nobody answers must not keep workers from telling others."""
    account, slow = await subscribed(pushing, pushes)
    other, browser = await subscribed(pushing, pushes)
    asked = []

    async def slow_is_down(request: web.Request) -> web.Response:
        if not slow.endpoint.endswith(request.path):
            return await accept(request)
        asked.append(request)
        return web.Response(status=503)

    pushes.answer = slow_is_down
    for _ in range(10):
        await say(pushing, account)
        await say(pushing, other)
    for _ in range(3):
        await perform(push, pushing)
    assert len(asked) == 1
    assert len(pushes.told(browser)) == 10
    await make_due(pushing)
    await perform(push, pushing)
    assert len(asked) == 2
    pushes.answer = accept
    await make_due(pushing)
    await perform(push, pushing)
    assert len(pushes.told(slow)) == 10


async def test_a_service_that_does_not_answer_is_asked_for_one_device(
    pushing: Context, pushes: PushService
) -> None:
    """It takes all the time that a request may take, in which nobody else is told anything."""
    asked = []

    async def silent(request: web.Request) -> web.Response:
        asked.append(request.path)
        await asyncio.sleep(1)
        return await accept(request)

    pushes.at("/silent", silent)
    for endpoint in [f"{pushes.origin}/silent"] * 8 + ["https://inside.test/"]:
        account, browser = await add_account(pushing.database), pushes.browser()
        browser.endpoint = endpoint
        await browser.subscribe(pushing.database, account)
        await say(pushing, account)
    await pushing.database.execute("UPDATE notification SET attempt = 2")
    hasty = replace(pushing, fetcher=replace(pushing.fetcher, seconds=0.5))
    assert await perform(push, hasty) == 2
    assert len(asked) == 1
    assert sorted(await waits(pushing)) == [60] * 7 + [7200] * 2


async def test_what_could_not_be_sent_for_a_day_is_given_up(pushing: Context, pushes: PushService) -> None:
    account, _ = await subscribed(pushing, pushes)
    await say(pushing, account)
    await pushing.database.execute("UPDATE notification SET created = created - interval '25 hours'")
    assert await perform(push, pushing) == 1
    assert pushes.arrivals == []
    assert await rows(pushing) == [("webpush", "ended", 0, "it could not be sent for a day")]


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


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("1800", 1800),
        ("5", 60),
        ("999999999", 6 * 3600),
        ("in a minute", 60),
        ("-5", 60),
        ("", 60),
        ("in two hours", 7200),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 60),
    ],
)
async def test_a_service_is_given_the_time_that_it_asks_for(
    pushing: Context, pushes: PushService, asked: str, given: float
) -> None:
    account, _ = await subscribed(pushing, pushes)
    if asked == "in two hours":
        asked = format_datetime(clock.now() + timedelta(hours=2), usegmt=True)
    pushes.answer = refuse(429, Retry_After=asked)
    await say(pushing, account)
    await perform(push, pushing)
    assert await wait_of(pushing) == pytest.approx(given, abs=120)


async def test_a_service_that_is_away_is_tried_again(pushing: Context, pushes: PushService) -> None:
    account, browser = await add_account(pushing.database), pushes.browser()
    browser.endpoint = "https://localhost:1/push"
    await browser.subscribe(pushing.database, account)
    await say(pushing, account)
    await perform(push, pushing)
    assert await rows(pushing) == [("webpush", "later", 1, "url: leads to nothing that answers")]


@pytest.mark.parametrize("host", ["inside.test", "127.0.0.2", "[::1]", "169.254.169.254"])
async def test_nothing_that_only_this_server_can_reach_is_reached(
    pushing: Context, pushes: PushService, host: str
) -> None:
    account, browser = await add_account(pushing.database), pushes.browser()
    browser.endpoint = f"https://{host}:{pushes.port}/push"
    await browser.subscribe(pushing.database, account)
    await say(pushing, account)
    await perform(push, pushing)
    assert await rows(pushing) == [("webpush", "later", 1, "url: must be an address on the public internet")]
    assert Fetcher().permits(host.strip("[]")) is False if host != "inside.test" else True


@pytest.mark.parametrize(
    "wrong",
    [
        {"p256": "a2V5"},
        {"p256": ""},
        {"p256": "€"},
        {"auth": "?"},
        {"endpoint": "https://"},
        {"endpoint": "https://a:b"},
    ],
    ids=str,
)
async def test_a_subscription_that_is_none_is_erased(
    pushing: Context, pushes: PushService, wrong: dict[str, str]
) -> None:
    account, _ = await subscribed(pushing, pushes)
    await pushing.database.execute(
        "UPDATE auth_session SET web_push = web_push || jsonb_build_object(%(name)s::text, %(value)s::text)",
        dict(zip(("name", "value"), *wrong.items(), strict=True)),
    )
    await say(pushing, account)
    await perform(push, pushing)
    assert await rows(pushing) == [("webpush", "ended", 0, "the subscription has no usable keys or address")]
    assert await subscriptions(pushing) == 0


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
