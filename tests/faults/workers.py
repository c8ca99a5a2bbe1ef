"""Several workers as the processes that they are, sharing a database and a mail server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from homechart_common.lifetime import UNTIL_INPUT_ENDS
from homechart_common.postgresql.settings import PostgresqlSettings
from tests.mail_server import MailServer
from tests.processes import Running, database_environment, start


class Workers:
    """Starts workers and knows who of them leads."""

    def __init__(
        self, settings: PostgresqlSettings, mails: MailServer, lease_seconds: int, module: str
    ) -> None:
        self._started: list[Running] = []
        self._module = module
        self._environment = {
            **database_environment(settings),
            "HOMECHART_SMTP_HOSTNAME": "127.0.0.1",
            "HOMECHART_SMTP_PORT": f"{mails.port}",
            "HOMECHART_SMTP_FROMADDRESS": "butler@house.test",
            "HOMECHART_SMTP_LEASESECONDS": f"{lease_seconds}",
        }

    async def start(self) -> Running:
        """One more worker; it need not be ready yet."""
        # it does not outlive the test run, however that ends
        worker = await start(self._module, "run", UNTIL_INPUT_ENDS, environment=self._environment)
        self._started.append(worker)
        return worker

    @property
    def started(self) -> int:
        """How many there have been."""
        return len(self._started)

    @property
    def alive(self) -> list[Running]:
        """Those that run."""
        return [worker for worker in self._started if worker.process.returncode is None]

    @property
    def leaders(self) -> list[Running]:
        """Those that say they lead."""
        return [
            worker
            for worker in self.alive
            if worker.log.count("This worker leads") > worker.log.count("This worker no longer leads")
        ]

    def log(self) -> str:
        """What all of them said."""
        return "\n".join(f"--- worker {n}\n{worker.log}" for n, worker in enumerate(self._started))


@asynccontextmanager
async def workers(
    settings: PostgresqlSettings,
    mails: MailServer,
    *,
    lease_seconds: int,
    module: str = "homechart_worker",
) -> AsyncIterator[Workers]:
    """Workers on that database, of which none is left at the end of the block."""
    crew = Workers(settings, mails, lease_seconds, module)
    try:
        yield crew
    finally:
        for worker in crew.alive:
            worker.kill()
            await worker.ended()
