"""The household that is measured: four members, two hundred tasks, and as many signed-in devices as are asked for."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from homechart_common.models.actors import Actors
from homechart_common.models.permissions import Actor
from homechart_common.postgresql.database import Database
from homechart_common.security import hash_token

TASKS = 200
_MEMBERS = 4

_MEMBERS_SQL = """
WITH household AS (
    INSERT INTO auth_household (id, name, subscription_referral_code)
    VALUES (%(household)s, 'Bench', left(%(household)s, 14)) RETURNING id
), account AS (
    INSERT INTO auth_account (email_address, name, verified, setup, primary_auth_household_id)
    SELECT 'member' || n || '@' || %(household)s || '.org', 'Member ' || n, true, true, %(household)s
    FROM generate_series(1, %(members)s) n RETURNING id
)
INSERT INTO auth_account_auth_household (auth_account_id, auth_household_id)
SELECT account.id, household.id FROM account, household
"""
_TASKS_SQL = """
INSERT INTO plan_task (auth_household_id, short_id, name, details, due_date, duration, position, tags)
SELECT %(household)s, 'task' || n, 'Task number ' || n, 'Something that is to be done about the house and the garden',
    date_trunc('day', now()) + n * interval '1 hour', 30, n::text, '{house,garden}'
FROM generate_series(1, %(tasks)s) n
"""
_SESSION_SQL = """
INSERT INTO auth_session (auth_account_id, key_hash, name, user_agent, expires)
SELECT auth_account_id, %(key_hash)s, 'Bench', 'api', now() + interval '1 day'
FROM auth_account_auth_household WHERE auth_household_id = %(household)s LIMIT 1 RETURNING id
"""
_DEVICES_SQL = """
INSERT INTO auth_session (auth_account_id, key_hash, name, user_agent, expires)
SELECT m.auth_account_id, sha256(gen_random_uuid()::text::bytea), 'Bench', 'api', now() + interval '1 day'
FROM (SELECT auth_account_id FROM auth_account_auth_household WHERE auth_household_id = %(household)s) m,
    generate_series(1, %(each)s)
RETURNING id
"""


@dataclass(frozen=True, slots=True)
class Household:
    """A household and one of its sessions."""

    id: str
    session_id: str
    session_key: str
    tasks: tuple[str, ...]


async def fill(database: Database) -> Household:
    """A new household of four with two hundred tasks."""
    household, key = str(uuid.uuid4()), str(uuid.uuid4())
    async with database.transaction() as connection:
        await connection.execute(_MEMBERS_SQL, {"household": household, "members": _MEMBERS})
        await connection.execute(_TASKS_SQL, {"household": household, "tasks": TASKS})
        session = await connection.fetch_value(
            _SESSION_SQL, {"household": household, "key_hash": hash_token(key)}
        )
    await tidy(database)
    tasks = await database.fetch(
        "SELECT id FROM plan_task WHERE owner_id = %(household)s ORDER BY created, id",
        {"household": household},
    )
    return Household(household, session, key, tuple(task[0] for task in tasks))


async def devices(database: Database, household: Household, number: int) -> list[str]:
    """The ids of new sessions, spread over the members."""
    rows = await database.fetch(_DEVICES_SQL, {"household": household.id, "each": -(-number // _MEMBERS)})
    return [row[0] for row in rows[:number]]


async def actor_of(database: Database, household: Household) -> Actor:
    """Whom the session of a household stands for."""
    actor = await Actors(database).read(household.session_key)
    assert actor is not None
    return actor


async def tidy(database: Database) -> None:
    """Put every table into the state that PostgreSQL keeps it in by itself, given time."""
    await database.execute("VACUUM ANALYZE")


async def forget_created(database: Database, household: Household) -> None:
    """Delete the tasks that a measurement made, so that each one starts from the same two hundred."""
    await database.execute(
        "DELETE FROM plan_task WHERE owner_id = %(household)s AND id <> ALL (%(kept)s::uuid[])",
        {"household": household.id, "kept": "{" + ",".join(household.tasks) + "}"},
    )
    await tidy(database)
