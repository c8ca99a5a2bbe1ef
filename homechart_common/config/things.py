"""Things of which a section holds any number, each under a name that the configuration chooses.

A thing is declared like a section, as a dataclass of options, and has a ``name``. That stands between section and
key in every source: ``oidc.home.clientID``, ``HOMECHART_OIDC_HOME_CLIENTID``, ``-x oidc_home_clientid``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from homechart_common.config.options import Option, flat_name, options_of, spelled
from homechart_common.config.sections import OPTIONS, THINGS

#: Names have no underscore, as that ends them in variables.
_NAME = re.compile(r"[a-z][a-z0-9]{0,30}")

_SECTIONS = {flat_name(spelled(section)): section for section in THINGS}


def options_of_thing(section: str, thing: str) -> Iterator[Option]:
    """The options of a thing, whether the configuration has it or not."""
    return options_of(section, THINGS[section][1], thing)


def find(name: str) -> Option | None:
    """The option that a case-insensitive name means, such as ``OIDC_HOME_CLIENTID``."""
    if name in OPTIONS:
        return OPTIONS[name]
    return next((option for option in _siblings(name) if option.name == name), None)


def find_key(key: str) -> Option | None:
    """The option that a key of a document means, such as ``oidc.home.clientID``."""
    option = find(flat_name(key))
    return option if option is not None and option.key == key else None


def holds(section: str, thing: str) -> bool:
    """Whether a section, as documents spell it, could hold a thing of that name."""
    return flat_name(section) in _SECTIONS and _NAME.fullmatch(thing) is not None


def known(like: str = "") -> list[Option]:
    """Every option, and those of the thing that a case-insensitive name seems to be about."""
    return [*OPTIONS.values(), *_siblings(like)]


def options_named(names: Iterable[str]) -> dict[str, Option]:
    """Every option by its name, with all those of the things to which some of ``names`` belong."""
    things = {name: option for each in sorted(set(names)) for name, option in _by_name(_siblings(each))}
    return {**OPTIONS, **things}


def read_things(section: str, options: Iterable[Option], values: Mapping[str, Any]) -> dict[str, Any]:
    """The attribute of a section that holds things, if it does, with those that have ``values``."""
    if section not in THINGS:
        return {}
    attribute, kind = THINGS[section]
    said: dict[str, dict[str, Any]] = {}
    for option in options:
        if option.section == section and option.thing:
            said.setdefault(option.thing, {})[option.attribute] = values[option.name]
    return {attribute: tuple(kind(name=thing, **members) for thing, members in said.items())}


def values_of_things(sections: object) -> Iterator[tuple[Option, Any]]:
    """Every option of the things that a configuration has, with its value."""
    for section, (attribute, _) in THINGS.items():
        for thing in getattr(getattr(sections, section), attribute):
            for option in options_of_thing(section, thing.name):
                yield option, getattr(thing, option.attribute)


def _siblings(name: str) -> Iterable[Option]:
    """The options of the thing that an option of this name would belong to."""
    section, _, rest = name.partition("_")
    thing, separates, _ = rest.partition("_")
    if not (section in _SECTIONS and separates and _NAME.fullmatch(thing.lower())):
        return ()
    return options_of_thing(_SECTIONS[section], thing.lower())


def _by_name(options: Iterable[Option]) -> Iterator[tuple[str, Option]]:
    return ((option.name, option) for option in options)
