"""Two thousand reminders that come due while workers are killed and PostgreSQL is restarted, for three minutes.

Three workers with a PostgreSQL and a mail server of their own. Every reminder must be recorded as sent once and
have arrived. It may arrive again only if a worker died between the mail server's answer and its own commit, which
the reminder's row tells: somebody claimed it again without an attempt that failed.
"""

from __future__ import annotations

import asyncio
import random
import time

from bench.figures import Figure, at_most, exactly
from bench.stage import Stage
from homechart_common.postgresql import embedded
from homechart_common.postgresql.database import Database
from homechart_common.postgresql.migrate import migrate
from homechart_worker.tasks.deliver import deliver
from tests.faults.reminders import CREW, Outcome, Trouble, add_reminders, outcome, unfinished
from tests.faults.workers import workers
from tests.mail_server import ACCEPTED, mail_server

#: For each round; a full run has eleven.
_MAILS, _SECONDS = 182, 16.5
#: How long a claim lasts, and the time after which workers look for what they were not told of.
_LEASE_SECONDS, _LOOK_SECONDS = 15, 60
#: How long the mail server thinks about a mail, at most.
_THOUGHT_SECONDS = 0.5


async def measure(stage: Stage) -> list[Figure]:
    """What became of them, once."""
    folder = stage.log.parent / "crashes"
    database = Database(await embedded.start(folder))
    count, seconds = _MAILS * stage.rounds, _SECONDS * stage.rounds
    try:
        await database.open()
        await migrate(database)
        await add_reminders(database, count, seconds)
        async with mail_server() as mails:
            mails.answer = _slowly
            async with workers(database.settings, mails, lease_seconds=_LEASE_SECONDS) as crew:
                trouble = Trouble(crew, folder)
                await trouble.stir(seconds)
                left = await _time_to_finish(database)
                stage.log.open("a").write(crew.log())
            return _figures(count, trouble, left, await outcome(database, mails))
    finally:
        await database.close()
        await embedded.stop(folder)


async def _slowly() -> str:
    await asyncio.sleep(random.uniform(0, _THOUGHT_SECONDS))
    return ACCEPTED


async def _time_to_finish(database: Database) -> float:
    """How long it takes, now that nothing goes wrong any more, until nothing is left; at most five minutes."""
    started = time.monotonic()
    while await unfinished(database) and time.monotonic() < started + 300:
        await asyncio.sleep(0.2)
    return time.monotonic() - started


def _figures(count: int, trouble: Trouble, left: float, seen: Outcome) -> list[Figure]:
    restarts = trouble.immediate + trouble.fast
    in_hand = deliver.parallel * (trouble.kills + CREW * restarts)
    troubles = f"{trouble.kills} workers killed, PostgreSQL restarted {restarts} times"
    return [
        exactly("reminders recorded as sent", seen.recorded, count, troubles),
        exactly(
            "different ones among them", seen.distinct, count, f"{trouble.immediate} restarts without warning"
        ),
        exactly("recorded and never arrived", seen.lost, 0),
        exactly("arrived and not recorded", seen.unknown, 0),
        exactly(
            "arrived again without a claim that died", seen.unexplained, 0, f"{seen.twice} arrived again"
        ),
        at_most("claims that died", seen.taken_over, in_hand, "claims", "at most what the dead had in hand"),
        exactly("workers that ended by themselves", trouble.gave_up, 0),
        at_most("until nothing was left, after the trouble", left, _LEASE_SECONDS + _LOOK_SECONDS + 15, "s"),
    ]
