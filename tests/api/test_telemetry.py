"""What clients report of themselves: errors for the log, and traces for the collector (contract §10.7)."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from homechart_common import metrics
from homechart_common.postgresql.settings import PostgresqlSettings
from homechart_common.version import VERSION
from tests.callers import Caller, serving
from tests.collector import Collector, collecting

ERRORS, TRACES = "/telemetry/errors", "/telemetry/traces"
SPANS = ExportTraceServiceRequest(
    resource_spans=[ResourceSpans(scope_spans=[ScopeSpans(spans=[Span(name="Click")])])]
).SerializeToString()


@pytest.fixture
async def caller(database_settings: PostgresqlSettings) -> AsyncIterator[Caller]:
    """Somebody without a session, of a server that never heard of them."""
    async with serving(database_settings, "app_ratelimiterrate=5-H") as client:
        yield Caller(client)


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    async with collecting() as made:
        yield made


def counted(path: str) -> float:
    """How many errors were counted at a path."""
    labels = {"path": path, "version": VERSION}
    return metrics.registry.get_sample_value("homechart_telemetry_error_total", labels) or 0.0


async def test_an_error_of_a_client_of_this_version_is_logged_and_counted(
    caller: Caller, lines: list[str]
) -> None:
    place, report = f"/test/{uuid.uuid4().hex}", {"error": "x is\nundefined", "version": VERSION}
    answer = await caller.call("POST", ERRORS, {**report, "path": f"{place}/{uuid.uuid4()}?token=secret"})
    assert (answer.status, answer.body) == (204, None)
    assert counted(f"{place}/:id") == 1
    [line] = lines
    assert line.startswith("[ERROR] function='create_error:")
    assert f"error='x is\\nundefined' success=false status=406 method='POST' path='{place}/:id'" in line
    assert f"version='{VERSION}'" in line


@pytest.mark.parametrize(
    "body",
    [
        {"error": "old", "path": "/", "version": "2020.01.0"},
        {"error": "nobody's", "path": "/"},
        [],
        b"{",
        b"",
    ],
    ids=str,
)
async def test_other_reports_are_taken_and_forgotten(caller: Caller, lines: list[str], body: object) -> None:
    assert (await caller.call("POST", ERRORS, body)).status == 204
    assert lines == []


async def test_a_report_says_as_much_as_fits_on_a_line(caller: Caller, lines: list[str]) -> None:
    report = {"error": "x" * 100_000, "path": ["/"], "version": VERSION}
    assert (await caller.call("POST", ERRORS, report)).status == 204
    assert len(lines[0]) < 2000


async def test_nobody_can_fill_the_log(caller: Caller, lines: list[str]) -> None:
    for number in range(9):
        report = {"error": str(number), "path": "/", "version": VERSION}
        assert (await caller.call("POST", ERRORS, report)).status == 204
    assert len(lines) == 5


async def test_traces_go_to_the_collector_as_they_are(
    database_settings: PostgresqlSettings, collector: Collector
) -> None:
    endpoint = f"{collector.server.host}:{collector.server.port}"
    options = (f"tracing_endpoint={endpoint},tracing_insecure=true", "tracing_path=/custom")
    async with serving(database_settings, *options) as client:
        headers = {"Content-Type": "application/x-protobuf"}
        async with client.post(f"/api/v1{TRACES}", data=SPANS, headers=headers) as response:
            assert (response.status, response.content_type) == (200, "application/x-protobuf")
    assert (list(collector.spans), collector.paths) == (["Click"], ["/custom"])


async def test_without_a_collector_there_is_nothing_to_pass_on_to(caller: Caller) -> None:
    answer = await caller.call("POST", TRACES, SPANS)
    assert (answer.status, answer.body) == (404, None)


async def test_a_collector_that_is_away_is_said(
    database_settings: PostgresqlSettings, unused_tcp_port: int
) -> None:
    options = f"tracing_endpoint=127.0.0.1:{unused_tcp_port},tracing_insecure=true"
    async with serving(database_settings, options) as client:
        assert (await Caller(client).call("POST", TRACES, SPANS)).status == 503
