"""Whatever happens, who follows a protocol ends up with exactly what a full read answers.

A random history: eight writers, twelve followers, a PostgreSQL that is restarted and crashes, API processes that are
killed. It is another one each time. To see one again, or a longer one, set ``HOMECHART_TEST_SEED`` and
``HOMECHART_TEST_OPERATIONS``.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

from tests.sync.history import LATE, History
from tests.sync.servers import servers

_SEED = int(os.environ.get("HOMECHART_TEST_SEED", random.SystemRandom().getrandbits(32)))
_OPERATIONS = int(os.environ.get("HOMECHART_TEST_OPERATIONS", 20_000))


async def test_who_follows_a_protocol_ends_up_with_what_a_full_read_answers(server_folder: Path) -> None:
    print(f"HOMECHART_TEST_SEED={_SEED}")
    async with servers(server_folder / "history", random.Random(f"{_SEED} servers")) as running:
        history = History(running, _SEED)
        await history.begin()
        await history.run(
            _OPERATIONS,
            [
                running.drop_listeners,
                running.kill_api,
                running.lose_cache,
                running.restart_postgresql,
                running.forget,
                running.drop_listeners,
                running.crash_postgresql,
                running.stop_api,
            ],
        )
        print(history)
        assert history.done.total() >= _OPERATIONS
        assert (len(history.writers), len(history.followers)) == (8, 12)

        differences = {follower.name: await history.difference(follower) for follower in history.followers}
        assert {name: kinds for name, kinds in differences.items() if kinds} == {}
        # they were answered what changed, and did not just read everything each time
        assert all(follower.answers["difference"] > 20 for follower in history.followers)

        # the same history, seen by somebody who goes by the time alone
        lost = await history.difference(history.misled)
        print(f"{history.misled.name}: {lost}")
        assert lost["Bookmark"] > 0
        assert LATE in history.followers[0].names("Bookmark") - history.misled.names("Bookmark")
