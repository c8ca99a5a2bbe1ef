"""Signing in, the forms in which a request can say who it is from, and what paths demand."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import pytest
from aiohttp.helpers import encode_basic_auth

from homechart_common.postgresql.database import Database
from tests.visitors import PASSWORD, Letters, SignUp, StartAPI, Visitor, new_address

NIL = str(uuid.UUID(int=0))
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"


async def test_a_password_opens_a_session(api: Visitor, sign_up: SignUp) -> None:
    address = new_address()
    ann = await sign_up(emailAddress=address)
    body = {"emailAddress": address.upper(), "password": PASSWORD}
    session = (await api.post("/auth/signin", body, User_Agent=BROWSER)).value
    assert (session["authAccountID"], session["name"], session["userAgent"]) == (
        ann.account,
        "Firefox",
        "firefox",
    )
    assert session["key"] != NIL
    assert (await api.signed_in(session).get("/bookmarks")).status == 200


async def test_the_person_is_told_of_a_sign_in(api: Visitor, sign_up: SignUp, letters: Letters) -> None:
    address = new_address()
    await sign_up(emailAddress=address)
    await api.post("/auth/signin", {"emailAddress": address, "password": PASSWORD}, User_Agent=BROWSER)
    *_, notice = await letters(address)
    assert notice.kind == "sign_in"
    assert "Firefox" in notice.body
    assert r"127\.0\.0\.1" in notice.body


@pytest.mark.parametrize(("remember", "seconds"), [(False, 3600), (True, 7776000)])
async def test_a_session_lasts_as_long_as_asked(
    api: Visitor, sign_up: SignUp, remember: bool, seconds: int
) -> None:
    address = new_address()
    await sign_up(emailAddress=address)
    body = {"emailAddress": address, "password": PASSWORD, "rememberMe": remember}
    session = (await api.post("/auth/signin", body)).value
    created, expires = (datetime.fromisoformat(session[name]) for name in ("created", "expires"))
    assert abs((expires - created).total_seconds() - seconds) < 5


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"password": "wrong-horse-9"}, "Incorrect password"),
        ({"password": ""}, "Incorrect password"),
        ({"password": None}, "Incorrect password"),
        ({"emailAddress": "nobody@house.test"}, "Account does not exist"),
        ({"emailAddress": "no address"}, "emailAddress: must be a mail address"),
        ({"password": 12345678}, "password: must be a string"),
        ({"oidcCode": "x"}, "oidcCode: must come with the oidcState that belongs to it"),
        ({"oidcCode": "x", "oidcState": "y"}, "Signing in there did not work, please try again"),
    ],
    ids=str,
)
async def test_what_does_not_match_is_refused(
    api: Visitor, sign_up: SignUp, members: dict[str, Any], message: str
) -> None:
    address = new_address()
    await sign_up(emailAddress=address)
    answer = await api.post("/auth/signin", {"emailAddress": address, "password": PASSWORD, **members})
    assert (answer.status, answer.message) == (400, message)


async def test_signing_in_minds_only_what_it_needs(api: Visitor, sign_up: SignUp) -> None:
    address = new_address()
    await sign_up(emailAddress=address)
    body = {"emailAddress": address, "password": PASSWORD, "name": "", "timeZone": "Middle/Earth", "id": "x"}
    assert (await api.post("/auth/signin", body)).status == 200


async def test_children_cannot_sign_in(api: Visitor, sign_up: SignUp, database: Database) -> None:
    ann = await sign_up()
    household = await ann.new_household()
    await ann.post(f"/auth/households/{household}/invites", {"child": True, "name": "Leo"})
    members = (await ann.get(f"/auth/households/{household}")).value["members"]
    (child,) = (member for member in members if member["child"])
    for password in ("", PASSWORD):
        body = {"emailAddress": child["emailAddress"], "password": password}
        assert (await api.post("/auth/signin", body)).status == 400


async def test_a_session_can_be_lowered_from_the_start(api: Visitor, sign_up: SignUp) -> None:
    address = new_address()
    ann = await sign_up(emailAddress=address)
    household = await ann.new_household()
    body = {
        "emailAddress": address,
        "password": PASSWORD,
        "permissionsAccount": {"auth": 2, "notes": 2},
        "permissionsHouseholds": [
            {"authHouseholdID": household, "permissions": {"shop": 1}},
            {"authHouseholdID": household, "permissions": {"shop": 0}},
            {"authHouseholdID": str(uuid.uuid4()), "permissions": {"shop": 0}},
        ],
    }
    session = (await api.post("/auth/signin", body)).value
    assert (session["permissionsAccount"]["auth"], session["permissionsAccount"]["notes"]) == (1, 2)
    (entry,) = session["permissionsHouseholds"]
    assert (entry["authHouseholdID"], entry["permissions"]["shop"]) == (household, 1)
    lowered = api.signed_in(session)
    assert (await lowered.get("/shop/lists")).status == 200
    body = {"name": "List", "authHouseholdID": household}
    assert (await lowered.post("/shop/lists", body)).status == 403


async def test_the_current_session_can_be_read(sign_up: SignUp) -> None:
    ann = await sign_up()
    household = await ann.new_household()
    session = (await ann.get("/auth/signin")).value
    assert (session["id"], session["key"]) == (ann.session["id"], NIL)
    assert session["primaryAuthHouseholdID"] == household
    assert [entry["authHouseholdID"] for entry in session["permissionsHouseholds"]] == [household]
    assert "admin" not in session


async def test_administrators_are_named_in_the_configuration(admin: Visitor, sign_up: SignUp) -> None:
    assert (await admin.get("/auth/signin")).value["admin"] is True
    ann = await sign_up()
    assert "admin" not in ann.session


async def test_only_a_verified_address_makes_an_administrator(start_api: StartAPI, letters: Letters) -> None:
    address = new_address()
    api = await start_api(f"app_adminemailaddresses={address.upper()}")
    body = {"emailAddress": address, "password": PASSWORD, "tosAccepted": True}
    ann = api.signed_in((await api.post("/auth/accounts", body)).value)
    assert "admin" not in (await api.post("/auth/signin", body)).value
    (welcome, _) = await letters(address)
    await api.put(f"/auth/verify?id={ann.account}&token={welcome.token}")
    assert (await api.post("/auth/signin", body)).value["admin"] is True


def forms(session_id: str, key: str) -> dict[str, dict[str, str]]:
    """Headers that say who a request is from, in every form that is understood."""
    return {
        "headers": {"x-homechart-id": session_id, "x-homechart-key": key},
        "upper case": {"x-homechart-id": session_id.upper(), "x-homechart-key": key.upper()},
        "key alone": {"x-homechart-key": key},
        "three parts": {"Authorization": f"Bearer {NIL}_{session_id}_{key}"},
        "three parts, no scheme": {"Authorization": f"{NIL}_{session_id}_{key}"},
        "two parts": {"Authorization": f"Bearer {session_id}_{key}"},
        "two parts, colon": {"Authorization": f"Bearer {session_id}:{key}"},
        "bare key": {"Authorization": f"Bearer {key}"},
        "bare key beside headers": {
            "Authorization": f"Bearer {key}",
            "x-homechart-id": session_id,
            "x-homechart-key": key,
        },
        "headers beside something else": {
            "Authorization": encode_basic_auth("jane", "secret"),
            "x-homechart-id": session_id,
            "x-homechart-key": key,
        },
        "headers beside another token": {
            "Authorization": f"Bearer {uuid.uuid4()}",
            "x-homechart-id": session_id,
            "x-homechart-key": key,
        },
        "parts before headers": {
            "Authorization": f"Bearer {session_id}_{key}",
            "x-homechart-id": "null",
            "x-homechart-key": "null",
        },
    }


@pytest.mark.parametrize("form", forms("", ""))
async def test_credentials_are_understood(api: Visitor, sign_up: SignUp, form: str) -> None:
    ann = await sign_up()
    headers = forms(ann.session["id"], ann.session["key"])[form]
    answer = await api.call("GET", "/auth/signin", None, {**api.headers, **headers})
    assert answer.value["id"] == ann.session["id"]


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"x-homechart-id": "{id}"},
        {"x-homechart-id": "{id}", "x-homechart-key": NIL},
        {"x-homechart-id": NIL, "x-homechart-key": "{key}"},
        {"x-homechart-id": "{other}", "x-homechart-key": "{key}"},
        {"x-homechart-id": "{id}", "x-homechart-key": "{other}"},
        {"x-homechart-id": "null", "x-homechart-key": "null"},
        {"x-homechart-id": "{key}", "x-homechart-key": "{id}"},
        {"Authorization": f"Bearer {NIL}_{{id}}_{{other}}"},
        {"Authorization": "Bearer {other}_{key}"},
        {"Authorization": "Bearer {other}"},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer {id}_{key}_{key}_{key}"},
        {"Cookie": "ID={id}; Key={key}"},
    ],
    ids=str,
)
async def test_other_credentials_are_nobodys(api: Visitor, sign_up: SignUp, form: dict[str, str]) -> None:
    ann = await sign_up()
    values = {"id": ann.session["id"], "key": ann.session["key"], "other": str(uuid.uuid4())}
    headers = {name: value.format(**values) for name, value in form.items()}
    answer = await api.call("GET", "/auth/signin", None, headers)
    assert (answer.status, answer.message) == (410, "Please sign in")


async def test_cookies_count_where_a_session_is_optional(
    start_api: StartAPI, admin: Visitor, sign_up: SignUp
) -> None:
    closed = await start_api("app_signupdisabled=true")
    ann = await sign_up()
    body = {"emailAddress": new_address(), "password": PASSWORD, "tosAccepted": True}
    cookie = f"ID={admin.session['id']}; Key={admin.session['key']}"
    # The cookie wins over the header.
    answer = await closed.signed_in(ann.session).post("/auth/accounts", body, Cookie=cookie)
    assert answer.status == 200
    body["emailAddress"] = new_address()
    page = {"Cookie": cookie, "Sec_Fetch_Site": "cross-site"}
    assert (await closed.post("/auth/accounts", body, **page)).status == 400, "a page of somebody else"
    mixed = f"ID={ann.session['id']}; Key={admin.session['key']}"
    assert (await closed.post("/auth/accounts", body, Cookie=mixed)).status == 400


async def test_a_session_that_is_over_is_nobodys(sign_up: SignUp, database: Database) -> None:
    ann = await sign_up()
    assert (await ann.get("/bookmarks")).status == 200
    expire = "UPDATE auth_session SET expires = now() - interval '1 second' WHERE id = %(id)s"
    await database.execute(expire, {"id": ann.session["id"]})
    for path in ("/auth/signin", "/bookmarks", "/auth/households"):
        assert (await ann.get(path)).status == 410


async def test_paths_name_the_own_account(sign_up: SignUp) -> None:
    ann, bob = await sign_up(), await sign_up()
    for method, suffix in [
        ("GET", ""), ("PUT", ""), ("DELETE", ""), ("PUT", "/keys"), ("GET", "/totp"), ("POST", "/totp"),
        ("PUT", "/totp"), ("DELETE", "/sessions"),
    ]:  # fmt: skip
        for other in (bob.account, str(uuid.uuid4()), bob.account.upper()):
            answer = await ann.call(method, f"/auth/accounts/{other}{suffix}", {})
            assert answer.status == 403, (method, suffix)
    assert (await ann.get("/auth/accounts/nonsense")).status == 400
    assert (await ann.get(f"/auth/accounts/{ann.account.upper()}")).status == 200


async def test_paths_name_an_own_household(sign_up: SignUp) -> None:
    ann, bob = await sign_up(), await sign_up()
    household = await ann.new_household()
    member = f"/members/{bob.account}"
    for method, suffix in [
        ("GET", ""), ("PUT", ""), ("DELETE", ""), ("POST", "/invites"), ("PUT", member), ("DELETE", member),
        ("DELETE", "/members/invites"), ("PUT", "/members/%2Finvites"),
    ]:  # fmt: skip
        for other in (household, str(uuid.uuid4())):
            answer = await bob.call(method, f"/auth/households/{other}{suffix}", {})
            assert answer.status == 403, (method, suffix)
    assert (await bob.get("/auth/households/nonsense")).status == 400


async def test_there_is_no_provider_to_sign_in_with(api: Visitor) -> None:
    assert (await api.get("/oidc")).values == []
    unknown = await api.get("/oidc/google")
    assert (unknown.status, unknown.body) == (200, None)
