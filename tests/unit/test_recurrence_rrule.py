"""Recurrences as iCalendar writes them (contract B1 §3.6)."""

from __future__ import annotations

from datetime import date, datetime, time
from itertools import islice
from typing import Any

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st

from homechart_common.recurrence import Recurrence
from tests.unit.test_recurrence_dates import RULES, rule

WRITTEN: list[tuple[int, dict[str, Any], str]] = [
    (2, {}, "FREQ=DAILY;INTERVAL=2"),
    (1, {"weekdays": [3, 1]}, "FREQ=WEEKLY;WKST=SU;BYDAY=MO,WE;INTERVAL=1"),
    (2, {"weekdays": [1]}, "FREQ=WEEKLY;WKST=SU;BYDAY=MO;INTERVAL=2"),
    (2, {"weekdays": [7, 1, 0]}, "FREQ=WEEKLY;WKST=MO;BYDAY=MO,SU;INTERVAL=2"),
    (1, {"day": 15}, "FREQ=MONTHLY;BYMONTHDAY=15;INTERVAL=1"),
    (1, {"day": 30}, "FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1;INTERVAL=1"),
    (1, {"day": 31}, "FREQ=MONTHLY;BYMONTHDAY=-1;INTERVAL=1"),
    (3, {"monthWeek": -1, "weekday": 5}, "FREQ=MONTHLY;BYDAY=-1FR;INTERVAL=3"),
    (1, {"day": 10, "month": 3}, "FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=10;INTERVAL=1"),
    (1, {"day": 29, "month": 2}, "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1;INTERVAL=1"),
    (1, {"day": 31, "month": 4}, "FREQ=YEARLY;BYMONTH=4;BYMONTHDAY=-1;INTERVAL=1"),
    (1, {"day": 31, "month": 5}, "FREQ=YEARLY;BYMONTH=5;BYMONTHDAY=31;INTERVAL=1"),
    (1, {"monthWeek": 2, "weekday": 7, "month": 5}, "FREQ=YEARLY;BYMONTH=5;BYDAY=2SU;INTERVAL=1"),
    (1, {"weekdays": [0]}, ""),
]


@pytest.mark.parametrize(("separation", "members", "written"), WRITTEN, ids=str)
def test_rules_are_written_as_the_contract_says(
    separation: int, members: dict[str, Any], written: str
) -> None:
    assert rule(separation, **members).to_rrule() == written


def test_the_end_is_said_before_the_interval() -> None:
    assert rule().to_rrule("20230911T160000Z") == "FREQ=DAILY;UNTIL=20230911T160000Z;INTERVAL=1"
    assert rule(weekdays=[0]).to_rrule("20230911") == ""


@given(RULES, st.dates(date(1990, 1, 1), date(2060, 1, 1)))
def test_other_programs_find_the_same_dates(rule: Recurrence, day: date) -> None:
    """From one of the rule's dates; periods of iCalendar are counted from the start, whatever that is."""
    start = rule.after(day)
    assert start is not None
    theirs = rrulestr(f"RRULE:{rule.to_rrule()}", dtstart=datetime.combine(start, time()))
    assert [moment.date() for moment in islice(theirs, 20)] == list(islice(rule.dates(start), 20))
