"""Configuration: declared once in ``sections``, read from every source by :func:`load`, then frozen."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dynaconf import Dynaconf, ValidationError, Validator

from homechart_common.config import sources
from homechart_common.config.options import Option
from homechart_common.config.sections import (
    OPTIONS,
    SECTIONS,
    TOGETHER,
    App,
    Cli,
    Oidc,
    Postgresql,
    Sections,
    Smtp,
    Tracing,
    WebPush,
)
from homechart_common.errors import ConfigurationError
from homechart_common.notify.vapid import KeyPair
from homechart_common.postgresql.settings import PostgresqlSettings

#: Stands for a secret that has a value.
MASK = "********"

__all__ = ["App", "Cli", "Config", "Oidc", "Postgresql", "Smtp", "Tracing", "WebPush", "load"]


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
        """All of it as a document from which another process reads the same; secrets are not masked."""
        return json.dumps(_sections(self._values()))

    def _values(self) -> Iterator[tuple[Option, Any]]:
        for option in OPTIONS.values():
            yield option, getattr(getattr(self, option.section), option.attribute)

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
    """Read every source, later wins: defaults, ``paths``, ``environment``, ``overrides`` (contract §6.1).

    ``paths`` are those of ``-c`` and ``overrides`` those of ``-x``. Variables that were read are blanked in
    ``environment``, so that secrets do not reach child processes. Raises ConfigurationError, which names
    every wrong option with its source and what was expected.
    """
    # Plain layers: no implicit files, variables or environments, and text is never evaluated.
    settings = Dynaconf(
        environments=False,
        envvar_prefix=False,
        load_dotenv=False,
        settings_files=[],
        core_loaders=[],
        loaders=[],
        auto_cast=False,
        validators=[Validator(name, condition=option.accepts) for name, option in OPTIONS.items()],
    )
    settings.update({name: option.default for name, option in OPTIONS.items()}, validate=False)
    source_of: dict[str, str] = {}
    notices: list[str] = []
    for layer in sources.layers(paths, overrides, environment):
        values = {name: OPTIONS[name].read(value) for name, value in layer.values.items()}
        settings.update(values, loader_identifier=layer.source, validate=False)
        source_of.update(dict.fromkeys(values, layer.source))
        notices += layer.notices
    try:
        settings.validators.validate_all()
    except ValidationError as error:
        wrong = [OPTIONS[validator.names[0]] for validator, _ in error.details]
        problems = [_problem(option, settings[option.name], source_of[option.name]) for option in wrong]
        raise ConfigurationError("; ".join(problems)) from None
    _check_together(settings, source_of)
    config = Config(**{section: _section(section, settings) for section in SECTIONS}, notices=tuple(notices))
    _check_keys(config.web_push, source_of)
    return config


def _sections(values: Iterable[tuple[Option, Any]]) -> dict[str, dict[str, Any]]:
    """What the options have as values, as a document says it."""
    sections: dict[str, dict[str, Any]] = {}
    for option, value in values:
        section, _, key = option.key.partition(".")
        sections.setdefault(section, {})[key] = value
    return sections


def _section(section: str, settings: Dynaconf) -> Any:
    values = {}
    for option in OPTIONS.values():
        if option.section == section:
            value = settings[option.name]
            values[option.attribute] = tuple(value) if isinstance(value, list) else value
    return SECTIONS[section](**values)


def _problem(option: Option, value: object, source: str) -> str:
    shown = "" if option.rule.secret else f", got {value!r}"
    return f"{option.key} (from {source}): expected {option.expected}{shown}"


def _check_keys(web_push: WebPush, source_of: Mapping[str, str]) -> None:
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
    raise ConfigurationError(f"{option.key} (from {source_of[option.name]}): expected {expected}")


def _check_together(settings: Dynaconf, source_of: Mapping[str, str]) -> None:
    by_key = {option.key: name for name, option in OPTIONS.items()}
    for keys in TOGETHER:
        given = [key for key in keys if settings[by_key[key]]]
        if given and len(given) < len(keys):
            missing = next(key for key in keys if key not in given)
            why = f"{given[0]} (from {source_of[by_key[given[0]]]}) has one"
            raise ConfigurationError(f"{missing}: expected a value because {why}")
