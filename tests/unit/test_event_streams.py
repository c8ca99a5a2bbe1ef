"""One event stream, without anybody who listens."""

from __future__ import annotations

from homechart_api.sse import Stream


def test_a_stream_that_does_not_know_yet_what_it_tells_is_left_alone() -> None:
    stream = Stream("some session")
    stream.beat(now=1e9)
    assert not stream.ended
