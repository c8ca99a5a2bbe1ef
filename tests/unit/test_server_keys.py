"""The keys for web push that a server makes for itself."""

from __future__ import annotations

import asyncio

from homechart_common.config import WebPush
from homechart_common.notify.server_keys import ServerKeys
from homechart_common.notify.vapid import KeyPair
from homechart_common.postgresql.database import Database
from tests.callers import serving


async def test_processes_that_start_at_once_have_the_same_keys(fresh_database: Database) -> None:
    processes = [ServerKeys(fresh_database, WebPush()) for _ in range(8)]
    pairs = await asyncio.gather(*(keys.pair() for keys in processes))
    assert len({pair.public_key for pair in pairs}) == 1
    assert KeyPair.of(pairs[0].private_key) == pairs[0]
    assert await ServerKeys(fresh_database, WebPush()).pair() == pairs[0], "as long as the database is there"


async def test_keys_that_are_configured_win(fresh_database: Database) -> None:
    made = await ServerKeys(fresh_database, WebPush()).pair()
    given = KeyPair.generated()
    configured = WebPush(vapid_private_key=given.private_key, vapid_public_key=given.public_key)
    assert await ServerKeys(fresh_database, configured).pair() == given
    assert await ServerKeys(fresh_database, WebPush()).pair() == made


async def test_clients_are_told_the_key_from_the_first_start_on(fresh_database: Database) -> None:
    async with serving(fresh_database.settings) as client, client.get("/api") as response:
        [info] = (await response.json())["dataValue"]
    kept = await ServerKeys(fresh_database, WebPush()).pair()
    assert info["vapid"] == kept.public_key
