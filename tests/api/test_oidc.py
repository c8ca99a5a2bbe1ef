"""Signing in with a provider: going there, coming back, and whose session one gets."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from homechart_common.ids import parse_uuid
from homechart_common.postgresql.database import Database
from homechart_common.security import hash_token
from tests.arrivals import BASE, FAILED, account_of, new_person, sign_in, there_and_back
from tests.openid_provider import OpenIDProvider, openid_provider
from tests.visitors import PASSWORD, Letters, SignUp, StartAPI, Visitor, new_address


@pytest.fixture(scope="module")
async def home() -> AsyncIterator[OpenIDProvider]:
    """A provider of one's own."""
    async with openid_provider(redirect_uris={f"{BASE}home"}) as provider:
        yield provider


@pytest.fixture(scope="module")
async def google() -> AsyncIterator[OpenIDProvider]:
    """The one that old clients know, which wants the secret in the form."""
    async with openid_provider(redirect_uris={f"{BASE}2"}, authentication="client_secret_post") as provider:
        yield provider


@pytest.fixture(scope="module")
def options(home: OpenIDProvider, google: OpenIDProvider) -> str:
    """The configuration with both."""
    icon = "data:image/png;base64,iVBORw0KGgo="
    both = {
        **home.options("home", displayName="Our home", icon=icon),
        **google.options("google", icon="google"),
    }
    return f"config={json.dumps({'oidc': both})}"


@pytest.fixture(scope="module")
async def visitor(start_api: StartAPI, options: str) -> Visitor:
    """Somebody without a session at a server that knows both."""
    return await start_api(options)


@pytest.fixture(autouse=True)
def as_new(home: OpenIDProvider, google: OpenIDProvider) -> None:
    """Both behave, and each signs in somebody new."""
    for provider in (home, google):
        provider.person, provider.forge, provider.brief = new_person(), None, False
        provider.asked.clear()


Go = Callable[..., Awaitable[dict[str, str]]]


@pytest.fixture
def go(visitor: Visitor) -> Go:
    """Goes to a provider and comes back, with what the client then sends."""

    async def there(name: str = "home", who: Visitor = visitor) -> dict[str, str]:
        return await there_and_back(who, name)

    return there


async def test_the_ways_to_sign_in_are_listed(
    visitor: Visitor, home: OpenIDProvider, google: OpenIDProvider
) -> None:
    assert (await visitor.get("/auth/methods")).values == [
        {"kind": "password", "name": "password", "displayName": "", "icon": "", "issuer": ""},
        {"kind": "passkey", "name": "passkey", "displayName": "", "icon": "", "issuer": ""},
        {
            "kind": "oidc",
            "name": "google",
            "displayName": "Google",
            "icon": "google",
            "issuer": google.issuer,
        },
        {
            "kind": "oidc",
            "name": "home",
            "displayName": "Our home",
            "icon": "data:image/png;base64,iVBORw0KGgo=",
            "issuer": home.issuer,
        },
    ]


async def test_where_to_sign_in_tells_everything_but_secrets(visitor: Visitor, home: OpenIDProvider) -> None:
    first = await visitor.get("/oidc/HOME")
    assert first.body is not None
    assert first.body["dataType"] == "OIDCRedirect"
    assert first.value.keys() == {"state", "url"}
    assert parse_uuid(first.value["state"])
    url = first.value["url"]
    assert url.startswith(f"{home.issuer}/authorize?response_type=code&client_id=home%3Achart&redirect_uri=")
    assert "scope=openid+email+profile" in url
    assert "code_challenge_method=S256" in url
    assert home.secret not in url
    second = (await visitor.get("/oidc/home")).value
    for name in ("state", "nonce", "code_challenge"):
        assert _in(url, name) != _in(second["url"], name)


async def test_somebody_new_gets_an_account_and_is_known_the_next_time(
    visitor: Visitor, home: OpenIDProvider, go: Go, letters: Letters
) -> None:
    home.person |= {"locale": "de-AT", "zoneinfo": "Europe/Vienna", "email": home.person["email"].upper()}
    first = await sign_in(visitor, await go(), tosAccepted=True, rememberMe=True)
    account = await account_of(visitor, first)
    address = home.person["email"].lower()
    assert (account["emailAddress"], account["name"], account["verified"]) == (address, "Jane", True)
    assert (account["iso639Code"], account["timeZone"], account["tosAccepted"]) == (
        "de",
        "Europe/Vienna",
        True,
    )
    assert account["preferences"]["ignoreEmailPlanTask"] is False
    assert (account["oidcProviderType"], account["oidcCode"]) == (0, "")
    assert len((await visitor.signed_in(first.value).get("/shop/lists")).values) == 1
    home.person |= {"email": new_address(), "name": "Jane Doe", "email_verified": False}
    second = await sign_in(visitor, await go())
    assert second.value["authAccountID"] == first.value["authAccountID"]
    assert (await account_of(visitor, second))["emailAddress"] == address
    assert second.value["id"] != first.value["id"]
    assert [letter.kind for letter in await letters(address)] == ["welcome", "sign_in"]


async def test_signing_up_takes_what_the_person_says_of_themselves(
    visitor: Visitor, home: OpenIDProvider, go: Go
) -> None:
    body = {
        **await go(),
        "tosAccepted": True,
        "emailAddress": "ignored@house.test",
        "name": "Ann",
        "timeZone": "Asia/Tokyo",
    }
    created = await visitor.post("/auth/accounts", body)
    account = await account_of(visitor, created)
    assert (account["emailAddress"], account["name"], account["timeZone"]) == (
        home.person["email"],
        "Ann",
        "Asia/Tokyo",
    )
    again = await visitor.post("/auth/accounts", {**await go(), "tosAccepted": True, "name": ""})
    assert again.value["authAccountID"] == created.value["authAccountID"]


async def test_what_was_linked_signs_in_without_a_password(
    visitor: Visitor, home: OpenIDProvider, go: Go
) -> None:
    await sign_in(visitor, await go(), tosAccepted=True)
    for password in ("", PASSWORD):
        body = {"emailAddress": home.person["email"], "password": password}
        assert (await visitor.post("/auth/signin", body)).status == 400


async def test_an_address_that_the_provider_has_not_verified_is_to_be_verified_here(
    visitor: Visitor, home: OpenIDProvider, go: Go, letters: Letters
) -> None:
    for said in (False, None, "no", 1):
        home.person = new_person(email_verified=said)
        account = await account_of(visitor, await sign_in(visitor, await go(), tosAccepted=True))
        assert account["verified"] is False
        assert account["preferences"]["ignoreEmailPlanTask"] is True
    (welcome,) = await letters(home.person["email"])
    path = f"/auth/verify?id={account['id']}&token={welcome.token}"
    assert (await visitor.put(path)).value["verified"] is True
    home.person = new_person(email_verified="true")
    assert (await account_of(visitor, await sign_in(visitor, await go(), tosAccepted=True)))[
        "verified"
    ] is True
    (welcome,) = await letters(home.person["email"])
    assert "/verify" not in welcome.body


async def test_whoever_runs_a_provider_can_vouch_for_its_addresses(
    start_api: StartAPI, home: OpenIDProvider, go: Go
) -> None:
    options = {"oidc": home.options("home", trustEmailAddresses=True)}
    trusting = await start_api(f"config={json.dumps(options)}")
    home.person = new_person(email_verified=False)
    answer = await sign_in(trusting, await go(who=trusting), tosAccepted=True)
    assert (await account_of(trusting, answer))["verified"] is True


async def test_what_the_token_leaves_out_is_asked_for(visitor: Visitor, home: OpenIDProvider, go: Go) -> None:
    home.brief = True
    account = await account_of(visitor, await sign_in(visitor, await go(), tosAccepted=True))
    assert (account["emailAddress"], account["verified"]) == (home.person["email"], True)
    assert home.asked[-1] == "/userinfo"


@pytest.mark.parametrize("members", [{}, {"email": ""}, {"email": "Jane"}, {"email": ["a@b.test"]}])
async def test_an_account_needs_an_address(
    visitor: Visitor, home: OpenIDProvider, go: Go, members: dict[str, Any]
) -> None:
    home.person = {"sub": uuid.uuid4().hex, **members}
    answer = await sign_in(visitor, await go(), tosAccepted=True)
    assert answer.message == "The provider does not tell a mail address, which an account here needs"


@pytest.mark.parametrize("name", ["", "x" * 300, "a\x00b", " ", 5])
async def test_a_name_that_cannot_be_one_keeps_nobody_out(
    visitor: Visitor, home: OpenIDProvider, go: Go, name: Any
) -> None:
    home.person |= {"name": name, "locale": "tlh", "zoneinfo": "Middle/Earth"}
    account = await account_of(visitor, await sign_in(visitor, await go(), tosAccepted=True))
    assert account["name"] in ("Homecharter", "x" * 200)
    assert account["timeZone"] == "UTC"


async def test_without_the_terms_nobody_new_comes_in(visitor: Visitor, database: Database, go: Go) -> None:
    before = await database.fetch_value("SELECT count(*) FROM auth_account")
    assert (await sign_in(visitor, await go())).message == "Account does not exist"
    assert (await visitor.post("/auth/accounts", await go())).message == "Account does not exist"
    assert await database.fetch_value("SELECT count(*) FROM auth_account") == before


async def test_nobody_is_taken_for_who_has_their_address(
    visitor: Visitor, sign_up: SignUp, home: OpenIDProvider, go: Go
) -> None:
    await sign_up(emailAddress=home.person["email"])
    answer = await sign_in(visitor, await go(), tosAccepted=True)
    assert (answer.status, answer.message) == (409, "Account already exists")


async def test_where_nobody_may_sign_up_only_who_is_known_comes_in(
    start_api: StartAPI, options: str, visitor: Visitor, admin: Visitor, home: OpenIDProvider, go: Go
) -> None:
    closed = await start_api(options, "app_signupdisabled=true")
    answer = await sign_in(closed, await go(who=closed), tosAccepted=True)
    assert (answer.status, answer.message.partition(" on")[0]) == (400, "Nobody can sign up")
    created = await sign_in(visitor, await go(), tosAccepted=True)
    assert (await sign_in(closed, await go(who=closed))).value["authAccountID"] == created.value[
        "authAccountID"
    ]
    home.person = new_person()
    chief = closed.signed_in(admin.session)
    assert (await chief.post("/auth/accounts", {**await go(who=closed), "tosAccepted": True})).status == 200


async def test_administrators_have_an_address_that_the_provider_has_verified(
    start_api: StartAPI, options: str, home: OpenIDProvider, go: Go
) -> None:
    addresses = [new_address(), new_address()]
    for mail in (True, False):
        home.person = new_person(email=addresses[mail], email_verified=False)
        server = await start_api(f"app_adminemailaddresses={addresses[mail]}", options, mail=mail)
        refused = await sign_in(server, await go(who=server), tosAccepted=True)
        if mail:
            assert "admin" not in refused.value
            home.person["sub"] = uuid.uuid4().hex
        else:
            assert refused.message == "The provider has not made sure that this address is yours"
            home.person["email_verified"] = True
            assert (await sign_in(server, await go(who=server), tosAccepted=True)).value["admin"] is True


async def test_a_state_is_good_for_one_try(visitor: Visitor, home: OpenIDProvider, go: Go) -> None:
    body = await go()
    answers = await asyncio.gather(*(sign_in(visitor, body, tosAccepted=True) for _ in range(4)))
    assert sorted(answer.status for answer in answers) == [200, 400, 400, 400]
    assert home.asked.count("/token") == 1
    assert {answer.message for answer in answers if answer.status == 400} == {FAILED}


async def test_a_code_is_good_for_one_try(visitor: Visitor, go: Go) -> None:
    first, second = await go(), await go()
    assert (await sign_in(visitor, first, tosAccepted=True)).status == 200
    replayed = {**second, "oidcCode": first["oidcCode"]}
    assert (await sign_in(visitor, replayed, tosAccepted=True)).message == FAILED


async def test_a_code_belongs_to_its_state(visitor: Visitor, go: Go) -> None:
    jane, eve = await go(), await go()
    assert (
        await sign_in(visitor, {**jane, "oidcState": eve["oidcState"]}, tosAccepted=True)
    ).message == FAILED
    for state in (str(uuid.uuid4()), "x", jane["oidcState"].upper()):
        assert (await sign_in(visitor, {**jane, "oidcState": state}, tosAccepted=True)).message == FAILED


async def test_a_code_is_nothing_without_its_verifier(
    visitor: Visitor, database: Database, home: OpenIDProvider, go: Go
) -> None:
    for verifier in ("v" * 64, ""):
        body = await go()
        await database.execute(
            "UPDATE auth_oidc_flow SET verifier = %(verifier)s WHERE state_hash = %(hash)s",
            {"verifier": verifier, "hash": hash_token(body["oidcState"])},
        )
        assert (await sign_in(visitor, body, tosAccepted=True)).message == FAILED
    assert home.asked.count("/token") == 2


async def test_a_code_of_one_provider_is_nothing_to_another(
    visitor: Visitor, home: OpenIDProvider, go: Go
) -> None:
    there, here = await go("google"), await go("home")
    crossed = {"oidcCode": there["oidcCode"], "oidcState": here["oidcState"]}
    assert (await sign_in(visitor, crossed, tosAccepted=True)).message == FAILED
    nowhere = {"oidcCode": here["oidcCode"], "oidcProviderType": 2}
    assert (await sign_in(visitor, nowhere, tosAccepted=True)).message == FAILED


async def test_who_takes_too_long_begins_anew(visitor: Visitor, database: Database, go: Go) -> None:
    body = await go()
    await database.execute("UPDATE auth_oidc_flow SET created = created - interval '10 minutes'")
    assert (await sign_in(visitor, body, tosAccepted=True)).message == FAILED


async def test_two_who_begin_at_the_same_time_do_not_disturb_each_other(
    visitor: Visitor, home: OpenIDProvider, google: OpenIDProvider, go: Go
) -> None:
    bodies = [await go("home"), await go("google"), await go("home")]
    answers = [await sign_in(visitor, body, tosAccepted=True) for body in reversed(bodies)]
    accounts = [answer.value["authAccountID"] for answer in answers]
    assert (accounts[0] == accounts[2], len(set(accounts))) == (True, 2)


async def test_every_process_knows_who_was_sent_away(
    visitor: Visitor, start_api: StartAPI, options: str, go: Go
) -> None:
    elsewhere = await start_api(options)
    assert (await sign_in(elsewhere, await go(), tosAccepted=True)).status == 200


async def test_keys_may_change_between_going_and_coming_back(
    visitor: Visitor, home: OpenIDProvider, go: Go
) -> None:
    assert (await sign_in(visitor, await go(), tosAccepted=True)).status == 200
    body = await go()
    home.rotate()
    home.asked.clear()
    assert (await sign_in(visitor, body)).status == 200
    assert home.asked == ["/token", "/jwks"]


async def test_a_session_can_be_lowered_from_the_start(visitor: Visitor, go: Go) -> None:
    lowered = {"permissionsAccount": {"notes": 2}, "tosAccepted": True}
    session = (await sign_in(visitor, await go(), **lowered)).value
    assert session["permissionsAccount"]["notes"] == 2
    assert (await visitor.signed_in(session).get("/notes/pages")).status == 403


def _in(url: str, name: str) -> str:
    return url.partition(f"&{name}=")[2].partition("&")[0]
