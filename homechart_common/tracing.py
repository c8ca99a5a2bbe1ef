"""Traces: where spans go, which are kept, and how they join those of callers (contract §7.2).

Units of work open their spans with :func:`homechart_common.logger.trace`; this module starts and stops what
carries them away. Without ``tracing.endpoint`` there is no tracer, no thread, and nothing to pay for.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import (
    Decision,
    ParentBased,
    Sampler,
    SamplingResult,
    TraceIdRatioBased,
)
from opentelemetry.trace import Link, SpanKind, Tracer, TraceState, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import Attributes

from homechart_common import ids
from homechart_common.config import Config, Tracing
from homechart_common.version import VERSION

DEFAULT_PATH = "/v1/traces"

#: How long one delivery to the collector, and thereby the end of a process, may take.
EXPORT_TIMEOUT_SECONDS = 3.0

#: A span that starts with this attribute is kept whatever the ratio says.
FORCED = "forced"

#: What makes spans, or ``None`` while nothing is traced.
tracer: Tracer | None = None

_provider: TracerProvider | None = None
_propagator = TraceContextTextMapPropagator()


def set_up(config: Config, service: str) -> None:
    """Start carrying spans to the collector if one is configured; ``service`` names this program."""
    global tracer, _provider
    shut_down()
    if not config.tracing.endpoint:
        return
    _provider = TracerProvider(
        sampler=_RatioOrForced(config.tracing.sampler_ratio),
        resource=_resource(config, service),
        span_limits=SpanLimits(max_attribute_length=4096),
        shutdown_on_exit=False,
    )
    exporter = OTLPSpanExporter(collector_url(config.tracing), timeout=EXPORT_TIMEOUT_SECONDS)
    _provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = _provider.get_tracer("homechart", VERSION)


def shut_down() -> None:
    """Deliver the spans that ended and stop. Waits for the collector, at most some seconds."""
    global tracer, _provider
    tracer = None
    if _provider is not None:
        _provider.shutdown()
        _provider = None


def collector_url(tracing: Tracing) -> str:
    """Where traces are posted; only meaningful when an endpoint is configured."""
    scheme = "http" if tracing.insecure else "https"
    return f"{scheme}://{tracing.endpoint}{tracing.path or DEFAULT_PATH}"


def caller(headers: Mapping[str, str]) -> Context:
    """The context of the span that a request's ``traceparent`` names (W3C Trace Context), if it names one."""
    return _propagator.extract(headers)


def traceparent() -> str:
    """The current span as others join it (W3C Trace Context); empty if the trace is not kept."""
    if tracer is None:
        return ""
    context = get_current_span().get_span_context()
    if not context.trace_flags.sampled:
        return ""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-01"


def trace_id() -> str:
    """The id of the current trace as 32 hexadecimal digits, or an empty text."""
    context = get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else ""


def request_id() -> str:
    """An id for the current request: its span's as 16 hexadecimal digits, else random (contract §2.9)."""
    context = get_current_span().get_span_context()
    return f"{context.span_id:016x}" if context.is_valid else ids.new_nanoid()


def _resource(config: Config, service: str) -> Resource:
    return Resource(
        {
            "host.arch": platform.machine(),
            "host.name": platform.node(),
            "os.type": platform.system().lower(),
            "service.instance.id": ids.new_uuid(),
            "service.name": config.tracing.service_name or service,
            "service.version": VERSION,
            "url": config.app.base_url,
        }
    )


class _RatioOrForced(Sampler):
    """Keeps a share of the traces that start here, what callers keep, and what is forced."""

    def __init__(self, ratio: float) -> None:
        self._usual = ParentBased(TraceIdRatioBased(min(max(ratio, 0.0), 1.0)))

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        if attributes and FORCED in attributes:
            return SamplingResult(Decision.RECORD_AND_SAMPLE, attributes, trace_state)
        return self._usual.should_sample(parent_context, trace_id, name, kind, attributes, links, trace_state)

    def get_description(self) -> str:
        return "a share of the traces, and what is forced"
