"""``homechart-api show``: everything that follows from the declaration of an object."""

from __future__ import annotations

import pytest

from homechart_api.__main__ import command_line
from homechart_api.show import described
from homechart_common.errors import StartupError
from homechart_common.models import registry
from homechart_common.models.model import Model
from homechart_common.models.statements import statements

ALL = pytest.mark.parametrize("model", [pytest.param(model, id=model.__name__) for model in registry])


def sections(name: str) -> dict[str, str]:
    """The parts of a description, by their titles."""
    parts = ("\n" + described(name)).split("\n\n")
    return dict(
        part.strip().split("\n" + "-" * len(part.strip().partition("\n")[0]) + "\n") for part in parts
    )


@ALL
def test_every_member_and_route_of_an_object_is_shown(model: type[Model]) -> None:
    shown = sections(model.__name__)
    assert model.table in shown["Object"]
    members = [line.split()[:2] for line in shown["Members"].splitlines()]
    assert members == [[field.json, column] for column, field in model.fields.items()]
    assert len(shown.get("Routes", "").splitlines()) == len(model.routes)


@ALL
def test_the_sql_of_routes_that_exist_is_shown_as_it_runs(model: type[Model]) -> None:
    shown = {title.removeprefix("SQL: "): text for title, text in sections(model.__name__).items()}
    lists = {"rows", "changes_since_versions", "changes_since_time"} if "list" in model.routes else set()
    expected = lists | set(model.routes) - {"list"}
    assert shown.keys() & set(statements(model)._fields) == expected
    for verb in expected:
        assert shown[verb] == getattr(statements(model), verb).sql


def test_what_is_said_of_who_sees_it_and_how_it_is_followed() -> None:
    task, change, membership = (
        sections(name)["Object"] for name in ("PlanTask", "Change", "AuthAccountAuthHousehold")
    )
    assert "owner: account, or household and perhaps one of its members" in task
    assert "component: plan" in task
    assert "change log: name" in task
    assert "sync: as PlanTask; events name the table plan_task" in task
    assert "cache: rows-" in task
    assert "change log: no" in change
    assert "cache: no, each viewer sees other rows" in change
    assert "sync: no" in membership


def test_words_for_constraints_are_shown() -> None:
    assert "planProjectID: a template is in no project" in sections("PlanTask")["Constraints"]
    assert "Constraints" not in sections("ShopCategory")


@pytest.mark.parametrize("name", ["PlanTask", "plantask", "plan_task", "PlanTasks"])
def test_an_object_is_found_by_any_of_its_names(name: str) -> None:
    assert described(name) == described("PlanTask")


def test_an_object_that_does_not_exist_is_an_error_that_names_those_that_do() -> None:
    with pytest.raises(StartupError, match="There is no object Potato; there are AuthAccount, AuthHousehold"):
        described("Potato")


def test_the_command_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line().run(["show", "ShopList"]) == 0
    assert capsys.readouterr().out == described("ShopList") + "\n"
    assert command_line().run(["show", "Potato"]) == 1
    assert capsys.readouterr().err.startswith("homechart-api: There is no object Potato")
