"""People whom a proxy in front of the server has signed in: who is believed, and which session they get."""

from __future__ import annotations

import asyncio
import uuid

import aiohttp
import pytest

from homechart_common.postgresql.database import Database
from tests.callers import Answer
from tests.factories import new_account
from tests.visitors import PASSWORD, Letters, SignUp, StartAPI, Visitor, new_address

NIL = str(uuid.UUID(int=0))
PROXY = ("app_proxyaddress=127.0.0.", "app_proxyheaderemail=Remote-Email", "app_proxyheadername=Remote-Name")


@pytest.fixture(scope="module")
async def behind(start_api: StartAPI) -> Visitor:
    """Somebody without a session at a server behind such a proxy."""
    return await start_api(*PROXY)


async def session_of(visitor: Visitor, address: str, **headers: str) -> Answer:
    """Ask for one's session, as the proxy passes it on."""
    return await visitor.get("/auth/signin", Remote_Email=address, **headers)


async def count(database: Database, table: str, condition: str, **values: str) -> int:
    return int(await database.fetch_value(f"SELECT count(*) FROM {table} WHERE {condition}", values))


async def test_whom_the_proxy_names_is_signed_in(behind: Visitor) -> None:
    address = new_address()
    session = (await session_of(behind, address, Remote_Name="Ann")).value
    assert (session["key"], session["permissionsHouseholds"]) == (NIL, [])
    assert "admin" not in session
    headers = {"Remote_Email": address, "x_homechart_id": session["id"], "x_homechart_key": NIL}
    account = (await behind.get(f"/auth/accounts/{session['authAccountID']}", **headers)).value
    assert (account["emailAddress"], account["name"], account["verified"]) == (address, "Ann", True)
    task = await behind.post("/plan/tasks", {"name": "x"}, **headers)
    assert task.value["authAccountID"] == session["authAccountID"]
    assert len((await behind.get("/shop/lists", **headers)).values) == 1
    assert (await behind.get("/auth/households", **headers)).values == []


async def test_who_comes_for_the_first_time_has_no_password(behind: Visitor) -> None:
    address = new_address()
    await session_of(behind, address)
    for password in ("", PASSWORD):
        assert (
            await behind.post("/auth/signin", {"emailAddress": address, "password": password})
        ).status == 400


async def test_whoever_claimed_an_address_is_out_when_its_owner_comes(
    start_api: StartAPI, database: Database
) -> None:
    address = new_address()
    behind = await start_api(*PROXY, f"app_adminemailaddresses={address}")
    body = {"emailAddress": address, "password": PASSWORD, "tosAccepted": True}
    claimant = behind.signed_in((await behind.post("/auth/accounts", body)).value)
    assert (await claimant.put("/icalendar")).value["icalendarID"]
    session = (await session_of(behind, address)).value
    assert (session["authAccountID"], session["admin"]) == (claimant.account, True)
    assert (await claimant.get("/auth/signin")).status == 410
    assert (await behind.post("/auth/signin", body)).message == "Incorrect password"
    condition = "id = %(id)s AND verified AND icalendar_id IS NULL"
    assert await count(database, "auth_account", condition, id=claimant.account) == 1
    assert (await session_of(behind, address)).value["id"] == session["id"]


async def test_a_password_of_somebody_whose_address_is_theirs_stays(
    start_api: StartAPI, database: Database
) -> None:
    behind = await start_api(*PROXY)
    unreachable = f"{uuid.uuid4().hex}@example.com"  # no mail goes there, so nothing could ever prove it
    for address in (new_address(), unreachable):
        body = {"emailAddress": address, "password": PASSWORD, "tosAccepted": True}
        ann = behind.signed_in((await behind.post("/auth/accounts", body)).value)
        if address != unreachable:
            await database.execute(
                "UPDATE auth_account SET verified = true WHERE id = %(id)s", {"id": ann.account}
            )
        assert (await session_of(behind, address)).value["authAccountID"] == ann.account
        assert (await ann.get("/auth/signin")).status == 200
        assert (await behind.post("/auth/signin", body)).status == 200


@pytest.mark.parametrize("name", ["", " ", "x" * 201, "a\x80b"])
async def test_whatever_the_proxy_says_of_the_name_the_person_comes_in(behind: Visitor, name: str) -> None:
    address = new_address()
    session = (await session_of(behind, address, Remote_Name=name)).value
    account = await behind.get(f"/auth/accounts/{session['authAccountID']}", Remote_Email=address)
    assert account.value["name"] in ("Homecharter", name)


async def test_an_account_that_there_is_already_is_used(
    behind: Visitor, sign_up: SignUp, letters: Letters
) -> None:
    address = new_address()
    ann = await sign_up(emailAddress=address)
    (welcome,) = await letters(address)
    await behind.put(f"/auth/verify?id={ann.account}&token={welcome.token}")
    session = (await session_of(behind, address.upper(), Remote_Name="Eve")).value
    assert session["authAccountID"] == ann.account
    assert session["id"] != ann.session["id"]
    assert (await ann.get(ann.home)).value["name"] == "Homecharter"


async def test_many_requests_at_once_are_one_person_with_one_session(
    behind: Visitor, database: Database
) -> None:
    address = new_address()
    answers = await asyncio.gather(*(session_of(behind, address) for _ in range(8)))
    assert len({answer.value["id"] for answer in answers}) == 1
    account = answers[0].value["authAccountID"]
    assert await count(database, "auth_session", "auth_account_id = %(id)s", id=account) == 1
    assert await count(database, "bookmark", "auth_account_id = %(id)s", id=account) == 1


async def test_every_process_knows_the_session_and_every_browser_has_its_own(
    behind: Visitor, start_api: StartAPI
) -> None:
    address, elsewhere = new_address(), await start_api(*PROXY)
    first = (await session_of(behind, address)).value
    assert (await session_of(elsewhere, address)).value["id"] == first["id"]
    browser = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
    second = (await session_of(behind, address, User_Agent=browser)).value
    assert second["id"] != first["id"]
    assert (second["name"], second["userAgent"]) == ("Firefox", "firefox")


async def test_a_session_that_is_over_begins_anew(behind: Visitor, database: Database) -> None:
    address = new_address()
    session = (await session_of(behind, address)).value
    lower = {"permissionsAccount": {"shop": 2}}
    assert (await behind.put(f"/auth/sessions/{session['id']}", lower, Remote_Email=address)).status == 200
    assert (await behind.get("/shop/lists", Remote_Email=address)).status == 403
    assert (await behind.get("/bookmarks", Remote_Email=address)).status == 200
    expire = "UPDATE auth_session SET expires = now() - interval '1 second' WHERE id = %(id)s"
    await database.execute(expire, {"id": session["id"]})
    assert (await behind.get("/bookmarks", Remote_Email=address)).status == 200
    renewed = (await session_of(behind, address)).value
    assert (renewed["id"], renewed["permissionsAccount"]["shop"]) == (session["id"], 0)
    assert renewed["expires"] > session["expires"]
    await behind.remove(f"/auth/sessions/{session['id']}", Remote_Email=address)
    assert (await session_of(behind, address)).value["id"] != session["id"]


async def test_an_address_that_was_given_up_is_nobodys(behind: Visitor) -> None:
    old, new = new_address(), new_address()
    ann = (await session_of(behind, old)).value
    path = f"/auth/accounts/{ann['authAccountID']}"
    assert (await behind.put(path, {"emailAddress": new}, Remote_Email=old)).status == 200
    assert (await session_of(behind, old)).value["authAccountID"] != ann["authAccountID"]
    assert (await session_of(behind, new)).value["authAccountID"] == ann["authAccountID"]


async def test_administrators_are_administrators_here_too(start_api: StartAPI) -> None:
    address = new_address()
    behind = await start_api(*PROXY, f"app_adminemailaddresses={address}")
    assert (await session_of(behind, address)).value["admin"] is True
    assert "admin" not in (await session_of(behind, new_address())).value


async def test_credentials_count_before_what_the_proxy_says(
    behind: Visitor, sign_up: SignUp, database: Database
) -> None:
    address = new_address()
    bob = behind.signed_in((await sign_up()).session)
    assert (await session_of(bob, address)).value["authAccountID"] == bob.account
    stale = behind.signed_in({**bob.session, "key": str(uuid.uuid4())})
    assert (await session_of(stale, address)).status == 410
    assert await count(database, "auth_account", "email_address = %(address)s", address=address) == 0


@pytest.mark.parametrize("address", ["", "Ann", "ann @house.test", "x" * 400 + "@house.test"])
async def test_what_is_no_address_names_nobody(behind: Visitor, address: str) -> None:
    assert (await session_of(behind, address)).status == 410


async def test_children_do_not_come_in(behind: Visitor, database: Database) -> None:
    child = await new_account(database, child=True)
    address = await database.fetch_value(
        "SELECT email_address FROM auth_account WHERE id = %(id)s", {"id": child}
    )
    assert (await session_of(behind, address)).status == 410


@pytest.mark.parametrize(
    "options",
    [
        (),
        PROXY[1:],
        PROXY[:1],
        ("app_proxyaddress=10.", *PROXY[1:]),
        ("app_proxyaddress=127.0.0.10", *PROXY[1:]),
    ],
    ids=["nothing", "no address", "no header", "another network", "another address"],
)
async def test_nobody_else_is_believed(
    start_api: StartAPI, database: Database, options: tuple[str, ...]
) -> None:
    address, server = new_address(), await start_api(*options)
    assert (await session_of(server, address, X_Forwarded_For="10.0.0.1")).status == 410
    assert await count(database, "auth_account", "email_address = %(address)s", address=address) == 0


@pytest.mark.parametrize("place", ["127.0.0.1", "127.0.0.0/28"])
async def test_an_address_that_only_begins_alike_is_another_one(start_api: StartAPI, place: str) -> None:
    behind = await start_api(f"app_proxyaddress={place}", *PROXY[1:])
    url, headers = behind.client.make_url("/api/v1/auth/signin"), {"Remote-Email": new_address()}
    for origin, status in (("127.0.0.1", 200), ("127.0.0.17", 410), ("127.0.0.100", 410)):
        connector = aiohttp.TCPConnector(local_addr=(origin, 0))
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.get(url, headers=headers) as answer,
        ):
            assert answer.status == status, origin


@pytest.mark.parametrize(
    ("site", "status"), [("same-origin", 200), ("none", 200), ("same-site", 410), ("cross-site", 410)]
)
async def test_pages_of_others_do_not_act_for_whom_the_proxy_knows(
    behind: Visitor, site: str, status: int
) -> None:
    assert (await session_of(behind, new_address(), Sec_Fetch_Site=site)).status == status


async def test_the_key_of_such_a_session_cannot_be_sent(behind: Visitor) -> None:
    address = new_address()
    session = (await session_of(behind, address, User_Agent="x")).value
    for key in (f"proxied {session['authAccountID']} x", f"{session['authAccountID']} x", "", NIL):
        for headers in (
            {"x_homechart_id": session["id"], "x_homechart_key": key},
            {"Authorization": f"Bearer {key}"},
        ):
            assert (await behind.get("/auth/signin", **headers, User_Agent="x")).status == 410


async def test_a_closed_server_stays_closed_but_to_administrators(start_api: StartAPI) -> None:
    address = new_address()
    closed = await start_api(*PROXY, "app_signupdisabled=true", f"app_adminemailaddresses={address}")
    body = {"emailAddress": new_address(), "password": PASSWORD, "tosAccepted": True}
    assert (await closed.post("/auth/accounts", body, Remote_Email=new_address())).status == 400
    elsewhere = {"Remote_Email": address, "Sec_Fetch_Site": "cross-site"}
    assert (await closed.post("/auth/accounts", body, **elsewhere)).status == 400
    assert (await closed.post("/auth/accounts", body, Remote_Email=address)).status == 200


async def test_where_a_session_is_optional_people_act_as_themselves_too(behind: Visitor) -> None:
    address = new_address()
    household = (await behind.post("/auth/households", {"name": "Home"}, Remote_Email=address)).value["id"]
    soup = {"authHouseholdID": household, "name": "Soup"}
    recipe = (await behind.post("/cook/recipes", soup, Remote_Email=address)).value
    path = f"/cook/recipes/{recipe['id']}"
    assert (await behind.get(path, Remote_Email=address)).value["name"] == "Soup"
    assert (await behind.get(path, Remote_Email=new_address())).message == "Item not found"
    assert (await behind.get(path)).message == "Item not found"
