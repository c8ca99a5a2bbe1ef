"""Running the application as a process: listening, and ending without cutting anybody off."""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import os
import ssl

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.log import server_logger

from homechart_api.app import create_app
from homechart_api.traffic import Traffic
from homechart_common import lifetime, logger, tracing
from homechart_common.config import Config
from homechart_common.config.sections import OPTIONS
from homechart_common.errors import StartupError
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
        site = await _listening(runner, config)
        _keep_what_is_loaded()
        logger.notice(f"Listening on port {runner.addresses[0][1]} for {config.app.base_url}")
        lifetime.tell_ready()
        try:
            await asyncio.Event().wait()
        finally:
            await site.stop()
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


async def _listening(runner: web.AppRunner, config: Config) -> web.TCPSite:
    site = web.TCPSite(
        runner,
        config.app.host or None,
        config.app.port,
        ssl_context=_tls(config),
        backlog=1024,
        reuse_port=config.app.reuse_port or None,
    )
    try:
        await site.start()
    except OSError as error:
        raise cannot_listen(config, error) from error
    return site


def cannot_listen(config: Config, error: OSError) -> StartupError:
    """The failure for a port that cannot be listened on, in words without the system's details."""
    reason = os.strerror(error.errno) if error.errno and error.errno in errno.errorcode else str(error)
    hint = (
        f"; app.port ({OPTIONS['APP_PORT'].variable}) chooses another"
        if error.errno == errno.EADDRINUSE
        else ""
    )
    return StartupError(f"Cannot listen on port {config.app.port}: {reason}{hint}")


def _tls(config: Config) -> ssl.SSLContext | None:
    if not (config.app.tls_certificate and config.app.tls_key):
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(config.app.tls_certificate, config.app.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise StartupError(
            f"app.tlsCertificate, app.tlsKey: cannot be used: {error.strerror or error}"
        ) from error
    return context
