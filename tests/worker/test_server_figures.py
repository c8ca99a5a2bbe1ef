"""Figures of the whole server: counted by one worker, told by every process."""

from __future__ import annotations

from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from homechart_common import metrics, server_figures
from homechart_common.errors import Unavailable
from homechart_common.postgresql import queries
from homechart_common.postgresql.database import Database
from homechart_worker.leader import Leader
from homechart_worker.task import Context, perform, task
from homechart_worker.tasks.count_rows import count_rows
from tests.factories import new_account, new_session
from tests.people import add_account


async def told(database: Database) -> dict[str, float]:
    """What there is to read, by name with labels."""
    text = metrics.render(await server_figures.read(database)).decode()
    return {
        name + "".join(f" {label}={value}" for label, value in sample.labels.items()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        for name in [sample.name]
    }


async def test_what_there_is_is_counted_and_told(context: Context) -> None:
    database = context.database
    await add_account(database)
    await add_account(database, verified=False)
    old = await new_account(database, name="Old", email_address="old@house.test", verified=True)
    await database.execute(
        "UPDATE auth_account SET last_activity = now() - interval '3 days' WHERE id = %(id)s", {"id": old}
    )
    await new_session(database, old, seconds=60)
    await database.execute("ANALYZE auth_account; ANALYZE bookmark")
    assert await perform(count_rows, context) > 30
    figures = await told(database)
    assert figures["homechart_model_auth_account type=all"] == 3
    assert figures["homechart_model_auth_account type=daily"] == 2
    assert figures["homechart_model_auth_account type=verified"] == 2
    assert figures["homechart_model_auth_session type=all"] == 1
    assert figures["homechart_model_bookmark type=all"] == 0
    assert figures["homechart_change type=all"] == 0
    assert figures["homechart_postgresql_database_bytes"] > 1e6
    assert 0 < figures["homechart_postgresql_connections"] < figures["homechart_postgresql_connections_max"]
    assert figures["homechart_postgresql_up"] == 1


async def test_what_is_no_more_is_told_no_more(context: Context) -> None:
    database = context.database
    session = await new_session(database, await add_account(database), seconds=60)
    await database.execute("UPDATE auth_session SET user_agent = 'firefox'")
    await perform(count_rows, context)
    assert (await told(database))["homechart_model_auth_session type=firefox"] == 1
    await database.execute("DELETE FROM auth_session WHERE id = %(id)s", {"id": session.id})
    assert await perform(count_rows, context) == 0  # they were counted just now
    await database.execute("UPDATE figure SET value = value - 3600 WHERE name = 'counted'")
    assert await perform(count_rows, context) > 30
    figures = await told(database)
    assert "homechart_model_auth_session type=firefox" not in figures
    assert figures["homechart_model_auth_session type=all"] == 0


async def test_clients_that_make_names_up_make_no_figures(context: Context) -> None:
    account = await add_account(context.database)
    for name in ("all", "", "mine", "another", "edge"):
        session = await new_session(context.database, account, seconds=60)
        await context.database.execute(
            "UPDATE auth_session SET user_agent = %(name)s WHERE id = %(id)s",
            {"name": name, "id": session.id},
        )
    await perform(count_rows, context)
    start = "homechart_model_auth_session "
    told_of = {
        name: value for name, value in (await told(context.database)).items() if name.startswith(start)
    }
    kinds = {"all": 5, "unknown": 4, "edge": 1}
    assert told_of == {f"{start}type={kind}": count for kind, count in kinds.items()}


async def test_the_outbox_is_looked_at_when_somebody_asks(context: Context) -> None:
    database = context.database
    assert (await told(database))["homechart_outbox_oldest_seconds"] == 0
    await database.execute(
        "INSERT INTO notification (kind, send_after)"
        " VALUES ('x', now() - interval '1 hour'), ('x', now() + interval '1 day')"
    )
    figures = await told(database)
    assert figures["homechart_model_notification type=queue"] == 2
    assert figures["homechart_outbox_oldest_seconds"] == pytest.approx(3600, abs=60)


async def test_how_a_task_went_is_known_to_every_process(context: Context) -> None:
    fails = [Unavailable()]

    @task(every=timedelta(hours=1), timeout=timedelta(seconds=5))
    async def errand(_: Context) -> int:
        """An errand."""
        if fails:
            raise fails.pop()
        return 0

    leader = Leader(context, [errand])
    await leader._run(errand, {})
    figures = await told(context.database)
    assert figures["homechart_server_task_failures task=errand"] == 1
    assert "homechart_server_task_last_run_timestamp_seconds task=errand" not in figures
    await leader._run(errand, {})
    figures = await told(context.database)
    assert figures["homechart_server_task_failures task=errand"] == 1
    assert figures["homechart_server_task_rows task=errand"] == 0
    ended = await context.database.fetch_value("SELECT extract(epoch FROM ended)::float8 FROM task_run")
    assert figures["homechart_server_task_last_run_timestamp_seconds task=errand"] == pytest.approx(ended)


async def test_without_a_database_a_process_still_tells_of_itself(fresh_database: Database) -> None:
    await fresh_database.close()
    figures = await told(fresh_database)
    assert figures["homechart_postgresql_up"] == 0
    assert "homechart_task_runner" in figures
    assert "homechart_postgresql_connections" not in figures


async def test_nothing_is_looked_at_that_grows(fresh_database: Database) -> None:
    """Scrapes are frequent: what they ask of the outbox is answered by the index of what waits."""
    plan = "\n".join(
        row[0] for row in await fresh_database.fetch("EXPLAIN " + queries.load("figures")["outbox"].sql)
    )
    assert "Seq Scan" not in plan
