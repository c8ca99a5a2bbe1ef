"""Every way a request can fail, with the HTTP status and the words a client sees.

The classes and statuses are those of the wire contract (platform contract §1.5). A handler raises one of
them; ``homechart_api.middleware.errors`` is the only place that turns them into a response. Anything else
that is raised is a defect and becomes a 500 whose detail stays in the log.
"""

from __future__ import annotations

from collections.abc import Mapping


class HomechartError(Exception):
    """A failure with a status and a sentence that may be shown to the person who caused it."""

    status = 500
    default_message = "The server could not complete this request"

    def __init__(self, message: str | None = None) -> None:
        self.message = message or self.default_message
        super().__init__(self.message)


class NothingChanged(HomechartError):
    """The request was fine and there is nothing to answer: a bodiless 204 (§1.4)."""

    status = 204
    default_message = ""


class InvalidInput(HomechartError):
    """The request says something that cannot be accepted; the message names the field."""

    status = 400
    default_message = "This request could not be processed"

    @classmethod
    def field(cls, name: str, problem: str) -> InvalidInput:
        """One field is wrong: ``name`` is its JSON name, ``problem`` completes the sentence."""
        return cls(f"{name}: {problem}")

    @classmethod
    def fields(cls, problems: Mapping[str, str]) -> InvalidInput:
        """Several fields are wrong; keys are JSON names."""
        return cls("; ".join(f"{name}: {problem}" for name, problem in problems.items()))


class ItemNotFound(HomechartError):
    """A single object that does not exist or that the caller may not see; clients compare these words."""

    status = 400
    default_message = "Item not found"


class IncorrectPasscode(HomechartError):
    """A one-time password is wrong or missing; clients compare these words."""

    status = 400
    default_message = "Incorrect passcode"


class Forbidden(HomechartError):
    """The caller is known and may not do this."""

    status = 403
    default_message = "Action forbidden"


class NotFound(HomechartError):
    """Nothing lives at this address; answered without a body."""

    status = 404
    default_message = ""


class Conflict(HomechartError):
    """Another object already has what must be unique."""

    status = 409
    default_message = "Item already exists"


class SignedOut(HomechartError):
    """There is no session, or it is unknown, revoked or expired. The baseline uses 410, not 401."""

    status = 410
    default_message = "Please sign in"


class TooLarge(HomechartError):
    """The body of a request has more bytes than are read."""

    status = 413
    default_message = "This is too large"


class TooManyRequests(HomechartError):
    """The rate limiter refused the request (§2.6)."""

    status = 429
    default_message = "Too many requests, please try again later"


class Unavailable(HomechartError):
    """The database cannot be reached or did not answer in time; trying again later helps."""

    status = 503
    default_message = "The server is starting or busy, please try again in a moment"
    retry_after_seconds = 2


class QueryTimeout(Unavailable):
    """A statement ran longer than it may, or waited too long for a lock."""


class ConfigurationError(HomechartError):
    """A process cannot start with the configuration it was given: names key, source and what was expected."""


class StartupError(HomechartError):
    """A process cannot start for a reason outside its configuration, such as a port in use."""
