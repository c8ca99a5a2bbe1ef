"""Configuration: declared once in ``sections``, read from every source by :func:`load`, then frozen."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dynaconf import Dynaconf, ValidationError, Validator

from homechart_common.config import sources, things, vault
from homechart_common.config.options import Option
from homechart_common.config.sections import (
    APART,
    OPTIONS,
    SECTIONS,
    TOGETHER,
    App,
    Cli,
    Oidc,
    OidcProvider,
    Postgresql,
    Sections,
    Smtp,
    Tracing,
    Vault,
    WebPush,
)
from homechart_common.config.sources import Layer
from homechart_common.errors import ConfigurationError
from homechart_common.notify.vapid import KeyPair
from homechart_common.postgresql.settings import PostgresqlSettings

#: Stands for a secret that has a value.
MASK = "********"

#: The option whose value makes Vault one of the sources.
_VAULT_ADDRESS = "VAULT_ADDRESS"

__all__ = [
    "App",
    "Cli",
    "Config",
    "Oidc",
    "OidcProvider",
    "Postgresql",
    "Smtp",
    "Tracing",
    "Vault",
    "WebPush",
    "load",
]


@dataclass(frozen=True, slots=True)
class Config(Sections):
    """The configuration of a process; ``notices`` are sentences that it should log when it starts."""

    notices: tuple[str, ...] = ()

    @property
    def debug(self) -> bool:
        """Whether every unit of work writes a log line."""
        return self.app.debug or self.cli.debug

    def shown(self) -> dict[str, dict[str, Any]]:
        """The options that are not hidden, by section and key, for anyone to see: secrets are masked."""
        return _sections(
            (option, MASK if option.rule.secret and value else value)
            for option, value in self._values()
            if not option.rule.hidden
        )

    def document(self) -> str:
        """All of it as a document from which another process reads the same; secrets are not masked.

        What came from Vault is in it, so that process need not ask: it may not even be let in again.
        """
        values = ((option, value) for option, value in self._values() if option.section != "vault")
        return json.dumps(_sections(values))

    def _values(self) -> Iterator[tuple[Option, Any]]:
        for option in OPTIONS.values():
            yield option, getattr(getattr(self, option.section), option.attribute)
        yield from things.values_of_things(self)

    @property
    def data_directory(self) -> Path:
        """Where this server keeps its files (``app.dataDirectory``); it need not exist yet."""
        if self.app.data_directory:
            return Path(self.app.data_directory).expanduser()
        # For root the embedded server runs as another account, to which the home of root is closed.
        usual = "/var/lib" if os.geteuid() == 0 else "~/.local/share"
        return Path(os.environ.get("XDG_DATA_HOME") or usual).expanduser() / "homechart"

    def postgresql_settings(self) -> PostgresqlSettings | None:
        """How to reach the database that is configured, or ``None`` for the embedded one."""
        given = self.postgresql
        if given.is_embedded:
            return None
        return PostgresqlSettings(
            hostname=given.hostname or "localhost",
            port=given.port,
            database=given.database,
            username=given.username,
            password=given.password,
            ssl_mode=given.ssl_mode,
            max_connections=given.max_connections,
            statement_timeout_seconds=given.statement_timeout_seconds,
            connect_timeout_seconds=given.connect_timeout_seconds,
            acquire_timeout_seconds=min(given.statement_timeout_seconds, 10),
            max_lifetime_seconds=given.max_lifetime_minutes * 60,
            direct_hostname=given.direct_hostname,
            direct_port=given.direct_port,
            prepare_statements=given.prepare_statements,
            schema_role=given.schema_role,
        )


def load(
    paths: Sequence[str] = (),
    overrides: Sequence[str] = (),
    environment: MutableMapping[str, str] = os.environ,
) -> Config:
    """Read every source, later wins: defaults, ``paths``, Vault, ``environment``, ``overrides`` (contract §6.1).

    ``paths`` are those of ``-c`` and ``overrides`` those of ``-x``. Variables that were read are blanked in
    ``environment``, so that secrets do not reach child processes. Raises ConfigurationError, which names
    every wrong option with its source and what was expected.
    """
    below, above = sources.layers(paths, overrides, environment)
    if any(layer.values.get(_VAULT_ADDRESS) for layer in (*below, *above)):
        below += vault.layers(_settled([*below, *above], {"vault": Vault})["vault"])
    layers = [*below, *above]
    notices = [notice for layer in layers for notice in layer.notices]
    return Config(**_settled(layers, SECTIONS), notices=tuple(notices))


def _settled(layers: Sequence[Layer], sections: Mapping[str, type]) -> dict[str, Any]:
    """What the layers say about ``sections``; raises ConfigurationError that names what is wrong in these."""
    named = things.options_named(name for layer in layers for name in layer.values)
    options = {name: option for name, option in named.items() if option.section in sections}
    # Plain layers: no implicit files, variables or environments, and text is never evaluated.
    settings = Dynaconf(
        environments=False,
        envvar_prefix=False,
        load_dotenv=False,
        settings_files=[],
        core_loaders=[],
        loaders=[],
        auto_cast=False,
        validators=[Validator(name, condition=option.accepts) for name, option in options.items()],
    )
    settings.update({name: option.default for name, option in options.items()}, validate=False)
    origins: dict[str, Layer] = {}
    for layer in layers:
        values = {name: options[name].read(value) for name, value in layer.values.items() if name in options}
        settings.update(values, loader_identifier=layer.source, validate=False)
        origins.update(dict.fromkeys(values, layer))
    try:
        settings.validators.validate_all()
    except ValidationError as error:
        wrong = [options[validator.names[0]] for validator, _ in error.details]
        problems = [_problem(option, settings[option.name], origins[option.name]) for option in wrong]
        raise ConfigurationError("; ".join(problems)) from None
    _check_together(options, settings, origins)
    settled = {section: _section(section, options, settings) for section in sections}
    if web_push := settled.get("web_push"):
        _check_keys(web_push, origins)
    return settled


def _sections(values: Iterable[tuple[Option, Any]]) -> dict[str, dict[str, Any]]:
    """What the options have as values, as a document says it."""
    sections: dict[str, dict[str, Any]] = {}
    for option, value in values:
        *path, key = option.key.split(".")
        place: dict[str, Any] = sections
        for name in path:
            place = place.setdefault(name, {})
        place[key] = value
    return sections


def _section(section: str, options: Mapping[str, Option], settings: Dynaconf) -> Any:
    values = {name: _frozen(settings[name]) for name, option in options.items() if option.section == section}
    own = {
        option.attribute: values[name]
        for name, option in options.items()
        if name in values and not option.thing
    }
    return SECTIONS[section](**own, **things.read_things(section, options.values(), values))


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _problem(option: Option, value: object, origin: Layer) -> str:
    shown = "" if option.rule.secret or origin.confidential else f", got {value!r}"
    return f"{option.key} (from {origin.source}): expected {option.expected}{shown}"


def _check_keys(web_push: WebPush, origins: Mapping[str, Layer]) -> None:
    """Refuse a key for web push that does not belong to the other one, with which nothing would ever arrive."""
    if not web_push.vapid_private_key:
        return
    try:
        pair = KeyPair.of(web_push.vapid_private_key)
    except ValueError:
        option, expected = OPTIONS["WEBPUSH_VAPIDPRIVATEKEY"], "a private key on the curve P-256"
    else:
        if pair.public_key == web_push.vapid_public_key:
            return
        option, expected = (
            OPTIONS["WEBPUSH_VAPIDPUBLICKEY"],
            f"{pair.public_key}, which belongs to the private key",
        )
    raise ConfigurationError(f"{option.key} (from {origins[option.name].source}): expected {expected}")


def _check_together(options: Mapping[str, Option], settings: Dynaconf, origins: Mapping[str, Layer]) -> None:
    """Refuse options without those that they need, and those that contradict each other."""
    given = {
        option.key: origins[name].source
        for name, option in options.items()
        if settings[name] and name in origins
    }
    for keys in TOGETHER:
        said = [key for key in keys if key in given]
        if said and len(said) < len(keys):
            missing = next(key for key in keys if key not in given)
            raise _missing(missing, said[0], given[said[0]])
    for needed in (option for option in options.values() if option.rule.required and option.key not in given):
        name = next(name for name in origins if _belong_together(options[name], needed))
        raise _missing(needed.key, options[name].key, origins[name].source)
    for one, other in APART:
        if one in given and other in given:
            raise ConfigurationError(
                f"{one} (from {given[one]}): expected no value because {other} (from {given[other]}) says the same"
            )


def _missing(key: str, other: str, source: str) -> ConfigurationError:
    return ConfigurationError(f"{key}: expected a value because {other} (from {source}) has one")


def _belong_together(one: Option, other: Option) -> bool:
    return (one.section, one.thing) == (other.section, other.thing)
