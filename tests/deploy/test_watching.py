"""The dashboard and the alerts that we ship name metrics that exist, and ask for them in a way that Prometheus reads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from homechart_common import metrics, server_figures
from homechart_common.models import registry

DEPLOY = Path(__file__).parents[2] / "deploy"

#: What PromQL has of its own, as far as ours uses it.
_WORDS = frozenset(
    [
        "sum",
        "min",
        "max",
        "avg",
        "count",
        "topk",
        "by",
        "rate",
        "increase",
        "delta",
        "histogram_quantile",
        "time",
        "vector",
        "absent",
        "or",
        "and",
        "unless",
    ]
)
#: What Prometheus itself, and processes of any kind, tell.
_COMMON = {
    "up": (),
    "process_resident_memory_bytes": (),
    "process_cpu_seconds_total": (),
    "process_open_fds": (),
}
#: Labels that Prometheus adds.
_ADDED = {"job", "instance", "le"}

_SELECTOR = re.compile(r"([a-z_]+)(?:\{([^}]*)\})?")
_LABEL = re.compile(r'\s*([a-z_]+)(=~|!~|!=|=)"[^"]*"\s*')
_GROUPING = re.compile(r"by \(([a-z_, ]+)\)")


def known() -> dict[str, tuple[str, ...]]:
    """The labels of every series that there may be, by its name."""
    found = dict(_COMMON)
    for name, kind, labels, _ in [*metrics._documented, *server_figures.documented()]:
        for suffix in ("_bucket", "_sum", "_count") if kind == "histogram" else ("",):
            found[name + suffix] = labels
    for model in registry:
        found[f"homechart_model_{model.table}"] = ("type",)
    return found


def panels() -> Iterator[dict[str, Any]]:
    """Every panel of the dashboard."""
    return iter(json.loads((DEPLOY / "grafana" / "homechart.json").read_text())["panels"])


def queries() -> Iterator[tuple[str, str]]:
    """What the dashboard and the alerts ask, and for what."""
    for panel in panels():
        yield from ((panel["title"], target["expr"]) for target in panel.get("targets", ()))
    rules = yaml.safe_load((DEPLOY / "prometheus" / "homechart.rules.yml").read_text())
    for group in rules["groups"]:
        yield from ((rule["alert"], rule["expr"]) for rule in group["rules"])


@pytest.mark.parametrize(("title", "query"), list(queries()))
def test_a_query_is_one_and_asks_for_what_there_is(title: str, query: str) -> None:
    for opening, closing in ("()", "{}", "[]"):
        assert query.count(opening) == query.count(closing) > -1, title
    bare = re.sub(r"\[[^\]]*\]", "", _GROUPING.sub("", query))
    series, labels = known(), set()
    for name, selector in _SELECTOR.findall(bare):
        if name in _WORDS:
            continue
        assert name in series, f"{title}: there is no {name}"
        labels |= {*series[name]} | _ADDED
        for part in filter(None, re.split(r",\s*(?=[a-z_]+[=!])", selector)):
            condition = _LABEL.fullmatch(part)
            assert condition, f"{title}: {part}"
            assert condition[1] in labels, f"{title}: {name} has no label {condition[1]}"
    assert labels, f"{title} asks for nothing"
    for group in _GROUPING.findall(query):
        assert {word.strip() for word in group.split(",")} <= labels, title
    assert re.findall(r"\b(?:rate|increase|delta)\((?![a-z_]+\{[^}]*\}\[)", query) == [], (
        f"{title}: over which time?"
    )
    for counter in re.findall(r"([a-z_]+_(?:total|bucket|sum|count))\{", query):
        assert re.search(rf"(?:rate|increase)\({counter}", query), f"{title}: {counter} only grows"


def test_every_panel_has_its_place_and_a_question() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, f"{panel['title']} covers another one"
        taken |= cells
        assert panel["type"] == "row" or panel["targets"], panel["title"]
    assert max(x for x, _ in taken) < 24


def test_each_kind_of_figure_that_we_have_is_on_the_dashboard() -> None:
    asked = " ".join(query for _, query in queries())
    left_out = {
        name
        for name, kind, _, _ in [*metrics._documented, *server_figures.documented()]
        if name + ("_" if kind == "histogram" else "") not in asked and "…" not in name
    }
    assert left_out == {
        "homechart_change",
        "homechart_server_task_rows",
        "homechart_task_last_run_timestamp_seconds",
    }


def test_alerts_say_what_is_the_matter() -> None:
    rules = yaml.safe_load((DEPLOY / "prometheus" / "homechart.rules.yml").read_text())
    for rule in rules["groups"][0]["rules"]:
        assert rule["alert"].startswith("Homechart")
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"]["summary"]
