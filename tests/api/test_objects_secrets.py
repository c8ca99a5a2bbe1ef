"""Vaults and secrets: the form of what clients encrypted, and what follows a vault and a key (contract B2 §9)."""

from __future__ import annotations

from typing import Any

import pytest

from homechart_common.models import registry
from homechart_common.postgresql.database import Database
from tests.callers import Caller
from tests.cast import Cast
from tests.factories import body_for, join, leave, vault_key

VALUE, VAULT = registry["SecretsValue"], registry["SecretsVault"]
LONG_AGO = "2020-01-01T00:00:00.000000Z"


async def set_public_key(caller: Caller, key: str) -> int:
    """Give somebody another key pair; the status."""
    pair = {"publicKey": key, "privateKeys": [{"name": "laptop", "key": "none$x", "provider": "none"}]}
    return (await caller.call("PUT", f"/auth/accounts/{caller.account}/keys", pair)).status


# Who can open a vault


@pytest.mark.parametrize(
    ("method", "whose"),
    [(None, ""), ("rsa2048", "bob"), ("none", "ann"), ("aes128gcm", "ann"), ("ed25519", "ann")],
)
async def test_whoever_writes_the_keys_of_a_vault_has_one(cast: Cast, method: str | None, whose: str) -> None:
    keys = [{"authAccountID": getattr(cast, whose).account, "key": f"{method}$x"}] if method else []
    vault = await cast.ann.make(VAULT)
    for answer in (
        await cast.ann.create(VAULT, body_for(VAULT, by=cast.ann.account, keys=keys)),
        await cast.ann.update(VAULT, vault["id"], {"keys": keys}),
    ):
        message = "keys: must have one for yourself, encrypted with rsa2048"
        assert (answer.status, answer.message) == (400, message)
    assert (await cast.ann.read(VAULT, vault["id"])).value == vault


@pytest.mark.parametrize(
    "keys",
    [
        None,
        "rsa2048$x",
        [{"authAccountID": None, "key": "rsa2048$x"}],
        [{"authAccountID": "ann", "key": "rsa2048$x"}],
        [{"authAccountID": "11111111-1111-4111-8111-111111111111", "key": "rot13$x"}],
        [{"authAccountID": "11111111-1111-4111-8111-111111111111", "key": ""}],
    ],
)
async def test_the_keys_of_a_vault_have_a_form(cast: Cast, keys: Any) -> None:
    good = [vault_key(cast.ann.account)]
    body = body_for(VAULT, keys=[*good, *keys] if isinstance(keys, list) else keys)
    answer = await cast.ann.create(VAULT, body)
    assert (answer.status, answer.message.split(":")[0]) == (400, "keys")
    vault = await cast.ann.make(VAULT)
    assert (await cast.ann.update(VAULT, vault["id"], {"keys": body["keys"]})).status == 400


async def test_members_see_a_vault_and_give_each_other_its_key(cast: Cast) -> None:
    vault = await cast.ann.make(VAULT, authHouseholdID=cast.home)
    assert (await cast.bob.read(VAULT, vault["id"])).value == vault
    own = {"keys": [*vault["keys"], vault_key(cast.bob.account)]}
    given = (await cast.ann.update(VAULT, vault["id"], own)).value
    assert given["keys"] == own["keys"]
    renamed = (await cast.bob.update(VAULT, vault["id"], {**given, "name": "Safe"})).value
    taken = (await cast.bob.update(VAULT, vault["id"], {"keys": own["keys"][1:]})).value
    assert (renamed["keys"], taken["keys"]) == (own["keys"], own["keys"][1:])
    kept = (await cast.ann.update(VAULT, vault["id"], {"name": "Ours"})).value
    assert kept["keys"] == taken["keys"], "who says nothing of the keys needs none"


# What secrets look like


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("nameEncrypted", ""),
        ("nameEncrypted", None),
        ("nameEncrypted", "bank"),
        ("nameEncrypted", "none$bank"),
        ("nameEncrypted", "rsa2048$x"),
        ("nameEncrypted", "aes128gcm$"),
        ("nameEncrypted", "aes128gcm$x$y"),
        ("nameEncrypted", "AES128GCM$x"),
        ("nameEncrypted", f"aes128gcm${'x' * 491}"),
        ("tagsEncrypted", ""),
        ("tagsEncrypted", "none$[]"),
        ("dataEncrypted", "aes128gcm$x"),
        ("dataEncrypted", ["aes128gcm$x", "none$x"]),
        ("dataEncrypted", ["aes128gcm$x", ""]),
        ("dataEncrypted", ["aes128gcm$x", None]),
        ("dataEncrypted", ["aes128gcm$x"] * 101),
        ("secretsVaultID", None),
    ],
)
async def test_the_members_of_a_secret_have_a_form(cast: Cast, member: str, value: Any) -> None:
    secret = await cast.ann.make(VALUE)
    body = await cast.ann.body(VALUE, **{member: value})
    for answer in (
        await cast.ann.create(VALUE, body),
        await cast.ann.update(VALUE, secret["id"], {member: value}),
    ):
        assert (answer.status, answer.message.split(":")[0]) == (400, member)
    assert (await cast.ann.read(VALUE, secret["id"])).value == secret


async def test_what_is_encrypted_is_kept_to_the_byte(cast: Cast) -> None:
    data = [f"aes128gcm${'Zm9v' * 10_000}", "aes128gcm$ +/= "]
    secret = await cast.ann.make(VALUE, dataEncrypted=data, nameEncrypted=f"aes128gcm${'x' * 490}")
    assert secret["dataEncrypted"] == data
    assert (await cast.ann.update(VALUE, secret["id"], {"dataEncrypted": None})).value["dataEncrypted"] == []


async def test_a_secret_in_the_bin_is_still_there(cast: Cast) -> None:
    secret = await cast.ann.make(VALUE, deleted=None)
    thrown = (await cast.ann.update(VALUE, secret["id"], {"deleted": LONG_AGO})).value
    assert thrown["deleted"] == LONG_AGO
    assert (await cast.ann.list(VALUE)).values == [thrown]
    assert (await cast.ann.update(VALUE, secret["id"], {"deleted": None})).value["deleted"] is None


async def test_a_secret_that_is_imported_keeps_its_time(cast: Cast) -> None:
    assert (await cast.ann.make(VALUE, updated=LONG_AGO))["updated"] == LONG_AGO
    assert (await cast.ann.make(VALUE, updated=None))["updated"] > LONG_AGO


# Where secrets are


async def test_secrets_go_where_their_vault_goes(cast: Cast) -> None:
    vault = await cast.ann.make(VAULT)
    secret = await cast.ann.make(VALUE, secretsVaultID=vault["id"])
    assert (await cast.bob.read(VALUE, secret["id"])).message == "Item not found"
    await cast.ann.update(VAULT, vault["id"], {"authHouseholdID": cast.home})
    shared = (await cast.bob.read(VALUE, secret["id"])).value
    assert shared == {**secret, "updated": shared["updated"]}
    assert (await cast.cat.read(VALUE, secret["id"])).message == "Item not found"
    await cast.bob.delete(VAULT, vault["id"])
    assert (await cast.ann.read(VALUE, secret["id"])).message == "Item not found"


async def test_a_secret_is_moved_by_who_may_edit_both_vaults(cast: Cast) -> None:
    shared, own, strangers = (
        await cast.ann.make(VAULT, authHouseholdID=cast.home),
        await cast.ann.make(VAULT),
        await cast.cat.make(VAULT),
    )
    secret = await cast.ann.make(VALUE, secretsVaultID=shared["id"])
    for caller, vault in ((cast.bob, own), (cast.ann, strangers)):
        answer = await caller.update(VALUE, secret["id"], {"secretsVaultID": vault["id"]})
        assert (answer.status, answer.message.split(":")[0]) == (400, "secretsVaultID")
    there = {"secretsVaultID": (await cast.vic.make(VAULT))["id"]}
    assert (await cast.vic.update(VALUE, secret["id"], there)).status == 403
    assert (await cast.cat.update(VALUE, secret["id"], {"secretsVaultID": strangers["id"]})).status == 204

    taken = (await cast.ann.update(VALUE, secret["id"], {"secretsVaultID": own["id"]})).value
    assert taken["secretsVaultID"] == own["id"]
    assert (await cast.bob.read(VALUE, secret["id"])).message == "Item not found"


async def test_who_may_not_edit_a_vault_puts_nothing_into_it(cast: Cast) -> None:
    vault = await cast.ann.make(VAULT, authHouseholdID=cast.home)
    for caller in (cast.vic, cast.nel, cast.cat):
        owned = {"authAccountID": caller.account, "authHouseholdID": None}
        body = await caller.body(VALUE, secretsVaultID=vault["id"], **owned)
        answer = await caller.create(VALUE, body)
        assert (answer.status, answer.message.split(":")[0]) == (400, "secretsVaultID")
    assert (await cast.ann.list(VALUE)).values == []


# Key pairs


async def test_another_key_pair_opens_nothing_that_the_old_one_did(cast: Cast) -> None:
    own = await cast.ann.make(VAULT)
    secret = await cast.ann.make(VALUE, secretsVaultID=own["id"])
    bobs = await cast.bob.make(VAULT)
    keys = [vault_key(cast.bob.account), vault_key(cast.ann.account), vault_key(cast.kid.account)]
    shared = await cast.ann.make(VAULT, authHouseholdID=cast.home, keys=keys)
    other = await cast.bob.make(VAULT, authHouseholdID=cast.home)
    before = await cast.bob.list(VAULT)

    assert await set_public_key(cast.ann, "first") == 200
    assert (await cast.ann.list(VALUE)).values == []
    assert (await cast.ann.read(VAULT, own["id"])).message == "Item not found"
    assert (await cast.ann.read(VALUE, secret["id"])).message == "Item not found"
    changed = await cast.bob.list(VAULT, token=before.token, updated=other["updated"])
    assert changed.values == [{**shared, "keys": [keys[0], keys[2]], "updated": changed.values[0]["updated"]}]
    assert {entry["id"] for entry in changed.index} == {shared["id"], other["id"], bobs["id"]}

    again = {"keys": [*changed.values[0]["keys"], vault_key(cast.ann.account)]}
    given = (await cast.bob.update(VAULT, shared["id"], again)).value
    own = await cast.ann.make(VAULT)
    assert await set_public_key(cast.ann, "first") == 204
    assert (await cast.ann.list(VAULT)).values == [given, other, own]


async def test_who_takes_their_keys_away_loses_the_keys_of_vaults(cast: Cast) -> None:
    shared = await cast.ann.make(VAULT, authHouseholdID=cast.home)
    await set_public_key(cast.ann, "first")
    restored = {"keys": shared["keys"]}
    await cast.ann.update(VAULT, shared["id"], restored)
    cleared = await cast.ann.call("PUT", f"/auth/accounts/{cast.ann.account}/keys", {})
    assert cleared.value["publicKey"] == ""
    assert (await cast.bob.read(VAULT, shared["id"])).value["keys"] == []


async def test_who_leaves_a_household_finds_their_keys_when_they_come_back(
    cast: Cast, database: Database
) -> None:
    keys = [vault_key(cast.ann.account), vault_key(cast.bob.account)]
    vault = await cast.ann.make(VAULT, authHouseholdID=cast.home, keys=keys)
    await leave(database, cast.home, cast.bob.account)
    assert (await cast.bob.read(VAULT, vault["id"])).message == "Item not found"
    assert (await cast.ann.read(VAULT, vault["id"])).value == vault
    await join(database, cast.home, cast.bob.account)
    assert (await cast.bob.read(VAULT, vault["id"])).value["keys"] == keys


async def test_the_keys_of_an_account_go_with_it(cast: Cast, database: Database) -> None:
    keys = [vault_key(cast.ann.account), vault_key(cast.bob.account)]
    vault = await cast.ann.make(VAULT, authHouseholdID=cast.home, keys=keys)
    secret = await cast.ann.make(VALUE, secretsVaultID=vault["id"])
    own = await cast.bob.make(VALUE)
    assert (await cast.bob.call("DELETE", f"/auth/accounts/{cast.bob.account}")).status == 200
    assert (await cast.ann.read(VAULT, vault["id"])).value["keys"] == keys[:1]
    assert (await cast.ann.list(VALUE)).values == [secret]
    count = "SELECT count(*) FROM secrets_value WHERE id = %(id)s"
    assert await database.fetch_value(count, {"id": own["id"]}) == 0
