"""The example of an environment file says nothing that is not so."""

from __future__ import annotations

import re
from pathlib import Path

from homechart_common.config import load

_EXAMPLE = Path(__file__).parents[2] / "deploy" / "systemd" / "environment.example"
_VARIABLE = re.compile(r"^(#?)([A-Z_]+)=(.+)$", re.MULTILINE)


def variables(*, comments: bool) -> dict[str, str]:
    """What the file sets, and what it would set if its comments were not."""
    found = _VARIABLE.findall(_EXAMPLE.read_text(encoding="utf-8"))
    return {name: value for comment, name, value in found if comments or not comment}


def test_it_works_as_it_is() -> None:
    config = load(environment=variables(comments=False))
    assert config.notices == ()
    settings = config.postgresql_settings()
    assert settings is not None
    assert (settings.hostname, settings.password) == ("/var/run/postgresql", "")


def test_everything_that_it_suggests_exists() -> None:
    config = load(environment=variables(comments=True))
    assert config.notices == ()
    assert config.smtp.is_enabled
    assert config.postgresql.ssl_mode == "verify-full"
