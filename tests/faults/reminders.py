"""Reminders that come due while workers are killed and PostgreSQL is restarted at random, and what became of each.

A test does this for some seconds, the bench for minutes.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from homechart_common.models import CalendarEvent, rows
from homechart_common.postgresql import embedded
from homechart_common.postgresql.database import Database
from homechart_common.postgresql.programs import Account, Programs
from tests.factories import new_household
from tests.faults.workers import Workers
from tests.mail_server import MailServer
from tests.people import add_account, add_meal, add_tasks
from tests.push_service import Browser, PushService

#: How many workers there always are.
CREW = 3
_LEAD = timedelta(hours=1)
#: How long nothing goes wrong between two kills, and between two restarts of PostgreSQL, in seconds.
_QUIET = (0.5, 4.0)
_UP, _DOWN = (2.0, 8.0), (0.0, 1.5)


@dataclass
class Trouble:
    """Somebody who kills workers and restarts PostgreSQL, and counts how often."""

    crew: Workers
    folder: Path
    kills: int = 0
    immediate: int = 0
    fast: int = 0
    #: Workers that ended without being killed, which none should.
    gave_up: int = 0

    async def stir(self, seconds: float) -> None:
        """Do so for a time; then PostgreSQL and all workers run."""
        until = time.monotonic() + seconds
        await asyncio.gather(self._kill(until), self._restart(until))
        await self._man()

    async def _kill(self, until: float) -> None:
        while time.monotonic() < until:
            await self._man()
            await asyncio.sleep(random.uniform(*_QUIET))
            if alive := self.crew.alive:
                victim = random.choice(alive)
                victim.kill()
                await victim.ended()
                self.kills += 1

    async def _man(self) -> None:
        """Let there be as many workers as there should be."""
        self.gave_up = self.crew.started - len(self.crew.alive) - self.kills
        while len(self.crew.alive) < CREW:
            await self.crew.start()

    async def _restart(self, until: float) -> None:
        programs = Programs(self.folder, Account.for_server_in(self.folder))
        while time.monotonic() < until:
            await asyncio.sleep(random.uniform(*_UP) / 2)
            immediately = random.random() < 0.5
            mode = "immediate" if immediately else "fast"
            await programs.run("pg_ctl", "stop", "-m", mode, "-w", "-D", self.folder / "data")
            await asyncio.sleep(random.uniform(*_DOWN))
            await embedded.start(self.folder)
            self.immediate += immediately
            self.fast += not immediately
            await asyncio.sleep(random.uniform(*_UP) / 2)


async def add_reminders(database: Database, device: Browser, count: int, seconds: float) -> int:
    """So many mails to come, of tasks, meals and events in turn, due one after the other within that time.

    They are a household's, so each goes to both of its members; to one of them on a device, too. Returns how
    many messages there will be in all.
    """
    people = [
        await add_account(database, name=name, email_address=f"{name}@house.test") for name in ("ann", "jane")
    ]
    await device.subscribe(database, people[0], seconds=86_400)
    home = await new_household(database, *people)
    for number in range(count // len(people)):
        name, due = f"Reminder {number}", timedelta(seconds=number * seconds * len(people) / count)
        if number % 3 == 0:
            await add_tasks(database, name, household=home, due_in=due)
        elif number % 3 == 1:
            await add_meal(database, home, name, cook_in=due)
        else:
            start = datetime.now(UTC) + _LEAD + due
            event = {
                "name": name,
                "auth_household_id": home,
                "date_start": f"{start:%Y-%m-%d}",
                "time_start": f"{start:%H:%M:%S}",
                "time_zone": "UTC",
                "duration": 30,
                "notify_offset": _LEAD // timedelta(minutes=1),
            }
            await rows.insert(database, CalendarEvent, [event])
    return count + count // len(people)


async def unfinished(database: Database) -> int:
    """How many reminders have not come to their end."""
    return int(
        await database.fetch_value(
            """SELECT (SELECT count(*) FROM plan_task WHERE NOT notified)
                + (SELECT count(*) FROM cook_meal_plan WHERE notification_time_cook IS NOT NULL)
                + (SELECT count(*) FROM calendar_event WHERE time_notification IS NOT NULL)
                + (SELECT count(*) FROM notification WHERE sent IS NULL)"""
        )
    )


@dataclass(frozen=True)
class Outcome:
    """What became of the reminders."""

    #: Rows of the outbox that say they were sent, without an error; one for each reminder, person and way, or not.
    recorded: int
    distinct: int
    #: Recorded as sent, and never arrived; arrived, and not recorded.
    lost: int
    unknown: int
    #: What arrived beyond the first of each, and those of them that no claim which died explains.
    twice: int
    unexplained: int
    #: Claims that died with their worker or with PostgreSQL, sent or not.
    taken_over: int


async def outcome(database: Database, mails: MailServer, pushes: PushService | None = None) -> Outcome:
    """Hold what the outbox says against what arrived.

    Whoever dies between the server's answer and its own commit leaves a claim behind that is no attempt,
    and somebody else claims the message again: so many times at most may it have arrived again.
    """
    sent = await database.fetch(
        """SELECT id::text, concat(auth_account_id, way, subject_smtp, subject_web_push), claims - attempt - 1
        FROM notification WHERE sent IS NOT NULL AND error = ''"""
    )
    arrived = mails.deliveries() + (pushes.deliveries() if pushes else Counter())
    repeats = {identity: count - 1 for identity, count in arrived.items()}
    return Outcome(
        recorded=len(sent),
        distinct=len({reminder for _, reminder, _ in sent}),
        lost=sum(identity not in arrived for identity, *_ in sent),
        unknown=len(arrived.keys() - {identity for identity, *_ in sent}),
        twice=sum(repeats.values()),
        unexplained=sum(max(repeats.get(identity, 0) - died, 0) for identity, _, died in sent),
        taken_over=sum(died for *_, died in sent),
    )
