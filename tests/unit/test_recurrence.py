"""Which recurrences there are, and what is wrong with the others (contract B1 §3.1, §3.2)."""

from __future__ import annotations

from typing import Any

import pytest

from homechart_common.recurrence import Recurrence

NOTHING = {"day": 0, "month": 0, "monthWeek": 0, "separation": 1, "weekday": 0, "weekdays": None}

SHAPES = {
    "every n days": {},
    "every n weeks on weekdays": {"weekdays": [7, 1]},
    "a day of every n-th month": {"day": 31},
    "a weekday of every n-th month": {"monthWeek": -1, "weekday": 5},
    "a date of every n-th year": {"day": 29, "month": 2},
    "a weekday of a month of every n-th year": {"month": 5, "monthWeek": 2, "weekday": 7},
}


@pytest.mark.parametrize("members", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("separation", [1, 3, 32767])
def test_there_are_six_shapes(members: dict[str, Any], separation: int) -> None:
    said = {"separation": separation, **members}
    assert Recurrence.read(said).to_json() == {**NOTHING, **said}


@pytest.mark.parametrize("weekdays", [None, []])
def test_no_weekdays_stay_as_they_were_said(weekdays: list[int] | None) -> None:
    rule = Recurrence.read({"separation": 1, "day": 15, "weekdays": weekdays})
    assert rule.to_json()["weekdays"] == weekdays


def test_null_and_whole_floats_are_numbers_and_other_members_are_ignored() -> None:
    said = {"separation": 2.0, "day": None, "month": 0, "interval": 7}
    assert Recurrence.read(said).to_json() == {**NOTHING, "separation": 2}


@pytest.mark.parametrize(
    "members",
    [
        {"month": 5},
        {"monthWeek": 1},
        {"weekday": 1},
        {"month": 5, "monthWeek": 1},
        {"month": 5, "weekday": 1},
        {"day": 1, "weekday": 1},
        {"day": 1, "monthWeek": 1, "weekday": 1},
        {"day": 1, "month": 5, "monthWeek": 1, "weekday": 1},
        {"day": 1, "weekdays": [1]},
        {"monthWeek": 1, "weekday": 1, "weekdays": [1]},
    ],
    ids=str,
)
def test_other_combinations_have_no_meaning(members: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="combines members in a way that has no meaning"):
        Recurrence.read({"separation": 1, **members})


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"separation": 0}, "separation must be a whole number between 1 and"),
        ({"separation": -1}, "separation must be"),
        ({"separation": 32768}, "separation must be"),
        ({"separation": None}, "separation must be"),
        ({"separation": "1"}, "separation must be"),
        ({"separation": True}, "separation must be"),
        ({"separation": 1.5}, "separation must be"),
        ({"day": 32}, "day must be a whole number between 0 and 31"),
        ({"day": -1}, "day must be"),
        ({"month": 13, "day": 1}, "month must be a whole number between 0 and 12"),
        ({"monthWeek": 5, "weekday": 1}, "monthWeek must be a whole number between -4 and 4"),
        ({"monthWeek": -5, "weekday": 1}, "monthWeek must be"),
        ({"monthWeek": 1, "weekday": 8}, "weekday must be a whole number between 0 and 7"),
        ({"weekdays": [8]}, "weekdays must be a whole number between 0 and 7"),
        ({"weekdays": [1, 2, 1]}, "weekdays must not repeat a day"),
        ({"weekdays": 1}, "weekdays must be a list"),
        ({"weekdays": ["1"]}, "weekdays must be"),
    ],
    ids=str,
)
def test_what_is_wrong_is_said(members: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Recurrence.read({"separation": 1, **members})


@pytest.mark.parametrize("value", ["daily", 1, [], True])
def test_a_recurrence_is_an_object(value: Any) -> None:
    with pytest.raises(ValueError, match=r'must be an object such as \{"separation": 1'):
        Recurrence.read(value)
