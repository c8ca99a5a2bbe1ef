"""What the route table says of one operation: how it is reached, who may call it, what it takes and answers.

Whatever else the OpenAPI document tells (parameters in the path, statuses, security) follows from these.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import HttpVersion11, web
from aiohttp.typedefs import Handler

from homechart_api.middleware.limits import Limit, limited
from homechart_api.middleware.session import Gate, guarded
from homechart_common.logger import trace
from homechart_common.models.fields import Schema
from homechart_common.models.model import Model


@dataclass(frozen=True, slots=True)
class Content:
    """A body as it is, outside the wrapper of contract §1.1."""

    media_type: str = "application/json"
    schema: Schema = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Values:
    """A wrapped answer whose values belong to no declared object; ``schema`` is that of one value."""

    data_type: str
    schema: Schema


class Members:
    """A body with a few members of a declared object; names that end with ``?`` may be left out."""

    def __init__(self, model: type[Model], *names: str) -> None:
        self.model = model
        self.names = tuple(name.rstrip("?") for name in names)
        self.required = tuple(name for name in names if not name.endswith("?"))


@dataclass(frozen=True, slots=True)
class Query:
    """A parameter in the query."""

    meaning: str
    type: str = "string"
    required: bool = False


async def meet_expectation(request: web.Request) -> None:
    """Answer ``Expect``, before any middleware. aiohttp quotes what it cannot meet, even if that is no text."""
    if request.version < HttpVersion11:
        return
    if request.headers["Expect"].lower() != "100-continue":
        raise web.HTTPExpectationFailed
    await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    # that was no part of the answer, which may still be another one
    request.writer.output_size = 0


@dataclass(frozen=True, slots=True)
class Route:
    """One operation, one line of the table."""

    method: str
    path: str
    handler: Handler
    operation: str
    gate: Gate = Gate.SESSION
    limited: Limit = Limit.NONE
    #: Whether the handler's statements check that the actor is current, so that one from memory will do.
    checked: bool = False
    #: The object that a generic route is about.
    model: type[Model] | None = None
    #: What a client sends: a new object of this kind (an update may leave out any member), or something else.
    body: type[Model] | Members | Content | None = None
    #: The ``dataType`` of what is answered, singular or plural, or something else; else there is no body.
    answer: str | Values | Content | None = None
    query: Mapping[str, Query] = field(default_factory=dict)
    #: Statuses that do not follow from the rest.
    statuses: tuple[int, ...] = ()
    #: What it is for, in words for its callers; the handler's docstring unless given.
    meaning: str = ""

    def described(self) -> str:
        """What it is for, as its author wrote it."""
        return self.meaning or inspect.getdoc(self.handler) or ""

    def guarded_handler(self) -> Handler:
        """The handler as the application calls it."""
        handler = guarded(self.handler, self.gate, checked=self.checked)
        return trace(self.operation)(limited(handler, self.limited, self._bucket()))

    def _bucket(self) -> str:
        """What counts together: the calls of one route, of all ``/system``, of all ``/sse`` (contract §2.6)."""
        return self.path.split("/")[3] if self.limited is Limit.REFUSED else self.operation
