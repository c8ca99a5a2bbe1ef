"""Where configuration comes from: files, one document in a variable, variables, and the command line.

Every source becomes layers of values by option name, and a later layer wins over an earlier one. The order is
that of :func:`layers`; ``vault`` is one more source. Values keep the form they were given in; only documents
know types other than text.
"""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from homechart_common.config.left_out import LEFT_OUT
from homechart_common.config.options import VARIABLE_PREFIX, flat_name
from homechart_common.config.sections import OPTIONS
from homechart_common.config.things import find, find_key, holds, known
from homechart_common.errors import ConfigurationError

DOCUMENT_VARIABLE = VARIABLE_PREFIX + "CONFIG"
_SUFFIXES = {".json", ".yaml", ".yml"}

_LEFT_OUT = {flat_name(key): (key, reason) for key, reason in LEFT_OUT.items()}
_SECTIONS = {key.partition(".")[0] for key in (*(option.key for option in OPTIONS.values()), *LEFT_OUT)}


@dataclass(frozen=True)
class Layer:
    """Values by option name (``APP_PORT``) that ``source`` gives, and what there is to say about it."""

    source: str
    values: dict[str, object] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    #: Whether no value of it may be shown, whatever the option.
    confidential: bool = False


def layers(
    paths: Sequence[str], overrides: Sequence[str], environment: MutableMapping[str, str]
) -> tuple[list[Layer], list[Layer]]:
    """Every layer, the weakest first (contract §6.1): those below what Vault says, and those above it.

    What was read of ``environment`` is blanked there. Raises ConfigurationError for what cannot be read and
    for options that do not exist.
    """
    below = list(_files(paths))
    return below, [*_document_variable(environment), *_variables(environment), *_overrides(overrides)]


def _files(paths: Iterable[str]) -> Iterator[Layer]:
    for path in (part for given in paths for part in given.split(",") if part):
        if path == "-":
            yield _document(sys.stdin.read(), "standard input")
            continue
        for file in _files_below(Path(path)):
            try:
                text = file.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
                raise ConfigurationError(f"{file}: cannot be read: {reason}") from None
            yield _document(text, str(file))


def _files_below(path: Path) -> list[Path]:
    """``path`` itself, or the documents below that directory; names with a leading dot are passed over."""
    if not path.is_dir():
        return [path]
    return sorted(
        file
        for file in path.rglob("*")
        if file.suffix in _SUFFIXES
        and file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(path).parts)
    )


def _document_variable(environment: MutableMapping[str, str]) -> Iterator[Layer]:
    if text := environment.get(DOCUMENT_VARIABLE):
        environment[DOCUMENT_VARIABLE] = ""
        yield _document(text, DOCUMENT_VARIABLE)


def _variables(environment: MutableMapping[str, str]) -> Iterator[Layer]:
    sections = tuple(VARIABLE_PREFIX + flat_name(section) + "_" for section in _SECTIONS)
    for variable in sorted(
        name for name, value in environment.items() if value and name.startswith(sections)
    ):
        name = variable.removeprefix(VARIABLE_PREFIX)
        if find(name):
            yield Layer(variable, {name: environment[variable]})
        elif name in _LEFT_OUT:
            yield Layer(variable, notices=(_has_no_effect(name, variable),))
        else:
            others = (option.variable for option in known(name))
            yield Layer(variable, notices=(f"{variable} is not an option{_suggestion(variable, others)}",))
            continue
        environment[variable] = ""


def _overrides(given: Iterable[str]) -> Iterator[Layer]:
    for text in given:
        head, _, rest = text.partition("=")
        if head.lower() == "config":
            yield _document(rest, "-x config")
            continue
        for pair in filter(None, text.split(",")):
            name, assigns, value = pair.partition("=")
            if not assigns or "=" in value:
                raise ConfigurationError(
                    f"-x {name}: expected section_key=value, with neither , nor = in the value"
                )
            yield _override(name, value)


def _override(name: str, value: str) -> Layer:
    source = f"-x {name}"
    flat = name.upper()
    if find(flat):
        return Layer(source, {flat: value} if value else {})
    if flat in _LEFT_OUT:
        return Layer(source, notices=(_has_no_effect(flat, source),))
    others = (option.name.lower() for option in known(flat))
    raise ConfigurationError(f"{source}: there is no such option{_suggestion(name, others)}")


def _document(text: str, source: str) -> Layer:
    """The layer of a JSON or YAML document; raises ConfigurationError naming ``source`` and the place."""
    return content_layer(_parse(text, source), source)


def content_layer(content: object, source: str) -> Layer:
    """The layer of what a document holds; raises ConfigurationError naming ``source``."""
    if content is None:
        return Layer(source)
    values: dict[str, object] = {}
    notices = []
    for section, entries in _mapping(content, source, "the document").items():
        if section not in _SECTIONS:
            raise ConfigurationError(
                f"{source}: there is no section {section!r}{_suggestion(section, _SECTIONS)}"
            )
        for key, value in _entries(section, entries, source):
            if option := find_key(key):
                if value is not None:
                    values[option.name] = value
            elif key in LEFT_OUT:
                notices.append(_has_no_effect(flat_name(key), source))
            else:
                others = (option.key for option in known(flat_name(key)))
                raise ConfigurationError(f"{source}: there is no option {key}{_suggestion(key, others)}")
    return Layer(source, values, tuple(notices))


def _entries(section: str, entries: object, source: str) -> Iterator[tuple[str, object]]:
    """What a section of a document says, by key; of the things in it, too."""
    for name, value in _mapping(entries or {}, source, section).items():
        key = f"{section}.{name}"
        if isinstance(value, Mapping) and holds(section, name):
            yield from ((f"{key}.{inner}", said) for inner, said in _mapping(value, source, key).items())
        else:
            yield key, value


def _parse(text: str, source: str) -> object:
    """The content of a document; JSON is tried first because YAML knows no tabs."""
    try:
        content: object = json.loads(text)
    except ValueError:
        try:
            content = yaml.safe_load(text)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            place = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
            raise ConfigurationError(f"{source}: neither JSON nor YAML{place}") from None
    return content


def _mapping(content: object, source: str, what: str) -> Mapping[str, object]:
    if isinstance(content, Mapping):
        return {str(key): value for key, value in content.items()}
    raise ConfigurationError(f"{source}: expected {what} to hold names and values")


def _has_no_effect(name: str, source: str) -> str:
    key, reason = _LEFT_OUT[name]
    return f"{key} (from {source}) has no effect: {reason}"


def _suggestion(given: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(given, list(known), n=1)
    return f", did you mean {close[0]}?" if close else ""
