"""Running the application as a process: listening, and ending without cutting anybody off."""

from __future__ import annotations

import asyncio
import gc
import logging

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.log import server_logger

from homechart_api import entrance
from homechart_api.app import create_app
from homechart_api.traffic import Traffic
from homechart_common import lifetime, logger, tracing
from homechart_common.config import Config
from homechart_common.startup import database_ready

#: How long clients may take to receive the last answers, in seconds.
_WRITING_SECONDS = 1


async def run(config: Config) -> None:
    """Serve until cancelled; what is in flight then is finished first.

    Raises :class:`StartupError` when the port cannot be listened on or there is no database.
    """
    logger.set_up(config)
    tracing.set_up(config, "homechart-api")
    try:
        async with database_ready(config) as settings:
            await _serve(create_app(config, settings), config)
    finally:
        tracing.shut_down()


async def _serve(app: web.Application, config: Config) -> None:
    server_logger.addFilter(_is_ours)
    traffic = Traffic()
    app.middlewares.insert(0, traffic.middleware)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_WRITING_SECONDS, max_field_size=16_380)
    try:
        await runner.setup()
        assert runner.server is not None  # noqa: S101 - it was set up
        listening = await entrance.opened(runner.server, config)
        _keep_what_is_loaded()
        port = listening.sockets[0].getsockname()[1]
        logger.notice(f"Listening on port {port} for {config.app.base_url}")
        lifetime.tell_ready()
        try:
            await asyncio.Event().wait()
        finally:
            await entrance.close(listening)
            await app.shutdown()
            await traffic.end()
    finally:
        await runner.cleanup()


def _keep_what_is_loaded() -> None:
    """Let the garbage collector not look again at what stays as long as the process.

    That is most objects. Going through them takes some 50 ms, in which everybody waits.
    """
    gc.collect()
    gc.freeze()


def _is_ours(record: logging.LogRecord) -> bool:
    """Whether a failure is the server's: what is no HTTP was answered with 400, and anybody could fill the log."""
    raised = record.exc_info[1] if record.exc_info else None
    return not isinstance(raised, HttpProcessingError)
