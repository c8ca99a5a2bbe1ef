"""What a request can reach: the application's parts, and what the pipeline has found out about the request."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from aiohttp import web

from homechart_common.config import Config
from homechart_common.fetch import Fetcher
from homechart_common.models.actors import Actors
from homechart_common.models.permissions import Actor
from homechart_common.notify.server_keys import ServerKeys
from homechart_common.postgresql.database import Database

CONFIG = web.AppKey("config", Config)
DATABASE = web.AppKey("database", Database)
ACTORS = web.AppKey("actors", Actors)
FETCHER = web.AppKey("fetcher", Fetcher)
SERVER_KEYS = web.AppKey("server_keys", ServerKeys)

ACTOR = web.RequestKey("actor", Actor)
REQUEST_ID = web.RequestKey("request_id", str)
#: What went wrong, for the request's line and span, when it has become a response.
FAILURE = web.RequestKey("failure", Exception)
#: The address a request came from, behind proxies too.
CLIENT_ADDRESS = web.RequestKey("client_address", str)


class Background:
    """Work that goes on after the answer; finished before the process ends."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run ``work`` beside the request."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        """Wait for everything that was started."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)


BACKGROUND = web.AppKey("background", Background)


#: Parameters of paths that open doors to whoever knows them.
_SECRETS = ("icalendar_id", "invite_token")


def told_path(request: web.Request) -> str:
    """The path of a request as lines and spans may tell it: without secrets."""
    path = request.path
    for name in _SECRETS:
        if secret := request.match_info.get(name):
            path = path.replace(f"/{secret}", "/:token")
    return path


def pattern(request: web.Request) -> str:
    """The path of the route that a request came to, with its parameters in braces."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else ""


def actor_of(request: web.Request) -> Actor:
    """Who is asking; only on routes that need a session."""
    return request[ACTOR]
