"""A port on which a worker tells how it is doing: the same addresses as the API's, and nothing else."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.typedefs import Handler

from homechart_common import watch
from homechart_common.errors import HomechartError, StartupError
from homechart_worker.task import Context


@asynccontextmanager
async def watched(context: Context) -> AsyncIterator[None]:
    """Inside the block the worker answers on ``app.workerPort``, if that is set."""
    port = context.config.app.worker_port
    if not port:
        yield
        return
    runner = web.AppRunner(_app(context), access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, context.config.app.host or None, port).start()
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise StartupError(f"app.workerPort: cannot listen on {port}: {reason}") from error
        yield
    finally:
        await runner.cleanup()


def _app(context: Context) -> web.Application:
    config = context.config.app

    async def health(request: web.Request) -> web.Response:
        return await watch.health(request, context.database, config.system_health_key)

    async def figures(request: web.Request) -> web.Response:
        return await watch.figures(request, context.database, config.system_metrics_key)

    app = web.Application(middlewares=[_plainly])
    app.router.add_get(watch.HEALTH, health)
    app.router.add_get(watch.METRICS, figures)
    return app


@web.middleware
async def _plainly(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Failures in words; programs that watch look at the status."""
    try:
        return await handler(request)
    except HomechartError as error:
        return web.Response(status=error.status, text=error.message)
