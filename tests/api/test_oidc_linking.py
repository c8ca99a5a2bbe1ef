"""Identities of accounts: linking them, taking them away, and that nobody is locked out by that."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from homechart_common.postgresql.database import Database
from tests.authenticator import Authenticator, enrol
from tests.callers import Answer
from tests.openid_provider import OpenIDProvider, come_back, openid_provider
from tests.visitors import PASSWORD, Letters, StartAPI, Visitor, new_address

FAILED = "Signing in there did not work, please try again"


@pytest.fixture(scope="module")
async def home() -> AsyncIterator[OpenIDProvider]:
    async with openid_provider(redirect_uris={"http://localhost:3000/oidc?provider=home"}) as provider:
        yield provider


@pytest.fixture(scope="module")
async def work() -> AsyncIterator[OpenIDProvider]:
    async with openid_provider(redirect_uris={"http://localhost:3000/oidc?provider=work"}) as provider:
        yield provider


@pytest.fixture(scope="module")
async def visitor(start_api: StartAPI, home: OpenIDProvider, work: OpenIDProvider) -> Visitor:
    both = {**home.options("home", displayName="Our home"), **work.options("work")}
    return await start_api(f"config={json.dumps({'oidc': both})}")


@pytest.fixture(autouse=True)
def as_new(home: OpenIDProvider, work: OpenIDProvider) -> None:
    for provider in (home, work):
        provider.person = {"sub": uuid.uuid4().hex, "email": new_address(), "email_verified": True}


async def new_account(visitor: Visitor, address: str = "") -> Visitor:
    """Somebody with a password."""
    body = {"emailAddress": address or new_address(), "password": PASSWORD, "tosAccepted": True}
    return visitor.signed_in((await visitor.post("/auth/accounts", body)).value)


async def code_for(who: Visitor, name: str = "home") -> dict[str, str]:
    back = await come_back((await who.get(f"/oidc/{name}?pkce=true")).value["url"])
    return {"oidcCode": back["code"], "oidcState": back["state"]}


async def link(who: Visitor, name: str = "home") -> Answer:
    return await who.put(who.home, await code_for(who, name))


async def sign_in(visitor: Visitor, name: str = "home", **members: Any) -> Answer:
    return await visitor.post("/auth/signin", {**await code_for(visitor, name), **members})


async def identities(who: Visitor) -> list[dict[str, Any]]:
    return (await who.get(f"{who.home}/identities")).values


async def unlink(who: Visitor, identity: dict[str, Any]) -> Answer:
    return await who.remove(f"{who.home}/identities/{identity['id']}")


async def test_who_has_linked_an_identity_signs_in_with_that_and_with_the_password(
    visitor: Visitor, home: OpenIDProvider, letters: Letters
) -> None:
    address = new_address()
    ann = await new_account(visitor, address)
    linked = await link(ann)
    assert (linked.value["id"], linked.value["oidcCode"], linked.value["emailAddress"]) == (
        ann.account,
        "",
        address,
    )
    assert (await sign_in(visitor)).value["authAccountID"] == ann.account
    body = {"emailAddress": address, "password": PASSWORD}
    assert (await visitor.post("/auth/signin", body)).status == 200
    (identity,) = await identities(ann)
    assert identity.keys() == {"id", "authAccountID", "issuer", "emailAddress", "created", "lastUsed"}
    assert (identity["issuer"], identity["emailAddress"]) == (home.issuer, home.person["email"])
    assert identity["lastUsed"] > identity["created"]
    notice = (await letters(address))[1]
    assert (notice.kind, notice.subject) == ("oidc_linked", "You can sign in with Our home")


async def test_there_can_be_several_and_each_once(
    visitor: Visitor, home: OpenIDProvider, work: OpenIDProvider
) -> None:
    ann = await new_account(visitor)
    assert [(await link(ann, name)).status for name in ("home", "work", "home")] == [200, 200, 204]
    home.person = {"sub": "another of hers"}
    assert (await link(ann)).status == 200
    assert [identity["issuer"] for identity in await identities(ann)] == [
        home.issuer,
        work.issuer,
        home.issuer,
    ]
    assert (await sign_in(visitor, "work")).value["authAccountID"] == ann.account


async def test_an_identity_signs_in_to_one_account(visitor: Visitor) -> None:
    ann, bob = await new_account(visitor), await new_account(visitor)
    await link(ann)
    refused = await link(bob)
    assert (refused.status, refused.message) == (409, "This identity signs in to another account here")
    assert (await sign_in(visitor)).value["authAccountID"] == ann.account
    assert await identities(bob) == []


async def test_two_who_link_the_same_at_once_do_not_both_get_it(visitor: Visitor) -> None:
    people = [await new_account(visitor) for _ in range(4)]
    answers = await asyncio.gather(*(link(who) for who in people))
    assert sorted(answer.status for answer in answers) == [200, 409, 409, 409]


async def test_what_others_began_cannot_be_linked(visitor: Visitor) -> None:
    ann, eve = await new_account(visitor), await new_account(visitor)
    for who in (eve, visitor):
        planted = await code_for(who)
        assert (await ann.put(ann.home, planted)).message == FAILED
    assert await identities(ann) == []


async def test_nobody_links_to_the_account_of_another(
    visitor: Visitor, admin: Visitor, database: Database
) -> None:
    ann, eve = await new_account(visitor), await new_account(visitor)
    chief = visitor.signed_in(admin.session)
    for who in (eve, chief):
        assert (await who.put(ann.home, await code_for(who))).status == 403
    lowered = await ann.post("/auth/sessions", {"permissionsAccount": {"auth": 1}, "name": "x"})
    assert (await link(ann.signed_in(lowered.value))).status == 403
    household = await ann.new_household()
    await ann.post(f"/auth/households/{household}/invites", {"child": True, "name": "Leo"})
    leo = await database.fetch_value(
        "SELECT id FROM auth_account WHERE child AND primary_auth_household_id = %(id)s", {"id": household}
    )
    child = ann.signed_in((await ann.post("/auth/sessions", {"authAccountID": leo, "name": "x"})).value)
    assert (await link(child)).status == 403
    assert await identities(ann) == []


async def test_a_child_does_not_come_in_from_elsewhere(
    visitor: Visitor, home: OpenIDProvider, database: Database
) -> None:
    ann = await new_account(visitor)
    await link(ann)
    await database.execute("UPDATE auth_account SET child = true WHERE id = %(id)s", {"id": ann.account})
    assert (await sign_in(visitor)).message == "Account does not exist"


async def test_a_password_is_set_before_anything_is_linked(visitor: Visitor) -> None:
    ann = await new_account(visitor)
    body = {**await code_for(ann), "password": "another-horse-9"}
    assert (await ann.put(ann.home, body)).status == 200
    assert await identities(ann) == []


async def test_what_is_taken_away_signs_in_no_more(
    visitor: Visitor, home: OpenIDProvider, letters: Letters
) -> None:
    address = new_address()
    ann = await new_account(visitor, address)
    await link(ann)
    (identity,) = await identities(ann)
    assert (await unlink(ann, identity)).status == 200
    assert (await unlink(ann, identity)).status == 204
    assert (await sign_in(visitor)).message == "Account does not exist"
    notice = (await letters(address))[-1]
    assert (notice.kind, notice.subject) == ("oidc_unlinked", "You can no longer sign in with Our home")
    bob = await new_account(visitor)
    assert (await link(bob)).status == 200


async def test_the_last_way_in_stays(visitor: Visitor) -> None:
    ann = visitor.signed_in((await sign_in(visitor, tosAccepted=True)).value)
    (first,) = await identities(ann)
    refused = await unlink(ann, first)
    assert (refused.status, refused.message) == (
        400,
        "You could not sign in any more: please choose a password first",
    )
    assert (await sign_in(visitor)).value["authAccountID"] == ann.account
    await link(ann, "work")
    assert (await unlink(ann, first)).status == 200
    (second,) = await identities(ann)
    assert (await unlink(ann, second)).status == 400
    assert (await ann.put(ann.home, {"password": PASSWORD})).status == 200
    assert (await unlink(ann, second)).status == 200


async def test_a_passkey_is_a_way_in_and_stays_if_it_is_the_last(visitor: Visitor) -> None:
    ann = visitor.signed_in((await sign_in(visitor, tosAccepted=True)).value)
    passkey = (await enrol(ann, Authenticator(), "Phone")).value
    path = f"{ann.home}/passkeys/{passkey['id']}"
    (identity,) = await identities(ann)
    assert (await unlink(ann, identity)).status == 200
    assert (
        await ann.remove(path)
    ).message == "You could not sign in any more: please choose a password first"
    assert [left["name"] for left in (await ann.get(f"{ann.home}/passkeys")).values] == ["Phone"]
    await ann.put(ann.home, {"password": PASSWORD})
    assert (await ann.remove(path)).status == 200


async def test_whom_a_proxy_signs_in_needs_no_other_way(visitor: Visitor, start_api: StartAPI) -> None:
    behind = await start_api("app_proxyaddress=127.0.0.1", "app_proxyheaderemail=Remote-Email")
    ann = behind.signed_in((await sign_in(visitor, tosAccepted=True)).value)
    (identity,) = await identities(ann)
    assert (await unlink(ann, identity)).status == 200


async def test_whom_a_proxy_signs_in_may_link_an_identity_all_the_same(
    start_api: StartAPI, home: OpenIDProvider
) -> None:
    proxied = ("app_proxyaddress=127.0.0.1", "app_proxyheaderemail=Remote-Email")
    behind = await start_api(*proxied, f"config={json.dumps({'oidc': home.options('home')})}")
    behind.headers["Remote-Email"] = new_address()
    behind.account = (await behind.get("/auth/signin")).value["authAccountID"]
    assert (await link(behind)).status == 200
    assert (await sign_in(behind)).value["authAccountID"] == behind.account


async def test_how_often_somebody_tries_to_link_is_limited(visitor: Visitor, start_api: StartAPI) -> None:
    limited = (await start_api("app_ratelimiterrate=2-H")).signed_in((await new_account(visitor)).session)
    del limited.headers["x-homechart-ratelimiterkey"]
    body = {"oidcCode": "x", "oidcState": "y"}
    assert [(await limited.put(limited.home, body)).status for _ in range(3)] == [400, 400, 429]


async def test_of_two_last_ways_in_one_stays(visitor: Visitor) -> None:
    ann = visitor.signed_in((await sign_in(visitor, tosAccepted=True)).value)
    await link(ann, "work")
    answers = await asyncio.gather(*(unlink(ann, identity) for identity in await identities(ann)))
    assert sorted(answer.status for answer in answers) == [200, 400]
    assert len(await identities(ann)) == 1


async def test_a_provider_that_is_not_there_any_more_is_no_way_in(
    visitor: Visitor, start_api: StartAPI, home: OpenIDProvider
) -> None:
    ann = visitor.signed_in((await sign_in(visitor, tosAccepted=True)).value)
    await link(ann, "work")
    fewer = (await start_api(f"config={json.dumps({'oidc': home.options('home')})}")).signed_in(ann.session)
    at_home, at_work = await identities(fewer)
    assert (await unlink(fewer, at_home)).status == 400
    assert (await unlink(fewer, at_work)).status == 200


async def test_identities_are_for_whoever_controls_the_account(visitor: Visitor, admin: Visitor) -> None:
    ann, eve = await new_account(visitor), await new_account(visitor)
    await link(ann)
    (identity,) = await identities(ann)
    lowered = await ann.post("/auth/sessions", {"permissionsAccount": {"auth": 1}, "name": "x"})
    for who in (eve, visitor.signed_in(admin.session), ann.signed_in(lowered.value)):
        assert (await who.get(f"{ann.home}/identities")).status == 403
        assert (await who.remove(f"{ann.home}/identities/{identity['id']}")).status == 403
    assert (await eve.remove(f"{eve.home}/identities/{identity['id']}")).status == 204
    assert await identities(ann) == [identity]


async def test_a_new_password_keeps_identities_and_a_forgotten_one_takes_them_away(
    visitor: Visitor, letters: Letters
) -> None:
    address = new_address()
    ann = await new_account(visitor, address)
    await link(ann)
    assert (await ann.put(ann.home, {"password": "another-horse-9"})).status == 200
    assert (await sign_in(visitor)).status == 200
    await visitor.post("/auth/reset", {"emailAddress": address})
    token = (await letters(address))[-1].token
    body = {"emailAddress": address, "password": PASSWORD, "passwordResetToken": token}
    assert (await visitor.put("/auth/reset", body)).status == 200
    assert (await sign_in(visitor)).message == "Account does not exist"


async def test_identities_go_with_their_account(
    visitor: Visitor, database: Database, home: OpenIDProvider
) -> None:
    ann = await new_account(visitor)
    await link(ann)
    await ann.remove(ann.home)
    assert (await sign_in(visitor)).message == "Account does not exist"
    assert (await sign_in(visitor, tosAccepted=True)).value["authAccountID"] != ann.account


async def test_old_clients_are_shown_the_provider_that_they_know(
    visitor: Visitor, database: Database
) -> None:
    ann = await new_account(visitor)
    shown = [(await ann.get(ann.home)).value["oidcProviderType"]]
    for issuer in ("https://accounts.google.com", "https://id.home.test"):
        await database.execute(
            "INSERT INTO auth_identity (auth_account_id, issuer, subject) VALUES (%(id)s, %(issuer)s, %(id)s)",
            {"id": ann.account, "issuer": issuer},
        )
        shown.append((await ann.get(ann.home)).value["oidcProviderType"])
    for identity in await identities(ann):
        assert (await unlink(ann, identity)).status == 200
        shown.append((await ann.get(ann.home)).value["oidcProviderType"])
    assert shown == [0, 2, 2, 0, 0]


async def test_a_session_that_ended_links_nothing(visitor: Visitor) -> None:
    ann = await new_account(visitor)
    body = await code_for(ann)
    await ann.remove("/auth/sessions")
    assert (await ann.put(ann.home, body)).status == 410
