"""A collector of traces that speaks OTLP over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from homechart_common import tracing
from homechart_common.config import load


@dataclass
class Collector:
    """A real receiver: spans by name, and the attributes of where they come from."""

    server: TestServer = field(init=False)
    spans: dict[str, Span] = field(default_factory=dict)
    #: The name of every span that came.
    names: list[str] = field(default_factory=list)
    #: Who sent each span.
    services: dict[str, str] = field(default_factory=dict)
    resource: dict[str, Any] = field(default_factory=dict)
    paths: list[str] = field(default_factory=list)

    async def receive(self, request: web.Request) -> web.Response:
        self.paths.append(request.path)
        received = ExportTraceServiceRequest.FromString(await request.read())
        for resource in received.resource_spans:
            self.resource = values(resource.resource.attributes)
            for scope in resource.scope_spans:
                self.spans |= {span.name: span for span in scope.spans}
                self.names += [span.name for span in scope.spans]
                service = self.resource.get("service.name", "")
                self.services |= dict.fromkeys((span.name for span in scope.spans), service)
        return web.Response(content_type="application/x-protobuf")

    async def collect(self) -> dict[str, Span]:
        """Every span so far, after the process delivered what it had."""
        await asyncio.to_thread(tracing.shut_down)
        return self.spans

    def start(self, *overrides: str, ratio: str = "1") -> None:
        endpoint = f"tracing_endpoint={self.server.host}:{self.server.port}"
        given = [endpoint, "tracing_insecure=true", f"tracing_samplerratio={ratio}", *overrides]
        tracing.set_up(load(overrides=given, environment={}), "homechart-test")


def values(attributes: Any) -> dict[str, Any]:
    return {item.key: getattr(item.value, item.value.WhichOneof("value")) for item in attributes}


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    """A collector that listens; tracing is off again afterwards."""
    made = Collector()
    application = web.Application()
    application.router.add_post("/{path:.*}", made.receive)
    async with TestServer(application) as made.server:
        yield made
        await made.collect()
