"""A worker to which the loopback is a place on the internet, so that it reaches the push service of tests.

``python -m tests.faults.near_worker run``
"""

from __future__ import annotations

from functools import partial

from homechart_worker import app
from homechart_worker.__main__ import main
from homechart_worker.task import Context
from tests.push_service import PushService

#: A busy machine has time to answer. Otherwise an attempt fails that did arrive, and is made again.
_SECONDS = 10

if __name__ == "__main__":
    # the process has no other way to be told, and must not have one
    app.Context = partial(Context, fetcher=PushService().fetcher(_SECONDS))  # type: ignore[misc,assignment]  # it makes one
    main()
