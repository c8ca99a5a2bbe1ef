"""Log lines and spans of units of work (contract §7.1, §7.2).

    with trace("PlanTaskCreate"):
        ...

    @trace("PlanTaskCreate")
    async def create(...): ...

A unit of work ends with one line and one span, whatever its outcome. Lines of units that went well, or failed
in a way that was the caller's, are written when debugging is on, everywhere or in a :class:`context`. Defects
are always written, once, by the unit that saw them first. While debugging and tracing are off, a unit that
goes well costs a fraction of a microsecond.
"""

from __future__ import annotations

import functools
import inspect
import logging
import sys
from collections.abc import Callable, Mapping
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any, TypeVar

from loguru import logger as _loguru
from opentelemetry import context as _spans
from opentelemetry.trace import Span, Status, StatusCode, Tracer, get_current_span, set_span_in_context

from homechart_common import tracing
from homechart_common.config import Config
from homechart_common.errors import HomechartError
from homechart_common.log_lines import Value, pairs, printable, story, summary, unit_line

#: Statuses that are no HTTP response: a failure that a client reports of itself, and one of a command.
STATUS_CLIENT_ERROR = 406
STATUS_COMMAND_ERROR = 418

#: The unit was cancelled, as when a caller goes away before there is an answer.
STATUS_CANCELLED = 499

_loguru.level("DEBUG", color="<blue>")
_loguru.level("NOTICE", no=25, color="<green>")
_loguru.level("ERROR", color="<red>")

F = TypeVar("F", bound=Callable[..., Any])


class context:  # noqa: N801 - it reads as a statement: with context(method="GET"):
    """Attributes of everything that is logged and traced inside the block, such as ``method`` and ``path``.

    Names are the contract's (§7.1). With ``debug``, units inside write their lines and their trace is kept.
    """

    __slots__ = ("_outer", "attributes", "debug")

    def __init__(self, debug: bool = False, **attributes: Value) -> None:
        self.debug = debug
        self.attributes = attributes

    def __enter__(self) -> context:
        outer = _context.get()
        self.attributes = {**outer.attributes, **self.attributes}
        self.debug = self.debug or outer.debug
        self._outer: Token[context] = _context.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        _context.reset(self._outer)


_NO_CONTEXT = context()
_context: ContextVar[context] = ContextVar("context", default=_NO_CONTEXT)
_debug_everywhere = False


def annotate(**attributes: Value) -> None:
    """Add attributes to the :class:`context` around once they are known; without one, nothing happens."""
    here = _context.get()
    if here is not _NO_CONTEXT:
        here.attributes.update(attributes)


def debugging() -> bool:
    """Whether units of work write their lines here."""
    return _debug_everywhere or _context.get().debug


class trace:  # noqa: N801 - it reads as a statement: with trace("PlanTaskCreate"):
    """A unit of work, as a block or as a decorator of a function, asynchronous or not.

    ``headers`` of a request, or the ``traceparent`` of whatever it follows from, make its span a part of that
    trace. Inside the block, ``status`` may be
    set to the HTTP status of the outcome, and ``debug`` to what is worth knowing about it.
    """

    status = 200
    debug = ""
    _error: BaseException | None = None
    _span: Span | None = None

    def __init__(self, name: str, headers: Mapping[str, str] | None = None, *, line: int = 0) -> None:
        self._name = name
        self._headers = headers
        self._line = line

    def __call__(self, function: F) -> F:
        """``function``, each of whose calls is a unit of work of this name."""
        name, line = self._name, function.__code__.co_firstlineno

        @functools.wraps(function)
        async def asynchronous(*args: Any, **kwargs: Any) -> Any:
            with trace(name, line=line):
                return await function(*args, **kwargs)

        @functools.wraps(function)
        def synchronous(*args: Any, **kwargs: Any) -> Any:
            with trace(name, line=line):
                return function(*args, **kwargs)

        wrapper: Any = asynchronous if inspect.iscoroutinefunction(function) else synchronous
        return wrapper  # type: ignore[no-any-return]  # mypy cannot see that it has the function's type

    def __enter__(self) -> trace:
        if tracing.tracer is not None:
            self._start_span(tracing.tracer)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        error = error or self._error
        if error is not None or self._span is not None or self.status == 500 or debugging():
            self._finish(error)

    def fail(self, error: BaseException) -> None:
        """Say that this unit fails with ``error``, which it does not raise because it became a response."""
        self._error = error

    def _start_span(self, tracer: Tracer) -> None:
        around = get_current_span()
        if self._headers is None and around.get_span_context().is_valid and not around.is_recording():
            return  # the trace is not kept, so nothing below needs a span
        caller = None if self._headers is None else tracing.caller(self._headers)
        forced = {tracing.FORCED: True} if _context.get().debug else None
        self._span = tracer.start_span(self._name, caller, attributes=forced)
        self._outer = _spans.attach(set_span_in_context(self._span))

    def _finish(self, error: BaseException | None) -> None:
        status = self.status if error is None else _status(error)
        line = self._line or sys._getframe(2).f_lineno
        level = "ERROR" if status == 500 and not _is_told(error) else "DEBUG"
        if level == "ERROR" or debugging():
            _tell(level, f"{self._name}:{line}", status, error, self.debug)
        if self._span is not None:
            _spans.detach(self._outer)
            if self._span.is_recording():
                self._describe(self._span, line, status, error)
            self._span.end()

    def _describe(self, span: Span, line: int, status: int, error: BaseException | None) -> None:
        span.set_attributes(_context.get().attributes)
        span.set_attributes({"line": line, "success": status < 400, "http.status_code": status})
        if self.debug:
            span.set_attribute("debug", self.debug)
        if error is not None and status >= 400:
            span.set_status(Status(StatusCode.ERROR, summary(error)))
            span.add_event(
                "exception",
                {
                    "exception.type": type(error).__name__,
                    "exception.message": summary(error),
                    "exception.stacktrace": story(error),
                },
            )


def notice(message: str, **attributes: Value) -> None:
    """Tell the operator what happened: a start, an account created, a limit reached. Never a secret."""
    _write("NOTICE", message, attributes)


def error(failure: str | BaseException, status: int = 500, **attributes: Value) -> None:
    """Tell the operator what failed outside a unit of work; the function that calls is named."""
    frame = sys._getframe(1)
    with context(False, **attributes):
        _tell("ERROR", f"{frame.f_code.co_qualname}:{frame.f_lineno}", status, failure)


def set_up(config: Config) -> None:
    """Write lines as ``config`` says, those of libraries included: errors to stderr, others to stdout."""
    global _debug_everywhere
    _debug_everywhere = config.debug
    colours = False if config.cli.no_color else None  # None: on terminals
    _loguru.remove()
    for stream, levels in ((sys.stdout, ("DEBUG", "NOTICE")), (sys.stderr, ("ERROR",))):
        _loguru.add(
            stream,
            level=0,
            format="<level>[{level.name}]</level> {message}",
            filter=lambda record, levels=levels: record["level"].name in levels,
            colorize=colours,
            backtrace=False,
            diagnose=False,
        )
    level = logging.INFO if config.debug else logging.WARNING
    logging.basicConfig(handlers=[_FromLibraries()], level=level, force=True)


class _FromLibraries(logging.Handler):
    """Brings what libraries say through the standard library's logging into the same lines."""

    def emit(self, record: logging.LogRecord) -> None:
        level = "DEBUG" if record.levelno < logging.WARNING else "NOTICE"
        if record.levelno >= logging.ERROR:
            level = "ERROR"
        raised = record.exc_info[1] if record.exc_info else None
        _write(level, record.getMessage(), {"logger": record.name}, raised)


def _status(error: BaseException) -> int:
    if isinstance(error, HomechartError):
        return error.status
    return 500 if isinstance(error, Exception) else STATUS_CANCELLED


def _is_told(error: BaseException | None) -> bool:
    """Whether a line tells of this defect already, so that the units around stay silent."""
    return error is not None and "told" in error.__dict__


def _tell(
    level: str, function: str, status: int, failure: str | BaseException | None, debug: str = ""
) -> None:
    raised = failure if isinstance(failure, BaseException) else None
    text = summary(raised) if raised is not None else failure or ""
    line = unit_line(function, str(text), status, debug, tracing.trace_id(), _context.get().attributes)
    _write_line(level, line, raised if level == "ERROR" else None)


def _write(
    level: str, message: str, attributes: Mapping[str, Value], raised: BaseException | None = None
) -> None:
    shown = {**_context.get().attributes, **attributes, "traceID": tracing.trace_id()}
    _write_line(level, f"{printable(message)} {pairs(dict(sorted(shown.items())))}".rstrip(), raised)


def _write_line(level: str, line: str, raised: BaseException | None) -> None:
    """Write a line; below it, the story of a defect that no other line tells."""
    if raised is not None and not isinstance(raised, HomechartError) and not _is_told(raised):
        raised.__dict__["told"] = True
        line = f"{line}\n{story(raised)}"
    _loguru.log(level, line)
