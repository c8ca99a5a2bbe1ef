"""The limit on routes that invite guessing: which count, what callers are told, and that it stays small."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from homechart_api.middleware.limits import Limit, Limiter, Rate
from homechart_api.routes import routes
from homechart_common import clock
from homechart_common.postgresql.database import Database
from homechart_common.postgresql.settings import PostgresqlSettings
from homechart_common.security import hash_password
from tests.callers import Answer, Caller, serving
from tests.factories import new_account, new_session
from tests.visitors import UNLIMITED_KEY, new_address

NOW = datetime(2026, 11, 23, 18, 14, tzinfo=UTC)
SIGN_IN = {"emailAddress": "nobody@house.test", "password": "correct-horse-9"}

#: What is limited, and whether only refused calls count: what the contract names (§2.6), and what sends mail.
LIMITED = {
    "AuthAccountCreate": Limit.EVERY,
    "AuthAccountTOTPUpdate": Limit.EVERY,
    "AuthAccountWebAuthnRead": Limit.EVERY,
    "AuthAccountWebAuthnUpdate": Limit.EVERY,
    "AuthDemoRead": Limit.EVERY,
    "AuthHouseholdInviteAccept": Limit.EVERY,
    "AuthHouseholdInviteCreate": Limit.EVERY,
    "AuthHouseholdInviteDelete": Limit.EVERY,
    "AuthResetCreate": Limit.EVERY,
    "AuthResetUpdate": Limit.EVERY,
    "AuthSignInCreate": Limit.EVERY,
    "AuthSignInRead": Limit.EVERY,
    "AuthVerifyRead": Limit.EVERY,
    "AuthWebAuthnCreate": Limit.EVERY,
    "AuthWebAuthnRead": Limit.EVERY,
    "OIDCRedirectRead": Limit.EVERY,
    "SSERead": Limit.REFUSED,
    "SystemHealthCheck": Limit.REFUSED,
    "SystemHealthRead": Limit.REFUSED,
    "SystemMetricsRead": Limit.REFUSED,
}


@pytest.fixture
async def caller(database_settings: PostgresqlSettings) -> AsyncIterator[Caller]:
    """Somebody who may call each limited route three times an hour."""
    options = ("app_ratelimiterrate=3-H", f"app_ratelimiterkey={UNLIMITED_KEY}", "app_systemhealthkey=open")
    async with serving(database_settings, *options) as client:
        yield Caller(client)


def left(answer: Answer) -> tuple[int, str | None, str | None]:
    """What a caller is told."""
    told = answer.headers
    return answer.status, told.get("x-rate-limit-limit"), told.get("x-rate-limit-remaining")


def test_the_routes_that_invite_guessing_are_limited() -> None:
    assert {route.operation: route.limited for route in routes() if route.limited} == LIMITED


async def test_who_calls_too_often_is_refused(caller: Caller, lines: list[str]) -> None:
    answers = [await caller.call("POST", "/auth/signin", SIGN_IN) for _ in range(4)]
    assert [left(answer) for answer in answers] == [
        (400, "3", "2"),
        (400, "3", "1"),
        (400, "3", "0"),
        (429, "3", "0"),
    ]
    assert answers[3].message == "Too many requests, please try again later"
    reset = int(answers[3].headers["x-rate-limit-reset"])
    assert 3500 < reset - datetime.now(UTC).timestamp() <= 3601
    (line,) = (line for line in lines if "Too many requests" in line and "NOTICE" in line)
    assert "127.0.0.1 AuthSignInCreate" in line


async def test_each_route_counts_by_itself(caller: Caller) -> None:
    for _ in range(4):
        await caller.call("POST", "/auth/signin", SIGN_IN)
    assert left(await caller.call("GET", "/auth/signin")) == (410, "3", "2")
    assert left(await caller.call("POST", "/auth/reset", {"emailAddress": "x"})) == (400, "3", "2")
    assert left(await caller.call("GET", "/bookmarks")) == (410, None, None)


async def test_paths_of_one_route_count_together(caller: Caller) -> None:
    paths = [f"/auth/households/{uuid.uuid4()}/invites/{n}" for n in range(4)]
    assert [(await caller.call("GET", path)).status for path in paths] == [410, 410, 410, 429]


async def test_each_address_counts_by_itself(caller: Caller) -> None:
    for address in ("192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8:0:1::1"):
        headers = {"X-Forwarded-For": address}
        statuses = [(await caller.call("POST", "/auth/signin", SIGN_IN, headers)).status for _ in range(4)]
        assert statuses == [400, 400, 400, 429]


async def test_the_addresses_of_one_subscriber_count_together(caller: Caller) -> None:
    headers = [{"X-Forwarded-For": f"2001:db8::{n}:1"} for n in range(4)]
    statuses = [(await caller.call("POST", "/auth/signin", SIGN_IN, header)).status for header in headers]
    assert statuses == [400, 400, 400, 429]


async def test_new_addresses_and_passwords_are_limited_and_nothing_else_of_an_account(
    caller: Caller, database: Database
) -> None:
    account = await new_account(database)
    ann = Caller(caller.client, account, (await new_session(database, account)).headers)
    path = f"/auth/accounts/{account}"
    changes = [
        {"emailAddress": new_address()},
        {"password": "another-horse-9"},
        {"emailAddress": new_address()},
    ]
    assert [left(await ann.call("PUT", path, change)) for change in changes] == [
        (200, "3", "2"),
        (200, "3", "1"),
        (200, "3", "0"),
    ]
    assert left(await ann.call("PUT", path, {"password": "short"})) == (400, None, None)
    for change in changes[:2]:
        assert left(await ann.call("PUT", path, change)) == (429, "3", "0")
    for setup in (True, False):
        answer = await ann.call("PUT", path, {**changes[2], "setup": setup})
        assert left(answer) == (200, None, None)


async def test_one_time_passwords_of_an_account_are_not_guessed_from_many_addresses(
    caller: Caller, database: Database
) -> None:
    passwords = {"ann": "correct-horse-9", "bob": "correct-horse-9"}
    bodies = {}
    for name, password in passwords.items():
        address = new_address()
        await database.execute(
            "INSERT INTO auth_account (email_address, name, password_hash, totp_secret)"
            " VALUES (%(address)s, %(name)s, %(hash)s, 'ABCDEFGH')",
            {"address": address, "name": name, "hash": await hash_password(password)},
        )
        bodies[name] = {"emailAddress": address, "password": password, "totpCode": "000000"}

    async def guess(number: int, name: str, **members: str) -> int:
        headers = {"X-Forwarded-For": f"192.0.2.{number}"}
        answer = await caller.call("POST", "/auth/signin", {**bodies[name], **members}, headers)
        assert answer.headers["x-rate-limit-remaining"] == "2", "the route counts by itself"
        return answer.status

    wrong = [await guess(10 + n, "ann", password="wrong-horse-9") for n in range(4)]
    assert wrong == [400] * 4, "who does not know the password locks nobody out"
    assert [await guess(20 + n, "ann") for n in range(4)] == [400, 400, 400, 429]
    assert await guess(30, "bob") == 400


async def test_a_key_lets_pass(caller: Caller) -> None:
    for key, status in ((UNLIMITED_KEY, 400), ("guess", 429), ("", 429)):
        headers = {"x-homechart-ratelimiterkey": key, "X-Forwarded-For": f"192.0.2.{len(key)}"}
        answers = [await caller.call("POST", "/auth/signin", SIGN_IN, headers) for _ in range(4)]
        assert answers[-1].status == status
    assert "x-rate-limit-limit" in answers[0].headers


async def test_without_a_configured_key_there_is_none(database_settings: PostgresqlSettings) -> None:
    async with serving(database_settings, "app_ratelimiterrate=1-H") as client:
        caller = Caller(client, headers={"x-homechart-ratelimiterkey": ""})
        statuses = [(await caller.call("POST", "/auth/signin", SIGN_IN)).status for _ in range(2)]
    assert statuses == [400, 429]


async def test_only_refused_calls_count_where_programs_call_often(caller: Caller) -> None:
    good, bad = "/system/health?key=open", "/system/health?key=guess"
    for _ in range(5):
        assert left(await caller.call("GET", good)) == (200, "3", "3")
    assert [left(await caller.call("GET", bad)) for _ in range(3)] == [
        (403, "3", "2"),
        (403, "3", "1"),
        (403, "3", "0"),
    ]
    for path in (bad, good, "/system/metrics?key=guess"):
        assert left(await caller.call("GET", path)) == (429, "3", "0")


async def test_guessing_sessions_of_streams_is_limited(caller: Caller) -> None:
    answers = [await caller.call("GET", f"/sse/{uuid.uuid4()}") for _ in range(4)]
    assert [answer.status for answer in answers] == [400, 400, 400, 429]


@pytest.mark.parametrize(
    ("text", "rate"),
    [("10-M", Rate(10, 60)), ("1-S", Rate(1, 1)), ("500-H", Rate(500, 3600)), ("7-D", Rate(7, 86400))],
)
def test_rates_are_calls_in_a_period(text: str, rate: Rate) -> None:
    assert Rate.parse(text) == rate


def test_a_window_ends_after_its_period() -> None:
    limiter = Limiter(Rate(1, 60))
    with clock.frozen_at(NOW):
        limiter.window("a", "192.0.2.1").calls += 1
        assert limiter.window("a", "192.0.2.1").exhausted
        assert not limiter.window("b", "192.0.2.1").exhausted
    with clock.frozen_at(NOW + timedelta(seconds=59)):
        assert limiter.window("a", "192.0.2.1").exhausted
    with clock.frozen_at(NOW + timedelta(seconds=60)):
        assert not limiter.window("a", "192.0.2.1").exhausted


def test_windows_that_ended_are_forgotten() -> None:
    limiter = Limiter(Rate(1, 60))
    with clock.frozen_at(NOW):
        for n in range(100):
            limiter.window("a", f"192.0.2.{n}")
    with clock.frozen_at(NOW + timedelta(minutes=1)):
        limiter.window("a", "192.0.2.200")
    assert len(limiter) == 1


def test_windows_are_never_more_than_fit() -> None:
    limiter = Limiter(Rate(1, 60), most_windows=10)
    for n in range(100):
        limiter.window("a", f"192.0.2.{n}").calls += 1
    assert len(limiter) <= 10
    assert limiter.window("a", "192.0.2.99").exhausted, "the newest stay"


@pytest.mark.parametrize("address", ["", "unix", "::ffff:192.0.2.1", "fe80::1%eth0"])
def test_every_address_can_be_counted(address: str) -> None:
    limiter = Limiter(Rate(1, 60))
    limiter.window("a", address).calls += 1
    assert limiter.window("a", address).exhausted
