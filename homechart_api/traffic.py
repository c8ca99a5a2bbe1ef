"""The requests that a process is answering, and how it comes to have none without cutting one off."""

from __future__ import annotations

import asyncio

from aiohttp import web
from aiohttp.typedefs import Handler

#: What is in flight when a process should end may take so long, in seconds.
_PATIENCE_SECONDS = 5
#: A connection that brought nothing for so long can be closed: no request is on its way on it.
_QUIET_SECONDS = 0.25


class Traffic:
    """Counts requests, and lets them end."""

    def __init__(self) -> None:
        self._in_flight = 0
        self._latest = 0.0
        self._ending = False

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Count a request in and out; while ending, its answer is the last one on its connection."""
        self._in_flight += 1
        self._latest = request.loop.time()
        try:
            response = await handler(request)
        finally:
            self._in_flight -= 1
        if self._ending:
            response.force_close()
        return response

    async def end(self) -> None:
        """Wait until everything is answered and clients have stopped asking, or patience is over.

        A proxy keeps connections open and may send the next request on one at the very moment in which it is
        closed here; it cannot know whether that request was seen and so must not send it again elsewhere. So
        they are closed by answers that say so, or once they have been quiet.
        """
        self._ending = True
        now = asyncio.get_running_loop().time
        self._latest, deadline = now(), now() + _PATIENCE_SECONDS
        while (self._in_flight or now() - self._latest < _QUIET_SECONDS) and now() < deadline:  # noqa: ASYNC110 - nothing tells when
            await asyncio.sleep(0.02)
