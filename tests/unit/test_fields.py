"""How values on the wire are read (contract §1.7): what counts as the same, and what is refused in which words."""

from __future__ import annotations

from typing import Any

import pytest

from homechart_common.errors import InvalidInput
from homechart_common.models import fields, registry
from homechart_common.models.bodies import created_row, read_members, updated_row
from homechart_common.models.fields import Field, Invalid, json_name
from homechart_common.models.permissions import Actor

ANN = "6f0c1b7e-52a4-4d0e-9a51-2b8f7f0e11aa"
HOME = "1b7e9a3c-6d04-4c85-92f1-38ad5f0e6b74"
BOOKMARK, ITEM, TASK, VERSION = (
    registry[name] for name in ("Bookmark", "ShopItem", "PlanTask", "NotesPageVersion")
)


def actor(time_zone: str = "UTC") -> Actor:
    return Actor(session_id="", access=0, account_id=ANN, time_zone=time_zone)


def read(field: Field, value: Any) -> Any:
    """What PostgreSQL is given."""
    return field.deserialize(value)


LINES = "first\nsecond\tand 'more' \\ \"quoted\""


@pytest.mark.parametrize(
    ("field", "said", "meant"),
    [
        (fields.Text(), LINES, LINES),
        (fields.Text(), "\U0001f600" * 998, "\U0001f600" * 998),
        (fields.Text(), None, ""),
        (fields.Text(max=5000, long=True), "x" * 5000, "x" * 5000),
        (fields.Bool(), None, False),
        (fields.Int(), 3.0, 3),
        (fields.Int(), None, 0),
        (fields.Money(), -(2**53) + 1, -(2**53) + 1),
        (fields.Colour(), 13, 13),
        (fields.UUID(), ANN.upper(), ANN),
        (fields.UUID(), None, None),
        (fields.Tags(), ["Blue Jay", "bluejay", "Owl", " ", "ÄRGER"], ["bluejay", "owl", "ärger"]),
        (fields.Tags(), None, []),
        (fields.Strings(), ["b", "", "a", "b", "with, comma"], ["b", "a", "b", "with, comma"]),
        (fields.Position(), "3:am", "3:am"),
        (fields.Position(), None, ""),
        (fields.Email(), "Ann@Example.COM", "ann@example.com"),
        (fields.TimeZone(), "Europe/Lisbon", "Europe/Lisbon"),
        (fields.TimeZone(), "", "UTC"),
        (fields.Date(), "2024-02-29", "2024-02-29"),
        (fields.Date(), "2024-02-29T23:59:59-05:00", "2024-02-29"),
        (fields.Date(), "", None),
        (fields.Date(), None, None),
        (
            fields.Dates(),
            ["2024-02-29", "", "2023-12-26T10:00:00Z", "2024-02-29"],
            ["2024-02-29", "2023-12-26"],
        ),
        (fields.Dates(), None, []),
        (fields.OptionalInt(), None, None),
        (fields.OptionalInt(), 0, 0),
        (fields.Time(), "23:59", "23:59"),
        (fields.Time(), "07:05:59", "07:05"),
        (fields.Time(), None, "00:00"),
        (fields.Timestamp(), "2026-11-23T18:14:05Z", "2026-11-23T18:14:05+00:00"),
        (fields.Timestamp(), "2026-11-23t19:14:05.1+01:00", "2026-11-23T18:14:05.100000+00:00"),
        (fields.Timestamp(), "2026-11-23T18:14:05.123456789Z", "2026-11-23T18:14:05.123456+00:00"),
        (fields.Timestamp(), "2026-11-23", "2026-11-23T00:00:00+00:00"),
        (fields.Timestamp(), "0001-01-01T00:00:00Z", None),
        (fields.Timestamp(), None, None),
        (fields.Recurrence(), None, None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Field) else str(value)[:30],
)
def test_a_value_is_read_as_what_it_means(field: Field, said: Any, meant: Any) -> None:
    assert read(field, said) == meant


@pytest.mark.parametrize(
    ("field", "said", "words"),
    [
        (fields.Text(), 5, "must be a string"),
        (fields.Text(), "x" * 999, "must not be longer than 998 characters"),
        (fields.Text(max=1000), "x" * 999, "must not be longer than 998 characters"),
        (fields.Text(max=100), "x" * 101, "must not be longer than 100 characters"),
        (fields.Text(min=1), "", "must not be empty"),
        (fields.Text(min=1), None, "must not be empty"),
        (fields.Text(), "a\0b", "must not contain a NUL character"),
        (fields.Text(), "\ud83d", "must not contain half of a surrogate pair"),
        (fields.Bool(), 1, "must be true or false"),
        (fields.Bool(), "true", "must be true or false"),
        (fields.Int(), True, "must be a whole number"),
        (fields.Int(), 1.5, "must be a whole number"),
        (fields.Int(), "1", "must be a whole number"),
        (fields.Int(), 2**31, "must be between -2147483648 and 2147483647"),
        (fields.Int(), 1e300, "must be between"),
        (fields.Int(min=0), -1, "must not be negative"),
        (fields.Money(), 2**53, "must be between"),
        (fields.Colour(), 14, "must be between 0 and 13"),
        (fields.Colour(), -1, "must not be negative"),
        (fields.UUID(), "", "must be a UUID"),
        (fields.UUID(), ANN.replace("-", ""), "must be a UUID"),
        (fields.UUID(), f"{{{ANN}}}", "must be a UUID"),
        (fields.UUID(), 5, "must be a UUID"),
        (fields.Tags(), "kids", "must be a list of strings"),
        (fields.Strings(), [None], "must be a string"),
        (fields.Strings(), ["x"] * 1001, "must not have more than 1000 members"),
        (fields.Position(), "3:", "must be formatted as"),
        (fields.Position(), "3:A", "must be formatted as"),
        (fields.Position(), "a:3", "must be formatted as"),
        (fields.Position(), "-1", "must be formatted as"),
        (fields.Position(), "\u0663", "must be formatted as"),
        (fields.Position(), "3\n", "must be formatted as"),
        (fields.Position(), "1" * 101, "must not be longer than 100 characters"),
        (fields.Email(), "ann", "must be a mail address"),
        (fields.Email(), "a b@c", "must be a mail address"),
        (fields.Email(), "", "must not be empty"),
        (fields.TimeZone(), "Mars/Olympus", "must be a time zone such as"),
        (fields.TimeZone(), "../../etc/passwd", "must be a time zone such as"),
        (fields.Date(), "2023-02-29", "must be a date such as"),
        (fields.Date(), "29.02.2024", "must be a date such as"),
        (fields.Date(), 20240229, "must be a date such as"),
        (fields.Time(), "24:00", "must be a time such as"),
        (fields.Time(), "9:30", "must be a time such as"),
        (fields.Time(), "", "must be a time such as"),
        (fields.Timestamp(), "2026-11-23T18:14:05", "must be a timestamp such as"),
        (fields.Timestamp(), "2026-11-23T25:00:00Z", "must be a timestamp such as"),
        (fields.Timestamp(), "tomorrow", "must be a timestamp such as"),
        (fields.Timestamp(), 1700000000, "must be a timestamp such as"),
        (fields.Timestamp(), "9999-12-31T23:59:59Z", "must be a year between"),
        (fields.Recurrence(), {"separation": 0}, "separation must be a whole number"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Field) else repr(value)[:30],
)
def test_what_cannot_be_read_is_refused_in_words(field: Field, said: Any, words: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(field, said)
    assert str(refused.value.messages[0]).startswith(words)


@pytest.mark.parametrize(
    ("zone", "moment"),
    [
        ("Europe/Lisbon", "2026-06-30T23:00:00+00:00"),
        ("America/New_York", "2026-07-01T04:00:00+00:00"),
    ],
)
def test_a_date_alone_is_midnight_where_its_reader_is(zone: str, moment: str) -> None:
    row = updated_row(TASK, {"dueDate": "2026-07-01"}, actor(zone))
    assert row == {"due_date": moment}


@pytest.mark.parametrize(
    ("attribute", "name"),
    [
        ("id", "id"),
        ("short_id", "shortID"),
        ("plan_project_id", "planProjectID"),
        ("self_hosted_url", "selfHostedURL"),
        ("hide_calendar_icalendars", "hideCalendarICalendars"),
        ("in_cart", "inCart"),
    ],
)
def test_members_are_spelled_as_in_the_contract(attribute: str, name: str) -> None:
    assert json_name(attribute) == name


def test_names_of_members_are_matched_without_regard_to_case_and_the_exact_one_wins() -> None:
    said = {"NAME": "one", "name": "two", "NewWindow": True, "unknown": {"x": 1}}
    assert read_members(BOOKMARK, said, ("name", "newWindow")) == {"name": "two", "new_window": True}
    assert read_members(BOOKMARK, dict(reversed(said.items())), ("name",)) == {"name": "two"}


def test_every_wrong_member_is_named_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        updated_row(TASK, {"name": "", "color": 14, "dueDate": "soon"}, actor())
    for name in ("name: must not be empty", "color: must be between", "dueDate: must be a timestamp"):
        assert name in refused.value.message


@pytest.mark.parametrize("missing", ["name", "link"])
def test_a_create_must_say_what_cannot_be_left_out(missing: str) -> None:
    body = {"name": "School", "link": "/school"}
    with pytest.raises(InvalidInput, match=f"{missing}: must be given"):
        created_row(BOOKMARK, {name: text for name, text in body.items() if name != missing}, actor())


def test_a_create_fills_in_what_is_not_said_and_an_update_does_not() -> None:
    row = created_row(ITEM, {"name": "Milk"}, actor())
    assert (row["auth_account_id"], row["next_date"], row["position"], row["price"]) == (ANN, None, "", 0)
    assert updated_row(ITEM, {"name": "Milk"}, actor()) == {"name": "Milk"}


def test_what_counts_only_on_update_is_ignored_on_create_and_the_other_way_round() -> None:
    assert "in_cart" not in created_row(ITEM, {"name": "Milk", "inCart": True}, actor())
    assert updated_row(ITEM, {"inCart": True, "cookRecipeID": HOME}, actor()) == {"in_cart": True}
    task = created_row(TASK, {"name": "Iron", "lastDoneBy": ANN, "lastDoneDate": "2026-01-01"}, actor())
    assert not {"last_done_by", "last_done_date"} & task.keys()


@pytest.mark.parametrize("said", [None, "00000000-0000-0000-0000-000000000000"])
def test_who_writes_a_version_is_its_author_unless_another_is_named(said: str | None) -> None:
    version = {"notesPageID": HOME, "body": "# Hello"}
    assert created_row(VERSION, {**version, "createdBy": said}, actor())["created_by"] == ANN
    assert created_row(VERSION, {**version, "createdBy": HOME}, actor())["created_by"] == HOME
