"""What an option is: how it is spelled in every source, how its values are read, and which are accepted.

A section is a frozen dataclass whose fields are made with :func:`option`. Everything else about an option
derives from its field: the key in documents (``app.baseURL``), the environment variable
(``HOMECHART_APP_BASEURL``), the ``-x`` name (``app_baseurl``), validation and documentation.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, TypeVar, get_type_hints

VARIABLE_PREFIX = "HOMECHART_"

#: Words that keys spell in capitals (contract §6.3), except as their first word.
_CAPITALISED = {"id", "json", "tls", "ttl", "url"}

_TRUE = {"1", "t", "true", "yes"}
_FALSE = {"0", "f", "false", "no"}
_INTEGER = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")

T = TypeVar("T")


@dataclass(frozen=True)
class Format:
    """A form that text must have; ``expected`` says so in words that complete "expected ..."."""

    pattern: str
    expected: str
    #: What a pattern cannot say.
    also: Callable[[str], bool] = bool

    def fits(self, text: str) -> bool:
        """Whether text has this form."""
        return re.fullmatch(self.pattern, text) is not None and self.also(text)


@dataclass(frozen=True)
class Rule:
    """What is declared about an option besides its name, type and default."""

    meaning: str
    secret: bool = False
    hidden: bool = False
    at_least: int | None = None
    at_most: int | None = None
    one_of: tuple[str, ...] = ()
    form: Format | None = None
    required: bool = False


def option(default: T, meaning: str, **rule: Any) -> T:
    """Declare an option of a section; ``rule`` takes the remaining fields of :class:`Rule`.

    ``secret`` values are masked wherever they could be shown; ``hidden`` options are accepted and documented,
    and left out of ``show-config``; ``at_least`` and ``at_most`` bound numbers; ``one_of`` and ``form`` bind
    text, which may nevertheless be empty when that is the default. A thing with a name of its own (see
    :mod:`homechart_common.config.things`) cannot be without its ``required`` options.
    """
    declared = Rule(meaning, **rule)
    made: T = field(default=default, repr=not declared.secret, metadata={"rule": declared})
    return made


@dataclass(frozen=True)
class Option:
    """One option: ``section`` and ``attribute`` are its place in the configuration object.

    Of the things with names that a section holds, ``thing`` is the one that it belongs to.
    """

    section: str
    attribute: str
    kind: Any
    default: Any
    rule: Rule
    thing: str = ""

    @cached_property
    def key(self) -> str:
        """Its spelling in documents and messages, such as ``app.baseURL``."""
        return ".".join(filter(None, (spelled(self.section), self.thing, spelled(self.attribute))))

    @cached_property
    def name(self) -> str:
        """Its spelling where case does not matter, such as ``APP_BASEURL``."""
        return flat_name(self.key)

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return VARIABLE_PREFIX + self.name

    @property
    def kind_name(self) -> str:
        """Its type in a word."""
        return {bool: "boolean", int: "integer", float: "number", str: "text"}.get(self.kind, "list")

    @property
    def bounds(self) -> str:
        """The numbers it accepts, in words that follow "a number"; empty for any."""
        match self.rule.at_least, self.rule.at_most:
            case None, None:
                return ""
            case low, None:
                return f" of at least {low}"
            case low, high:
                return f" from {low} to {high}"

    @property
    def expected(self) -> str:
        """Which values it accepts, in words that complete "expected ..."."""
        if self.rule.form:
            return self.rule.form.expected
        if self.rule.one_of:
            return "one of " + ", ".join(self.rule.one_of)
        return {
            bool: "true or false",
            int: "a whole number" + self.bounds,
            float: "a number" + self.bounds,
            str: "text (in a document, in quotes when it looks like something else)",
        }.get(self.kind, "a list of texts")

    def as_text(self, value: object) -> str:
        """``value`` as a variable would give it; empty for what counts as not given."""
        match value:
            case bool():
                return str(value).lower()
            case tuple():
                return ",".join(value)
            case _:
                return str(value)

    def read(self, given: object) -> object:
        """``given`` as a value of this option's type if it says one (contract §6.2), otherwise unchanged.

        Text comes from the environment, ``-x`` and documents alike; :meth:`accepts` refuses what stays text.
        """
        if self.kind is float and type(given) is int:
            return float(given)
        if not isinstance(given, str):
            return given
        if self.kind is bool:
            word = given.lower()
            return True if word in _TRUE else False if word in _FALSE else given
        if self.kind is int:
            return int(given) if _INTEGER.fullmatch(given) else given
        if self.kind is float:
            return float(given) if _DECIMAL.fullmatch(given) else given
        return given if self.kind is str else given.split(",")

    def accepts(self, value: object) -> bool:
        """Whether ``value``, as :meth:`read` left it, is one that this option may have."""
        if self.kind in (int, float):
            return type(value) is self.kind and self._within_bounds(value)
        if self.kind is bool:
            return type(value) is bool
        if self.kind is str:
            return isinstance(value, str) and (value == self.default or self._well_formed(value))
        return isinstance(value, list | tuple) and all(isinstance(item, str) and item for item in value)

    def _within_bounds(self, number: Any) -> bool:
        low = -math.inf if self.rule.at_least is None else self.rule.at_least
        high = math.inf if self.rule.at_most is None else self.rule.at_most
        return math.isfinite(number) and bool(low <= number <= high)

    def _well_formed(self, text: str) -> bool:
        if self.rule.one_of:
            return text in self.rule.one_of
        return not self.rule.form or self.rule.form.fits(text)


def spelled(name: str) -> str:
    """The contract's spelling of a Python name: ``base_url`` is ``baseURL``."""
    first, *others = name.split("_")
    return first + "".join(word.upper() if word in _CAPITALISED else word.capitalize() for word in others)


def flat_name(key: str) -> str:
    """The case-insensitive spelling of a key: ``app.baseURL`` is ``APP_BASEURL``."""
    return key.replace(".", "_").upper()


def options_of(section: str, declaration: type, thing: str = "") -> Iterator[Option]:
    """The options that the dataclass ``declaration`` declares, in order, as those of ``section``."""
    kinds = get_type_hints(declaration)
    for declared in fields(declaration):
        if rule := declared.metadata.get("rule"):
            yield Option(section, declared.name, kinds[declared.name], declared.default, rule, thing)
