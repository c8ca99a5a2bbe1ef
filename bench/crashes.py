"""Two thousand reminders that come due while workers are killed and PostgreSQL is restarted, for three minutes.

Three workers with a PostgreSQL, a mail server and a push service of their own. Every reminder goes by mail, and every
second one to a device as well. Each must be recorded as sent once and have arrived. It may arrive again only if a
worker died between the server's answer and its own commit, which the reminder's row tells: somebody claimed it again
without an attempt that failed. What arrives again on a device has the same topic, so that it replaces the first.
"""

from __future__ import annotations

import asyncio
import random
import time

from aiohttp import web

from bench.figures import Figure, at_most, exactly
from bench.stage import Stage
from homechart_common.postgresql import embedded
from homechart_common.postgresql.database import Database
from homechart_common.postgresql.migrate import migrate
from homechart_worker.tasks import push
from homechart_worker.tasks.deliver import deliver
from tests.faults.reminders import CREW, Outcome, Trouble, add_reminders, outcome, unfinished
from tests.faults.workers import workers
from tests.mail_server import ACCEPTED, mail_server
from tests.push_service import accept, push_service

#: For each round; half as many messages go to devices. A full run has eleven.
_MAILS, _SECONDS = 182, 16.5
#: How long a claim of a mail lasts, and the time after which workers look for what they were not told of.
_LEASE_SECONDS, _LOOK_SECONDS = 15, 60
#: How long the mail server thinks about a mail, and the push service about a message, at most.
_THOUGHT_SECONDS = 0.5


async def measure(stage: Stage) -> list[Figure]:
    """What became of them, once."""
    folder = stage.log.parent / "crashes"
    database = Database(await embedded.start(folder))
    count, seconds = _MAILS * stage.rounds, _SECONDS * stage.rounds
    try:
        await database.open()
        await migrate(database)
        async with mail_server() as mails, push_service() as pushes:
            mails.answer, pushes.answer = _take_slowly, _accept_slowly
            messages = await add_reminders(database, pushes.browser(), count, seconds)
            async with workers(
                database.settings, mails, lease_seconds=_LEASE_SECONDS, module="tests.faults.near_worker"
            ) as crew:
                trouble = Trouble(crew, folder)
                await trouble.stir(seconds)
                left = await _time_to_finish(database)
                stage.log.open("a").write(crew.log())
            return _figures(messages, trouble, left, await outcome(database, mails, pushes))
    finally:
        await database.close()
        await embedded.stop(folder)


async def _take_slowly() -> str:
    await asyncio.sleep(random.uniform(0, _THOUGHT_SECONDS))
    return ACCEPTED


async def _accept_slowly(request: web.Request) -> web.Response:
    await asyncio.sleep(random.uniform(0, _THOUGHT_SECONDS))
    return await accept(request)


async def _time_to_finish(database: Database) -> float:
    """How long it takes, now that nothing goes wrong any more, until nothing is left; at most five minutes."""
    started = time.monotonic()
    while await unfinished(database) and time.monotonic() < started + 300:
        await asyncio.sleep(0.2)
    return time.monotonic() - started


def _figures(count: int, trouble: Trouble, left: float, seen: Outcome) -> list[Figure]:
    restarts = trouble.immediate + trouble.fast
    in_hand = (deliver.parallel + push.push.parallel) * (trouble.kills + CREW * restarts)
    lease = max(_LEASE_SECONDS, push.LEASE_SECONDS)
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
        at_most("until nothing was left, after the trouble", left, lease + _LOOK_SECONDS + 15, "s"),
    ]
