"""The application: its parts, its middlewares and its routes on one screen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from aiohttp import web

from homechart_api.context import ACTORS, BACKGROUND, CONFIG, DATABASE, FETCHER, SERVER_KEYS, Background
from homechart_api.hub import HUB, Hub
from homechart_api.middleware.context import context_middleware
from homechart_api.middleware.cors import add_headers, cors_middleware
from homechart_api.middleware.errors import errors_middleware
from homechart_api.middleware.limits import LIMITER, Limiter, Rate, settle
from homechart_api.middleware.metrics import metrics_middleware
from homechart_api.routes import add_routes
from homechart_api.static import add_static
from homechart_common.config import Config
from homechart_common.errors import Unavailable
from homechart_common.fetch import Fetcher
from homechart_common.models.actors import Actors
from homechart_common.notify.server_keys import ServerKeys
from homechart_common.postgresql.database import Database
from homechart_common.postgresql.settings import PostgresqlSettings

#: The largest body that is read, in bytes; archives of households are the largest.
MOST_BODY_BYTES = 16 * 1024 * 1024


def create_app(config: Config, settings: PostgresqlSettings) -> web.Application:
    """An application that serves ``config`` from the database of ``settings``, whose schema is up to date."""
    # without the key nobody can read the metrics
    counting = [metrics_middleware] if config.app.system_metrics_key else []
    app = web.Application(
        middlewares=[context_middleware, *counting, errors_middleware, cors_middleware],
        client_max_size=MOST_BODY_BYTES,
    )
    app[CONFIG] = config
    app[DATABASE] = Database(settings)
    app[ACTORS] = Actors(app[DATABASE], lifetime_seconds=config.app.cache_ttl_minutes * 60)
    app[LIMITER] = Limiter(Rate.parse(config.app.rate_limiter_rate), config.app.rate_limiter_key)
    app[BACKGROUND] = Background()
    app[FETCHER] = Fetcher()
    app[SERVER_KEYS] = ServerKeys(app[DATABASE], config.web_push)
    app[HUB] = Hub(app[DATABASE])
    app.cleanup_ctx.extend((_database, _hub))
    app.on_shutdown.append(_end_streams)
    app.on_response_prepare.extend((add_headers, settle))
    add_routes(app)
    add_static(app)
    return app


async def _database(app: web.Application) -> AsyncIterator[None]:
    await app[DATABASE].open()
    with suppress(Unavailable):  # then the first who asks for them has to wait
        await app[SERVER_KEYS].pair()
    yield
    await app[BACKGROUND].finish()
    await app[DATABASE].close()


async def _hub(app: web.Application) -> AsyncIterator[None]:
    listening = asyncio.create_task(app[HUB].run())
    yield
    listening.cancel()
    with suppress(asyncio.CancelledError):
        await listening


async def _end_streams(app: web.Application) -> None:
    app[HUB].close()
