"""Traces, as a collector that speaks OTLP over HTTP receives them."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import AsyncIterator

import pytest

from homechart_common import tracing
from homechart_common.config import load
from homechart_common.errors import ItemNotFound, NothingChanged
from homechart_common.logger import context, trace
from homechart_common.version import VERSION
from tests.collector import Collector, collecting, values

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
CALLER = "b7ad6b7169203331"


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    async with collecting() as made:
        yield made


async def test_units_of_work_become_spans_of_one_trace(collector):
    collector.start()
    with context(method="GET", path="/plan/tasks"), trace("/plan/tasks GET"), trace("PlanTaskRead") as unit:
        unit.status = 204
        unit.debug = "unchanged"
    spans = await collector.collect()
    root, child = spans["/plan/tasks GET"], spans["PlanTaskRead"]
    assert child.trace_id == root.trace_id
    assert child.parent_span_id == root.span_id
    assert root.parent_span_id == b""
    attributes = values(child.attributes)
    assert attributes.pop("line") > 0
    assert attributes == {
        "success": True,
        "http.status_code": 204,
        "debug": "unchanged",
        "method": "GET",
        "path": "/plan/tasks",
    }
    assert collector.paths == ["/v1/traces"]


async def test_the_resource_tells_who_sends(collector):
    collector.start("app_baseurl=https://home.example.com,tracing_path=/custom")
    with trace("Unit"):
        pass
    await collector.collect()
    assert collector.resource["service.name"] == "homechart-test"
    assert collector.resource["service.version"] == VERSION
    assert collector.resource["url"] == "https://home.example.com"
    assert {"host.arch", "host.name", "os.type", "service.instance.id"} <= collector.resource.keys()
    assert collector.paths == ["/custom"]


async def test_a_defect_is_recorded_without_the_row_it_quotes(collector):
    collector.start("tracing_servicename=home")
    with pytest.raises(ValueError, match="constraint"), trace("Unit"):
        raise ValueError("violates constraint\nDETAIL: (hunter2)")
    span = (await collector.collect())["Unit"]
    assert span.status.code == span.status.STATUS_CODE_ERROR
    [event] = span.events
    attributes = values(event.attributes)
    assert attributes["exception.type"] == "ValueError"
    assert attributes["exception.message"] == "violates constraint"
    assert "test_tracing.py" in attributes["exception.stacktrace"]
    assert values(span.attributes)["http.status_code"] == 500
    assert collector.resource["service.name"] == "home"


@pytest.mark.parametrize(("failure", "is_error"), [(ItemNotFound, True), (NothingChanged, False)])
async def test_outcomes_have_their_status(collector, failure, is_error):
    collector.start()
    with pytest.raises(failure), trace("Unit"):
        raise failure
    span = (await collector.collect())["Unit"]
    assert (span.status.code == span.status.STATUS_CODE_ERROR) is is_error
    assert values(span.attributes)["http.status_code"] == failure.status


async def test_a_caller_s_trace_is_joined(collector):
    collector.start(ratio="0")
    with trace("Unit", {"traceparent": f"00-{TRACE_ID}-{CALLER}-01"}):
        assert tracing.trace_id() == TRACE_ID
    span = (await collector.collect())["Unit"]
    assert span.trace_id.hex() == TRACE_ID
    assert span.parent_span_id.hex() == CALLER


async def test_a_caller_that_keeps_no_trace_is_followed(collector):
    collector.start()
    with trace("Unit", {"traceparent": f"00-{TRACE_ID}-{CALLER}-00"}):
        pass
    assert await collector.collect() == {}


@pytest.mark.parametrize(
    "sent",
    [
        f"00-{TRACE_ID}-{CALLER}-01",
        f"00-{TRACE_ID.upper()}-{CALLER.upper()}-01",
        f"00-{TRACE_ID}-{CALLER}-01'; DROP TABLE auth_account; --",
        f"00-{TRACE_ID}-{CALLER[:-3]}';--01",
        f"00-{TRACE_ID[:-1]}'-{CALLER}-01",
        f"01-{TRACE_ID}-{CALLER}-01-'; DROP TABLE auth_account; --",
        f"00-{TRACE_ID}-{CALLER}-01\n'",
        "'; DROP TABLE auth_account; --",
        f"00-{'٣' * 32}-{'٣' * 16}-01",
    ],
)
async def test_what_a_caller_sends_reaches_statements_as_digits_alone(collector, sent):
    collector.start()
    with trace("Unit", {"traceparent": sent, "tracestate": "a=';--"}):
        assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", tracing.traceparent())


async def test_a_malformed_caller_is_ignored(collector):
    collector.start()
    with trace("Unit", {"traceparent": "00-zz"}):
        pass
    assert (await collector.collect())["Unit"].parent_span_id == b""


async def test_a_trace_that_is_not_kept_has_no_spans_at_all(collector):
    collector.start(ratio="0")
    with trace("Root"), trace("Child"):
        pass
    assert await collector.collect() == {}


async def test_debugging_a_request_keeps_its_trace(collector, capsys):
    collector.start(ratio="0")
    with context(debug=True), trace("Root"), trace("Child"):
        pass
    assert set(await collector.collect()) == {"Root", "Child"}


async def test_the_request_id_is_that_of_the_span(collector):
    collector.start()
    with trace("Unit"):
        request_id = tracing.request_id()
    assert (await collector.collect())["Unit"].span_id.hex() == request_id


async def test_spans_of_concurrent_work_have_their_own_parents(collector):
    async def work(name: str) -> None:
        with trace(name):
            await asyncio.sleep(0)
            with trace(f"{name} child"):
                await asyncio.sleep(0)

    collector.start()
    await asyncio.gather(work("a"), work("b"))
    spans = await collector.collect()
    assert spans["a"].trace_id != spans["b"].trace_id
    assert spans["a child"].parent_span_id == spans["a"].span_id
    assert spans["b child"].parent_span_id == spans["b"].span_id


def test_without_an_endpoint_nothing_is_started():
    before = threading.active_count()
    tracing.set_up(load(environment={}), "homechart-test")
    assert tracing.tracer is None
    assert threading.active_count() == before
    assert tracing.trace_id() == ""
    assert len(tracing.request_id()) == 14


def test_a_collector_that_is_away_does_not_hold_up_the_end(unused_tcp_port):
    overrides = [
        f"tracing_endpoint=127.0.0.1:{unused_tcp_port}",
        "tracing_insecure=true,tracing_samplerratio=1",
    ]
    tracing.set_up(load(overrides=overrides, environment={}), "homechart-test")
    with trace("Unit"):
        pass
    started = time.monotonic()
    tracing.shut_down()
    assert time.monotonic() - started < tracing.EXPORT_TIMEOUT_SECONDS + 2


def test_the_collector_is_addressed_by_https_unless_told_otherwise():
    given = load(overrides=["tracing_endpoint=otel.example.com"], environment={})
    assert tracing.collector_url(given.tracing) == "https://otel.example.com/v1/traces"
