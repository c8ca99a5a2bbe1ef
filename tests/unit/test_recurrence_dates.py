"""When a recurrence happens (contract B1 §3.3, §3.4)."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homechart_common.recurrence import Recurrence

_DAY = timedelta(days=1)


def rule(separation: int = 1, **members: Any) -> Recurrence:
    return Recurrence.read({"separation": separation, **members})


def kth(month_week: int, weekday: int, **members: Any) -> dict[str, Any]:
    return {"monthWeek": month_week, "weekday": weekday, **members}


# The tables of contract B1 §3.3 and B2 §1.6.
NEXT: list[tuple[str, int, dict[str, Any], str]] = [
    ("2024-02-28", 1, {}, "2024-02-29"),
    ("2023-12-30", 5, {}, "2024-01-04"),
    ("2023-08-09", 1, {"weekdays": [2, 5]}, "2023-08-11"),
    ("2023-08-11", 1, {"weekdays": [5, 2]}, "2023-08-15"),
    ("2023-08-09", 3, {"weekdays": [2, 5]}, "2023-08-11"),
    ("2023-08-11", 3, {"weekdays": [2, 5]}, "2023-08-29"),
    ("2023-08-13", 1, {"weekdays": [7]}, "2023-08-20"),
    ("2023-01-31", 1, {"day": 31}, "2023-02-28"),
    ("2023-02-28", 1, {"day": 31}, "2023-03-31"),
    ("2023-01-14", 1, {"day": 15}, "2023-01-15"),
    ("2023-01-14", 2, {"day": 15}, "2023-02-15"),
    ("2023-01-15", 2, {"day": 15}, "2023-03-15"),
    ("2023-11-30", 3, {"day": 31}, "2024-02-29"),
    ("2023-08-01", 1, kth(1, 2), "2023-09-05"),
    ("2023-05-02", 1, kth(1, 1), "2023-06-05"),
    ("2023-06-22", 1, kth(4, 4), "2023-07-27"),
    ("2023-08-14", 3, kth(2, 1), "2023-11-13"),
    ("2023-08-25", 1, kth(-1, 5), "2023-09-29"),
    ("2023-03-09", 1, {"day": 10, "month": 3}, "2023-03-10"),
    ("2023-03-10", 2, {"day": 10, "month": 3}, "2025-03-10"),
    ("2024-02-29", 1, {"day": 29, "month": 2}, "2025-02-28"),
    ("2027-02-28", 1, {"day": 29, "month": 2}, "2028-02-29"),
    ("2023-05-14", 1, kth(2, 7, month=5), "2024-05-12"),
    ("2023-05-29", 1, kth(-1, 1, month=5), "2024-05-27"),
    ("2023-09-04", 1, kth(1, 1, month=9), "2024-09-02"),
    # where the baseline is a week early, or keeps a day that was clamped
    ("2023-11-23", 1, kth(4, 4, month=11), "2024-11-28"),
    ("2023-05-01", 1, kth(2, 7, month=5), "2023-05-14"),
    ("2023-02-10", 1, {"day": 31, "month": 3}, "2023-03-31"),
    ("2023-03-07", 3, {}, "2023-03-10"),
    ("2023-03-08", 1, {"weekdays": [1, 3]}, "2023-03-13"),
    ("2023-03-08", 2, {"weekdays": [1, 3]}, "2023-03-20"),
    ("2023-04-02", 1, {"day": 31}, "2023-04-30"),
    ("2023-03-03", 1, kth(1, 1), "2023-03-06"),
    ("2023-03-31", 1, kth(-1, 5), "2023-04-28"),
    ("2022-05-09", 2, {"day": 9, "month": 5}, "2024-05-09"),
]


@pytest.mark.parametrize(("day", "separation", "members", "following"), NEXT, ids=str)
def test_the_next_date_is_the_contracts(
    day: str, separation: int, members: dict[str, Any], following: str
) -> None:
    assert rule(separation, **members).after(date.fromisoformat(day)) == date.fromisoformat(following)


SHAPES = st.one_of(
    st.just({}),
    st.builds(
        lambda days: {"weekdays": days},
        st.lists(st.integers(0, 7), min_size=1, unique=True).filter(lambda days: days != [0]),
    ),
    st.builds(lambda day: {"day": day}, st.integers(1, 31)),
    st.builds(kth, st.sampled_from([-4, -3, -2, -1, 1, 2, 3, 4]), st.integers(1, 7)),
    st.builds(lambda day, month: {"day": day, "month": month}, st.integers(1, 31), st.integers(1, 12)),
    st.builds(
        lambda k, weekday, month: kth(k, weekday, month=month),
        st.sampled_from([-4, -3, -2, -1, 1, 2, 3, 4]),
        st.integers(1, 7),
        st.integers(1, 12),
    ),
)
RULES = st.builds(lambda n, members: rule(n, **members), st.integers(1, 5), SHAPES)
DAYS = st.dates(date(1990, 1, 1), date(2060, 1, 1))


def last_of_month(day: date) -> int:
    return ((day.replace(day=1) + 31 * _DAY).replace(day=1) - _DAY).day


def is_hit(rule: Recurrence, day: date) -> bool:
    """Whether a day is one that the rule names, as the contract's words say it."""
    if rule.month and day.month != rule.month:
        return False
    if rule.weekdays:
        return day.isoweekday() in rule.weekdays
    if rule.day:
        return day.day == min(rule.day, last_of_month(day))
    if rule.weekday:
        before, behind = (day.day - 1) // 7 + 1, (last_of_month(day) - day.day) // 7 + 1
        return day.isoweekday() == rule.weekday and rule.month_week in (before, -behind)
    return True


def first_hit_after(rule: Recurrence, day: date) -> date:
    while True:
        day += _DAY
        if is_hit(rule, day):
            return day


def day_by_day(rule: Recurrence, day: date) -> date:
    """The next date, found as the contract tells it."""
    if rule.weekdays:
        if day.isoweekday() >= max(rule.weekdays):
            day += 7 * (rule.separation - 1) * _DAY
        return first_hit_after(rule, day)
    for _ in range(rule.separation):
        day = first_hit_after(rule, day)
    return day


@given(RULES, DAYS)
def test_the_next_date_is_the_one_that_counting_days_finds(rule: Recurrence, day: date) -> None:
    assert rule.after(day) == day_by_day(rule, day)


@given(RULES, DAYS, st.integers(0, 4000))
def test_dates_are_the_ones_that_follow_each_other(rule: Recurrence, start: date, later: int) -> None:
    since = start + later * _DAY
    one_by_one, day = [], start
    while len(one_by_one) < 5:
        if day >= since:
            one_by_one.append(day)
        following = rule.after(day)
        assert following is not None
        day = following
    assert list(islice(rule.dates(start, since), 5)) == one_by_one


@given(RULES, DAYS, st.integers(-10, 800))
def test_it_occurs_on_its_dates_only(rule: Recurrence, start: date, later: int) -> None:
    day = start + later * _DAY
    assert rule.occurs_on(day, start) == (day in set(islice(rule.dates(start), 900)))


@pytest.mark.parametrize(
    ("day", "occurs"),
    [("2023-08-11", True), ("2023-08-01", True), ("2023-08-12", False), ("2023-07-27", False)],
)
def test_it_occurs_from_its_start_on(day: str, occurs: bool) -> None:
    assert rule(5).occurs_on(date.fromisoformat(day), date(2023, 8, 1)) is occurs


def test_it_does_not_occur_on_its_end_nor_on_days_that_are_skipped() -> None:
    day, start = date(2023, 8, 11), date(2023, 8, 1)
    assert not rule(5).occurs_on(day, start, end=day)
    assert rule(5).occurs_on(day, start, end=day + _DAY)
    assert not rule(5).occurs_on(day, start, skipped=[day])
    assert rule(5).occurs_on(day, start, skipped=[start])


def test_a_week_without_days_has_no_dates() -> None:
    assert rule(weekdays=[0]).after(date(2024, 1, 1)) is None
    assert list(rule(weekdays=[0]).dates(date(2024, 1, 1))) == [date(2024, 1, 1)]


@settings(max_examples=300)
@given(
    st.builds(lambda n, members: rule(n, **members), st.integers(1, 32767), SHAPES),
    st.dates(date(9900, 1, 1)),
    st.dates(date(9900, 1, 1)),
)
def test_dates_end_with_the_calendar(rule: Recurrence, start: date, since: date) -> None:
    dates = list(rule.dates(start, since))
    assert all(since <= day for day in dates)
    assert rule.after(dates[-1] if dates else date.max) is None
