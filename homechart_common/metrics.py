"""Metrics in Prometheus' form (contract §7.3), of this process alone.

Other modules call the functions here; only this one knows what metrics are named and how they are labelled.
Labels that clients choose are bounded, so that nobody can fill the memory with them.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    Metric,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from homechart_common import clock, user_agents

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

#: Stands for every label value beyond those that are told apart.
OTHER = "other"

_SECONDS = (0.1, 0.5, 1.0)
_BYTES = (1e3, 1e4, 1e5, 1e6)
_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_NOT_COUNTED = ("/sse", "/system", "/telemetry")

disable_created_metrics()  # type: ignore[no-untyped-call]  # the library has no types here
registry = CollectorRegistry(auto_describe=False)
ProcessCollector(registry=registry)
PlatformCollector(registry=registry)
GCCollector(registry=registry)

_documented: list[tuple[str, str, tuple[str, ...], str]] = []


def _counter(name: str, meaning: str, *labels: str) -> Counter:
    _documented.append((f"homechart_{name}", "counter", labels, meaning))
    return Counter(f"homechart_{name}", meaning, labels, registry=registry)


def _gauge(name: str, meaning: str, *labels: str) -> Gauge:
    _documented.append((f"homechart_{name}", "gauge", labels, meaning))
    return Gauge(f"homechart_{name}", meaning, labels, registry=registry)


def _histogram(name: str, meaning: str, buckets: Iterable[float], *labels: str) -> Histogram:
    _documented.append((f"homechart_{name}", "histogram", labels, meaning))
    return Histogram(f"homechart_{name}", meaning, labels, buckets=tuple(buckets), registry=registry)


_cache_requests = _counter("cache_request_total", "Looks into the cache.", "type", "result")
_requests = _counter("controller_request_total", "Requests that were answered.", "path", "method", "status")
_request_seconds = _histogram(
    "controller_request_duration", "Seconds that answers took.", _SECONDS, "path", "method"
)
_request_bytes = _histogram("controller_request_size", "Bytes of request bodies.", _BYTES, "path", "method")
_response_bytes = _histogram(
    "controller_response_size", "Bytes of response bodies.", _BYTES, "path", "method"
)
_user_agents = _counter("controller_user_agent_total", "Requests by kind of client.", "user_agent")
_notifications = _counter("notifications_total", "Notifications by outcome.", "type", "status")
_query_seconds = _histogram(
    "postgresql_query_duration", "Seconds that statements took.", _SECONDS, "table", "verb"
)
_telemetry_errors = _counter("telemetry_error_total", "Errors that clients reported.", "path", "version")
_task_last_run = _gauge(
    "task_last_run_timestamp_seconds", "When a task last ended well, in Unix time.", "task"
)
_task_seconds = _gauge("task_duration_seconds", "Seconds that the last run of a task took.", "task")
_task_rows = _counter("task_rows_total", "Rows that a task dealt with.", "task")
_task_failures = _counter("task_failure_total", "Runs of a task that failed.", "task")

#: How many event streams are open.
sse_clients = _gauge("controller_sse_clients", "Event streams that are open.")

#: 1 while this process runs the scheduled tasks.
task_runner = _gauge("task_runner", "Whether this process runs the scheduled tasks.")


class _Bounded:
    """Lets the first ``limit`` values pass and calls the rest :data:`OTHER`."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: set[str] = set()

    def __call__(self, value: str) -> str:
        if value not in self._known:
            if len(self._known) >= self._limit:
                return OTHER
            self._known.add(value)
        return value


_paths = _Bounded(500)
_error_paths = _Bounded(200)


def path_label(path: str) -> str:
    """``path`` with its UUIDs replaced by ``:id``."""
    return _UUID.sub(":id", path)


def count_request(
    path: str,
    method: str,
    status: int,
    seconds: float,
    *,
    request_bytes: int,
    response_bytes: int,
    user_agent: str,
) -> None:
    """Count an answered request; ``user_agent`` is its header.

    ``path`` is empty for addresses that lead nowhere, since anyone can think up as many as they like. Event
    streams, system and telemetry requests are not counted.
    """
    if any(part in path for part in _NOT_COUNTED):
        return
    count, *observers = _of_request(_paths(path_label(path)), method if method in _METHODS else OTHER, status)
    count(1)
    for observe, amount in zip(observers, (seconds, request_bytes, response_bytes), strict=True):
        observe(amount)
    _of_client(user_agents.family(user_agent))()


@functools.cache
def _of_request(path: str, method: str, status: int) -> tuple[Callable[[float], None], ...]:
    """What counts and measures such requests, found once because finding it costs more than using it."""
    return (
        _requests.labels(path, method, status).inc,
        _request_seconds.labels(path, method).observe,
        _request_bytes.labels(path, method).observe,
        _response_bytes.labels(path, method).observe,
    )


@functools.cache
def _of_client(family: str) -> Callable[[], None]:
    return _user_agents.labels(family).inc


def count_cache_request(kind: str, hit: bool) -> None:
    """Count a look into the cache for something of this kind."""
    _of_cache(kind, hit)()


@functools.cache
def _of_cache(kind: str, hit: bool) -> Callable[[], None]:
    return _cache_requests.labels(kind, "hit" if hit else "miss").inc


def count_notification(kind: str, status: str) -> None:
    """Count a notification: ``smtp`` or ``webpush``, and ``success``, ``failure`` or ``cancelled``."""
    _notifications.labels(kind, status).inc()


def count_telemetry_error(path: str, version: str) -> None:
    """Count an error that a client of this ``version`` reported at ``path``."""
    _telemetry_errors.labels(_error_paths(path_label(path)), version).inc()


def observe_query(table: str, verb: str, seconds: float) -> None:
    """Record how long a statement took; ``verb`` is create, read, update or delete, or a query's name."""
    _of_query(table, verb)(seconds)


@functools.cache
def _of_query(table: str, verb: str) -> Callable[[float], None]:
    return _query_seconds.labels(table, verb).observe


def task_succeeded(task: str, seconds: float, rows: int) -> None:
    """Record a run of a scheduled task that ended well after dealing with ``rows`` rows."""
    _task_last_run.labels(task).set(clock.now().timestamp())
    _task_seconds.labels(task).set(seconds)
    _task_rows.labels(task).inc(rows)


def task_failed(task: str, seconds: float) -> None:
    """Record a run of a scheduled task that failed."""
    _task_seconds.labels(task).set(seconds)
    _task_failures.labels(task).inc()


class _Others:
    """Figures that somebody else has read."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        yield from self._families


def render(others: Iterable[Metric] = ()) -> bytes:
    """Every metric, and ``others``, in Prometheus' text format (:data:`CONTENT_TYPE`)."""
    once = CollectorRegistry(auto_describe=False)
    once.register(_Others(others))
    return generate_latest(registry) + generate_latest(once)


def reference(others: Iterable[tuple[str, str, tuple[str, ...], str]] = ()) -> str:
    """The reference page of the metrics, and of ``others``, as Markdown."""
    rows = "".join(
        f"| `{name}` | {kind} | {', '.join(f'`{label}`' for label in labels)} | {meaning} |\n"
        for name, kind, labels, meaning in sorted([*_documented, *others])
    )
    return (
        "# Metrics\n\n"
        "Each process counts for itself, in Prometheus' text format, at `/api/v1/system/metrics?key=…`,\n"
        "which `app.systemMetricsKey` opens; workers answer on `app.workerPort`. What is in the database\n"
        "(`homechart_change`, `_model_…`, `_outbox_…`, `_server_…`, and of `_postgresql_…` all but durations)\n"
        "is told alike by all of them: take the `max`. Beside these there are the usual ones of processes and\n"
        "of Python. `deploy/grafana/` has a dashboard, `deploy/prometheus/` alerts.\n\n"
        "In a `path`, `:id` stands for whatever differs between\n"
        "requests to the same route; requests for event streams, `/system` and `/telemetry` are not counted.\n\n"
        "| Name | Type | Labels | Meaning |\n| --- | --- | --- | --- |\n" + rows
    )
