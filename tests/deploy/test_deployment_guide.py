"""The guides for whoever runs Homechart name nothing that does not exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from homechart_api.__main__ import command_line
from homechart_common.config.sections import OPTIONS, SECTIONS
from homechart_common.postgresql.database import Database
from homechart_worker.__main__ import commands

_DOCS = Path(__file__).parents[2] / "docs"
_GUIDES = ("deployment.md", "reverse-proxy.md", "operating.md", "high-availability.md")
_TEXT = "".join((_DOCS / name).read_text(encoding="utf-8") for name in _GUIDES)


def blocks(language: str) -> list[str]:
    """The blocks of code in a language."""
    return re.findall(rf"```{language}\n(.*?)```", _TEXT, re.DOTALL)


def test_every_option_exists() -> None:
    sections = {option.key.partition(".")[0] for option in OPTIONS.values()}
    assert len(sections) == len(SECTIONS)
    named = set(re.findall(rf"`((?:{'|'.join(sections)})\.\w+)`", _TEXT))
    assert len(named) > 15
    assert named <= {option.key for option in OPTIONS.values()}


def test_every_variable_exists() -> None:
    named = set(re.findall(r"HOMECHART_[A-Z_]+", _TEXT)) - {"HOMECHART_CONFIG"}
    assert len(named) > 5
    assert named <= {option.variable for option in OPTIONS.values()}


def test_every_command_exists() -> None:
    known = {"api": command_line().reference(), "worker": commands().reference()}
    named = set(re.findall(r"bin/homechart-(api|worker) (?:-x \S+ )?([a-z-]+)", _TEXT))
    named |= {("api", command) for command in re.findall(r"^homechart ([a-z-]+)", _TEXT, re.MULTILINE)}
    assert {("api", "version"), ("api", "backup")} <= named
    for program, command in named:
        assert f"\n| `{command}" in known[program]


def test_what_it_copies_is_there() -> None:
    named = re.findall(r"\bdeploy/\S+", "".join(blocks("sh")))
    assert len(named) > 3
    for pattern in named:
        assert list(_DOCS.parent.glob(pattern)), pattern


@pytest.mark.parametrize(
    "statement", re.findall(r"^(?:SELECT|UPDATE) .*$", "".join(blocks("sql")), re.MULTILINE)
)
async def test_its_statements_work(statement: str, fresh_database: Database) -> None:
    epoch = await fresh_database.fetch_value("SELECT sync_epoch()")
    await fresh_database.execute(statement)
    renewed = await fresh_database.fetch_value("SELECT sync_epoch()") != epoch
    assert renewed == statement.startswith("UPDATE")
