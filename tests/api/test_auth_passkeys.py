"""The passkeys of an account: adding, listing, renaming and removing them, and what else becomes of them."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest
from webauthn import base64url_to_bytes
from webauthn.helpers import bytes_to_base64url

from homechart_api.controllers.passkeys import MOST
from homechart_common.postgresql.database import Database
from tests.authenticator import (
    COPIED,
    HOST,
    Authenticator,
    creation_options,
    enrol,
    hand_over,
    request_options,
    sign_in,
)
from tests.factories import VIEW, new_session
from tests.visitors import PASSWORD, Letters, SetClock, SignUp, StartAPI, Visitor, new_address

HOME = "https://home.example"


async def passkeys(visitor: Visitor) -> list[dict[str, Any]]:
    return (await visitor.get(f"{visitor.home}/passkeys")).values


async def test_a_browser_is_asked_for_a_passkey_that_needs_nothing_else(sign_up: SignUp) -> None:
    address = new_address()
    ann = await sign_up(emailAddress=address, name="Ann")
    offered = await creation_options(ann)
    assert offered["rp"] == {"id": HOST, "name": "Homechart"}
    handle = bytes_to_base64url(uuid.UUID(ann.account).bytes)
    assert offered["user"] == {"id": handle, "name": address, "displayName": "Ann"}
    assert offered["authenticatorSelection"] == {
        "residentKey": "required",
        "requireResidentKey": True,
        "userVerification": "required",
    }
    assert (offered["attestation"], offered["excludeCredentials"]) == ("none", [])
    assert {kind["alg"] for kind in offered["pubKeyCredParams"]} == {-7, -8, -257}
    assert len(base64url_to_bytes(offered["challenge"])) == 32


async def test_what_is_known_of_a_passkey_is_listed_and_nothing_of_its_key(sign_up: SignUp) -> None:
    ann, phone, stick = await sign_up(), Authenticator(), Authenticator(counts=False)
    phone.flags |= COPIED
    added = (await enrol(ann, phone, "Phone")).value
    assert added == {
        "id": added["id"],
        "authAccountID": ann.account,
        "name": "Phone",
        "host": HOST,
        "transports": ["internal", "hybrid"],
        "backedUp": True,
        "created": added["created"],
        "lastUsed": None,
    }
    other = (await enrol(ann, stick, "Stick")).value
    assert other["backedUp"] is False
    assert await passkeys(ann) == [added, other]
    await sign_in(ann, phone)
    used, unused = await passkeys(ann)
    assert used["lastUsed"] > used["created"]
    assert unused == other


async def test_an_authenticator_is_told_which_passkeys_there_are(sign_up: SignUp) -> None:
    ann, phone = await sign_up(), Authenticator()
    await enrol(ann, phone)
    assert (await creation_options(ann))["excludeCredentials"] == [
        {
            "id": bytes_to_base64url(phone.credential_id),
            "type": "public-key",
            "transports": ["internal", "hybrid"],
        }
    ]


async def test_ways_to_an_authenticator_that_are_not_known_yet_do_no_harm(sign_up: SignUp) -> None:
    ann, phone = await sign_up(), Authenticator()
    credential = phone.create(await creation_options(ann))
    credential["response"]["transports"] = ["telepathy", "usb", ""]
    assert (await hand_over(ann, credential)).value["transports"] == ["telepathy", "usb"]
    assert (await creation_options(ann))["excludeCredentials"][0]["transports"] == ["usb"]


async def test_a_passkey_can_be_called_something_else(sign_up: SignUp) -> None:
    ann, bob = await sign_up(), await sign_up()
    path = f"{ann.home}/passkeys/{(await enrol(ann, Authenticator())).value['id']}"
    assert (await ann.put(path, {"name": "Old phone", "host": "evil.example"})).value["name"] == "Old phone"
    assert (await ann.put(path, {"name": "Old phone"})).status == 204
    assert (await ann.put(path, {})).status == 204
    for name, problem in [
        ("", "must not be empty"),
        (5, "must be a string"),
        ("x" * 201, "must not be longer"),
    ]:
        answer = await ann.put(path, {"name": name})
        assert answer.status == 400
        assert answer.message.startswith(f"name: {problem}")
    assert (await bob.put(path.replace(ann.account, bob.account), {"name": "Bob's"})).status == 204
    [passkey] = await passkeys(ann)
    assert (passkey["name"], passkey["host"]) == ("Old phone", HOST)


async def test_a_removed_passkey_signs_in_no_more(api: Visitor, sign_up: SignUp) -> None:
    ann, bob, phone = await sign_up(), await sign_up(), Authenticator()
    path = f"{ann.home}/passkeys/{(await enrol(ann, phone)).value['id']}"
    assert (await bob.remove(path.replace(ann.account, bob.account))).status == 204
    assert (await sign_in(api, phone)).status == 200
    assert (await ann.remove(path)).status == 200
    assert (await ann.remove(path)).status == 204
    assert await passkeys(ann) == []
    assert (await sign_in(api, phone)).message == "credential: this passkey is not known here"


async def test_the_person_is_told_of_what_was_added_and_removed(sign_up: SignUp, letters: Letters) -> None:
    address = new_address()
    ann = await sign_up(emailAddress=address)
    path = f"{ann.home}/passkeys/{(await enrol(ann, Authenticator(), 'My *phone*')).value['id']}"
    await ann.remove(path)
    _, added, removed = await letters(address)
    assert (added.kind, removed.kind) == ("passkey_added", "passkey_removed")
    assert all(r"My \*phone\*" in letter.body for letter in (added, removed))


async def test_a_forgotten_password_takes_the_passkeys_with_it(
    api: Visitor, sign_up: SignUp, letters: Letters
) -> None:
    address, phone = new_address(), Authenticator()
    ann = await sign_up(emailAddress=address)
    await enrol(ann, phone, "Phone")
    await enrol(ann, Authenticator(), "Stick")
    await api.post("/auth/reset", {"emailAddress": address})
    reset = (await letters(address))[-1]
    body = {"emailAddress": address, "password": "another-horse-9", "passwordResetToken": reset.token}
    assert (await api.put("/auth/reset", body)).status == 200
    *_, removed, changed = await letters(address)
    assert (removed.kind, changed.kind) == ("passkey_removed", "password_changed")
    assert "Phone" in removed.body
    assert "Stick" in removed.body
    assert (await sign_in(api, phone)).status == 400
    again = ann.signed_in((await api.post("/auth/signin", body)).value)
    assert await passkeys(again) == []


async def test_a_known_password_is_changed_without_touching_them(api: Visitor, sign_up: SignUp) -> None:
    ann, phone = await sign_up(), Authenticator()
    await enrol(ann, phone)
    await ann.put(ann.home, {"password": "another-horse-9"})
    assert (await sign_in(api, phone)).status == 200


async def test_they_go_with_their_account(api: Visitor, sign_up: SignUp, database: Database) -> None:
    ann, phone = await sign_up(), Authenticator()
    await enrol(ann, phone)
    await ann.remove(ann.home)
    assert (await sign_in(api, phone)).status == 400
    kept = "SELECT count(*) FROM auth_passkey WHERE auth_account_id = %(account)s"
    assert await database.fetch_value(kept, {"account": ann.account}) == 0


async def test_a_passkey_is_one_accounts(sign_up: SignUp) -> None:
    ann, bob, phone = await sign_up(), await sign_up(), Authenticator()
    await enrol(ann, phone)
    for who in (bob, ann):
        answer = await enrol(who, phone)
        assert (answer.status, answer.message) == (409, "credential: this passkey is in use already")
    assert await passkeys(bob) == []
    assert len(await passkeys(ann)) == 1


async def test_there_are_only_so_many(sign_up: SignUp, database: Database) -> None:
    ann = await sign_up()
    await enrol(ann, Authenticator())
    await database.execute(
        "INSERT INTO auth_passkey (auth_account_id, credential_id, public_key, host, name)"
        " SELECT %(account)s, uuid_send(gen_random_uuid()), 'key', 'home.example', 'Key'"
        " FROM generate_series(3, %(most)s)",
        {"account": ann.account, "most": MOST},
    )
    offered = await creation_options(ann)
    others = [ann.signed_in((await ann.post("/auth/sessions", {})).value) for _ in range(2)]
    ceremonies = [(ann, offered), *[(other, await creation_options(other)) for other in others]]
    answers = await asyncio.gather(
        *(hand_over(who, Authenticator().create(options)) for who, options in ceremonies)
    )
    assert sorted(answer.status for answer in answers) == [200, 400, 400], "whoever is last"
    full = f"There are {MOST} passkeys already; please remove one first"
    assert (await ann.get(f"{ann.home}/webauthn")).message == full
    assert {answer.message for answer in answers if answer.status == 400} == {full}
    assert len(await passkeys(ann)) == MOST


@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_children_have_none(sign_up: SignUp, method: str) -> None:
    ann = await sign_up()
    household = await ann.new_household()
    await ann.post(f"/auth/households/{household}/invites", {"child": True})
    members = (await ann.get(f"/auth/households/{household}")).value["members"]
    child = ann.signed_in((await ann.post("/auth/sessions", {"authAccountID": members[1]["id"]})).value)
    answer = await child.call(method, f"{child.home}/webauthn", {})
    assert (answer.status, answer.message) == (403, "Action forbidden")


async def test_who_may_not_control_the_account_adds_none(sign_up: SignUp, database: Database) -> None:
    ann, phone = await sign_up(), Authenticator()
    viewing = await new_session(database, ann.account, VIEW)
    lowered = ann.signed_in({"id": viewing.id, "key": viewing.key, "authAccountID": ann.account})
    credential = phone.create(await creation_options(ann))
    passkey = f"{ann.home}/passkeys/{(await enrol(ann, Authenticator())).value['id']}"
    for answer in (
        await lowered.get(f"{ann.home}/webauthn"),
        await hand_over(lowered, credential),
        await lowered.get(f"{ann.home}/passkeys"),
        await lowered.put(passkey, {"name": "Mine"}),
        await lowered.remove(passkey),
    ):
        assert (answer.status, answer.message) == (403, "Action forbidden")


async def test_a_challenge_is_for_the_session_that_asked(sign_up: SignUp) -> None:
    ann, bob, phone = await sign_up(), await sign_up(), Authenticator()
    offered = await creation_options(ann)
    elsewhere = ann.signed_in((await ann.post("/auth/sessions", {})).value)
    for other in (bob, elsewhere):
        answer = await hand_over(other, phone.create(offered))
        assert answer.message == "credential: answers no challenge that is open; please try again"
    assert (await hand_over(ann, phone.create(offered))).status == 200, "theirs is still open"


async def test_a_challenge_works_once_and_the_newest_alone(sign_up: SignUp) -> None:
    ann = await sign_up()
    earlier, offered = await creation_options(ann), await creation_options(ann)
    assert (await hand_over(ann, Authenticator().create(earlier))).status == 400
    answers = await asyncio.gather(*(hand_over(ann, Authenticator().create(offered)) for _ in range(3)))
    assert sorted(answer.status for answer in answers) == [200, 400, 400]
    sign_in_challenge = await request_options(ann)
    answer = await hand_over(ann, Authenticator().create({**offered, **sign_in_challenge}))
    assert answer.message == "credential: answers no challenge that is open; please try again"


async def test_a_challenge_is_open_for_five_minutes(sign_up: SignUp, set_clock: SetClock) -> None:
    ann = await sign_up()
    set_clock(2030, 1, 1, 12)
    offered = await creation_options(ann)
    set_clock(2030, 1, 1, 13)
    answer = await hand_over(ann, Authenticator().create(offered))
    assert answer.message == "credential: answers no challenge that is open; please try again"


async def test_no_challenge_is_open_for_longer(sign_up: SignUp, database: Database) -> None:
    ann = await sign_up()
    await creation_options(ann)
    left = await database.fetch_value(
        "SELECT extract(epoch FROM expires - now())::float8 FROM auth_challenge WHERE auth_session_id = %(id)s",
        {"id": ann.session["id"]},
    )
    assert 240 < left <= 300


async def test_a_challenge_ends_with_its_session(sign_up: SignUp, database: Database) -> None:
    ann = await sign_up()
    elsewhere = ann.signed_in((await ann.post("/auth/sessions", {})).value)
    offered = await creation_options(elsewhere)
    await ann.remove(f"/auth/sessions/{elsewhere.session['id']}")
    assert (await hand_over(elsewhere, Authenticator().create(offered))).status == 410
    kept = "SELECT count(*) FROM auth_challenge WHERE auth_session_id = %(id)s"
    assert await database.fetch_value(kept, {"id": elsewhere.session["id"]}) == 0


async def test_a_server_at_another_address_has_passkeys_of_its_own(
    api: Visitor, sign_up: SignUp, start_api: StartAPI
) -> None:
    ann, phone = await sign_up(), Authenticator()
    await enrol(ann, phone)
    moved = await start_api(f"app_baseurl={HOME}/family")
    there, stick = moved.signed_in(ann.session), Authenticator(origin=HOME, host="home.example")
    assert (await creation_options(there))["excludeCredentials"] == []
    assert (await enrol(there, stick)).value["host"] == "home.example"
    assert (await sign_in(moved, stick)).status == 200
    phone.origin, phone.host = stick.origin, stick.host
    assert (await sign_in(moved, phone)).message == "credential: this passkey is not known here"
    assert [passkey["host"] for passkey in await passkeys(ann)] == [HOST, "home.example"]


@pytest.mark.parametrize(
    "address", ["http://home.example", "https://192.0.2.7", "https://[2001:db8::7]:8443"]
)
async def test_where_no_browser_would_use_them_there_are_none(
    sign_up: SignUp, start_api: StartAPI, address: str
) -> None:
    ann = (await start_api(f"app_baseurl={address}")).signed_in((await sign_up()).session)
    for answer in (
        await ann.get(f"{ann.home}/webauthn"),
        await hand_over(ann, Authenticator().create({"challenge": "eA", "user": {"id": "eA"}})),
        await ann.get("/auth/webauthn"),
        await ann.post("/auth/webauthn", {}),
    ):
        assert (answer.status, answer.message) == (
            400,
            "Passkeys need an https address with a host name in app.baseURL",
        )


async def test_no_key_and_no_challenge_is_written_to_the_log(
    api: Visitor, sign_up: SignUp, lines: list[str]
) -> None:
    ann, phone = await sign_up(), Authenticator()
    offered = await creation_options(ann)
    await hand_over(ann, {**phone.create(offered), "rawId": 1})
    signed = phone.get(await request_options(api))
    await api.post("/auth/webauthn", {"credential": signed, "password": PASSWORD})
    phone.count = 0
    await sign_in(api, phone)
    written = "".join(lines)
    assert "A passkey was added" in written
    assert "The counter of a passkey went back" in written
    for secret in (
        offered["challenge"],
        phone.credential_id.hex(),
        signed["id"],
        signed["response"]["signature"],
    ):
        assert secret not in written


async def test_where_there_cannot_be_passkeys_none_are_offered(start_api: StartAPI) -> None:
    inside = await start_api("app_baseurl=http://192.168.1.7:3000")
    assert [way["kind"] for way in (await inside.get("/auth/methods")).values] == ["password"]
