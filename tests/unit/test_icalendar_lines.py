"""Lines of iCalendar text (RFC 5545 §3.1, §3.3.11)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar.parser import Contentlines

from homechart_common.icalendar.lines import escaped, folded, joined


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Bread, milk; eggs", r"Bread\, milk\; eggs"),
        (r"C:\new", r"C:\\new"),
        ("one\ntwo\r\nthree\rfour\u2028five", r"one\ntwo\nthree\nfour\nfive"),
        ("a\0b\x07c\x7fd\te", "abcd\te"),
        ('"quoted" ünïcödé 😀', '"quoted" ünïcödé 😀'),
        ("BEGIN:VALARM", "BEGIN:VALARM"),
    ],
)
def test_what_has_a_meaning_is_escaped(text: str, written: str) -> None:
    assert escaped(text) == written


@given(st.text())
def test_other_programs_read_the_text_that_was_written(text: str) -> None:
    line = f"SUMMARY:{escaped(text)}"
    [unfolded, _] = Contentlines.from_ical(joined([line]))
    read = unfolded.parts()[2]
    assert escaped(read) == escaped(text)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=60, max_size=300))
def test_a_line_has_at_most_75_octets_and_whole_characters(line: str) -> None:
    parts = folded(line).encode().split(b"\r\n")
    assert all(len(part) <= 75 and part.decode() for part in parts)
    assert all(part.startswith(b" ") for part in parts[1:])
    assert b"".join([parts[0], *(part[1:] for part in parts[1:])]).decode() == line


def test_lines_are_folded_no_more_than_needed() -> None:
    assert joined(["X" * 75]) == "X" * 75 + "\r\n"
    assert joined(["X" * 76]) == "X" * 75 + "\r\n X\r\n"
    assert joined(["ä" * 38]) == "ä" * 37 + "\r\n ä\r\n"
