"""What becomes of a message and of a subscription by what its push service says, or does not say."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web

from homechart_common import clock
from homechart_common.fetch import Fetcher
from homechart_common.notify import outbox
from homechart_common.notify.server_keys import ServerKeys
from homechart_common.notify.vapid import KeyPair
from homechart_worker.task import Context, perform
from homechart_worker.tasks.push import push
from tests.people import add_account
from tests.push_service import PushService, accept, refuse
from tests.worker.conftest import configured
from tests.worker.devices import SAID, make_due, rows, say, subscribed, subscriptions, wait_of, waits


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
