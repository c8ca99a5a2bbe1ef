"""The keys that push services know this server by: configured, or made once and kept in the database."""

from __future__ import annotations

from homechart_common.config import WebPush
from homechart_common.notify.vapid import KeyPair
from homechart_common.postgresql import queries
from homechart_common.postgresql.connection import Queryable

_NAME = "web_push"
_QUERIES = queries.load("server_keys")


class ServerKeys:
    """The key pair for web push, read when it is asked for first; all processes on a database have the same."""

    def __init__(self, database: Queryable, configured: WebPush) -> None:
        self._database = database
        self._pair: KeyPair | None = None
        if configured.vapid_private_key:
            self._pair = KeyPair(configured.vapid_private_key, configured.vapid_public_key)

    async def pair(self) -> KeyPair:
        """The pair. If there is none yet, one is made; of several processes that do so, one makes the pair of all."""
        if self._pair is None:
            self._pair = await self._kept()
        if self._pair is None:
            await self._make()
            self._pair = await self._kept()
        assert self._pair is not None  # noqa: S101  # nobody deletes it
        return self._pair

    async def _kept(self) -> KeyPair | None:
        row = await self._database.fetch_row(_QUERIES["read"], {"name": _NAME})
        return None if row is None else KeyPair(*row)

    async def _make(self) -> None:
        pair = KeyPair.generated()
        parameters = {"name": _NAME, "private_key": pair.private_key, "public_key": pair.public_key}
        await self._database.execute(_QUERIES["keep"], parameters)
