"""Metrics, as Prometheus reads them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from inspect import isfunction
from pathlib import Path

import pytest
from prometheus_client import Gauge
from prometheus_client.parser import text_string_to_metric_families

import homechart_api
import homechart_common
import homechart_worker
from homechart_common import clock, metrics

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/119.0"


def sample(name: str, **labels: str) -> float:
    """The value of one sample; 0 while there is none."""
    for family in text_string_to_metric_families(metrics.render().decode()):
        for found in family.samples:
            if found.name == name and found.labels == labels:
                return found.value
    return 0.0


def request(path: str, method: str = "GET", status: int = 200) -> None:
    metrics.count_request(
        path, method, status, 0.2, request_bytes=20, response_bytes=2000, user_agent=FIREFOX
    )


def test_a_request_is_counted_and_measured():
    path = "/api/v1/plan/tasks/:id"
    clients = sample("homechart_controller_user_agent_total", user_agent="firefox")
    request("/api/v1/plan/tasks/6F0C1B7E-52a4-4d0e-9a51-2b8f7f0e11aa", "PUT")
    labels = {"path": path, "method": "PUT"}
    assert sample("homechart_controller_request_total", **labels, status="200") == 1
    assert sample("homechart_controller_request_duration_bucket", **labels, le="0.1") == 0
    assert sample("homechart_controller_request_duration_bucket", **labels, le="0.5") == 1
    assert sample("homechart_controller_request_size_sum", **labels) == 20
    assert sample("homechart_controller_response_size_bucket", **labels, le="1000.0") == 0
    assert sample("homechart_controller_response_size_bucket", **labels, le="10000.0") == 1
    assert sample("homechart_controller_user_agent_total", user_agent="firefox") == clients + 1


@pytest.mark.parametrize("path", ["/api/v1/sse", "/api/v1/system/health", "/api/v1/telemetry/errors"])
def test_streams_system_and_telemetry_are_not_counted(path):
    request(path, status=299)
    assert sample("homechart_controller_request_total", path=path, method="GET", status="299") == 0


def test_clients_cannot_invent_labels_without_end():
    request("/api/v1/inventory/items", "BREW")
    assert sample(
        "homechart_controller_request_total", path="/api/v1/inventory/items", method="other", status="200"
    )
    before = len(metrics.render())
    for number in range(600):
        metrics.count_telemetry_error(f"/{number}", "1")
    many = len(metrics.render())
    for number in range(600, 2000):
        metrics.count_telemetry_error(f"/{number}", "1")
    assert before < many
    assert len(metrics.render()) - many < 20
    assert sample("homechart_telemetry_error_total", path="other", version="1") > 1000


def test_several_uuids_in_a_path_are_replaced():
    one = "6f0c1b7e-52a4-4d0e-9a51-2b8f7f0e11aa"
    assert metrics.path_label(f"/a/{one}/b/{one}") == "/a/:id/b/:id"
    assert metrics.path_label("/a/not-a-uuid") == "/a/not-a-uuid"


def test_the_cache_notifications_and_queries_are_counted():
    metrics.count_cache_request("test_list", hit=True)
    metrics.count_cache_request("test_list", hit=False)
    metrics.count_notification("smtp", "cancelled")
    metrics.observe_query("test_table", "read", 0.7)
    assert sample("homechart_cache_request_total", type="test_list", result="hit") == 1
    assert sample("homechart_cache_request_total", type="test_list", result="miss") == 1
    assert sample("homechart_notifications_total", type="smtp", status="cancelled") >= 1
    query = {"table": "test_table", "verb": "read"}
    assert sample("homechart_postgresql_query_duration_bucket", **query, le="0.5") == 0
    assert sample("homechart_postgresql_query_duration_bucket", **query, le="1.0") == 1


def test_tasks_tell_when_they_last_ended_well():
    moment = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
    with clock.frozen_at(moment):
        metrics.task_succeeded("test_task", 1.5, 30)
    with clock.frozen_at(moment.replace(hour=19)):
        metrics.task_failed("test_task", 2.5)
    assert sample("homechart_task_last_run_timestamp_seconds", task="test_task") == moment.timestamp()
    assert sample("homechart_task_duration_seconds", task="test_task") == 2.5
    assert sample("homechart_task_rows_total", task="test_task") == 30
    assert sample("homechart_task_failure_total", task="test_task") == 1


def test_gauges_follow_what_happens():
    metrics.sse_clients.inc()
    metrics.task_runner.set(1)
    assert sample("homechart_controller_sse_clients") == 1
    assert sample("homechart_task_runner") == 1
    metrics.sse_clients.dec()
    metrics.task_runner.set(0)
    assert sample("homechart_controller_sse_clients") == 0
    assert sample("homechart_task_runner") == 0


def test_the_process_itself_is_measured():
    assert sample("process_resident_memory_bytes") > 0


def test_everything_that_can_be_counted_is_counted_somewhere():
    sources = [
        path.read_text(encoding="utf-8")
        for package in (homechart_api, homechart_common, homechart_worker)
        for path in Path(package.__file__).parent.rglob("*.py")
        if path != Path(metrics.__file__)
    ]
    declared = [
        name
        for name, value in vars(metrics).items()
        if not name.startswith("_")
        and (isinstance(value, Gauge) or (isfunction(value) and value.__module__ == metrics.__name__))
    ]
    assert [name for name in declared if not any(re.search(rf"\b{name}\b", text) for text in sources)] == []
