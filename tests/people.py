"""People and what they have, put into the database for tests that need no API."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

from homechart_common.postgresql.connection import Queryable
from homechart_common.security import hash_token

_HOUR = timedelta(hours=1)


async def add_account(
    database: Queryable,
    *,
    name: str = "Jane",
    email_address: str = "",
    verified: bool = True,
    child: bool = False,
    language: str = "en",
    time_zone: str = "UTC",
    preferences: dict[str, Any] | None = None,
) -> str:
    """An account, reachable at a random address unless one is given; its id."""
    return str(
        await database.fetch_value(
            """INSERT INTO auth_account
                (name, email_address, verified, child, iso_639_code, time_zone, preferences)
            VALUES (%(name)s, %(email_address)s, %(verified)s, %(child)s, %(language)s, %(time_zone)s,
                %(preferences)s::jsonb)
            RETURNING id""",
            {
                "name": name,
                "email_address": email_address or f"{uuid.uuid4().hex}@house.test",
                "verified": verified,
                "child": child,
                "language": language,
                "time_zone": time_zone,
                "preferences": json.dumps(preferences or {}),
            },
        )
    )


async def add_household(database: Queryable, *members: str) -> str:
    """A household of these accounts, who may do everything; its id."""
    household = str(
        await database.fetch_value(
            """INSERT INTO auth_household (name, subscription_referral_code)
            VALUES ('Home', %(code)s) RETURNING id""",
            {"code": uuid.uuid4().hex[:14]},
        )
    )
    for account in members:
        await add_member(database, household, account)
    return household


async def add_member(database: Queryable, household: str, account: str, **permissions: int) -> None:
    """Let an account into a household, with the ``permissions`` of a component: 0 edit, 1 view, 2 none."""
    await database.execute(
        """INSERT INTO auth_account_auth_household (auth_account_id, auth_household_id, permissions)
        VALUES (%(account)s, %(household)s, %(permissions)s::jsonb)""",
        {"account": account, "household": household, "permissions": json.dumps(permissions)},
    )


async def add_tasks(
    database: Queryable,
    *names: str,
    account: str | None = None,
    household: str | None = None,
    due_in: timedelta = -_HOUR,
    notify: bool = True,
    done: bool = False,
    template: bool = False,
) -> None:
    """Tasks of an account, or of a household and then perhaps assigned to an account."""
    await database.execute(
        """INSERT INTO plan_task (short_id, name, auth_account_id, auth_household_id, due_date, notify, done,
            template, position)
        SELECT 'short', name, %(account)s::uuid, %(household)s::uuid, now() + %(due_in)s::interval,
            %(notify)s, %(done)s, %(template)s, ''
        FROM unnest(%(names)s::text[]) name""",
        {
            "names": list(names),
            "account": account,
            "household": household,
            "due_in": due_in,
            "notify": notify,
            "done": done,
            "template": template,
        },
    )


async def add_recipe(database: Queryable, household: str, name: str) -> str:
    """A recipe of a household; its id."""
    return str(
        await database.fetch_value(
            """INSERT INTO cook_recipe (auth_household_id, short_id, name)
            VALUES (%(household)s, 'short', %(name)s) RETURNING id""",
            {"household": household, "name": name},
        )
    )


async def add_meal(
    database: Queryable,
    household: str,
    dish: str = "Pizza",
    *,
    recipe: str | None = None,
    scale: str = "1",
    day: str = "2026-11-24",
    cook_in: timedelta | None = None,
    prep_in: timedelta | None = None,
) -> str:
    """A meal plan for dinner at 18:30, of a recipe or else of a dish without one; its id."""
    return str(
        await database.fetch_value(
            """WITH made AS (
                INSERT INTO cook_meal_time (auth_household_id, name) VALUES (%(household)s, 'Dinner')
                ON CONFLICT DO NOTHING RETURNING id
            ), dinner AS (
                SELECT id FROM made UNION ALL
                SELECT id FROM cook_meal_time WHERE auth_household_id = %(household)s AND name = 'Dinner'
            )
            INSERT INTO cook_meal_plan (auth_household_id, cook_meal_time_id, cook_recipe_id, custom_recipe,
                cook_recipe_scale, date, time, notification_time_cook, notification_time_prep)
            SELECT %(household)s, id, %(recipe)s::uuid, %(dish)s, %(scale)s, %(day)s::date, '18:30',
                now() + %(cook_in)s::interval, now() + %(prep_in)s::interval
            FROM dinner
            RETURNING id""",
            {
                "household": household,
                "dish": "" if recipe else dish,
                "recipe": recipe,
                "scale": scale,
                "day": day,
                "cook_in": cook_in,
                "prep_in": prep_in,
            },
        )
    )


async def add_session(database: Queryable, account: str) -> str:
    """A session of an account, who may do everything in it; its key."""
    key = str(uuid.uuid4())
    await database.execute(
        """INSERT INTO auth_session (auth_account_id, key_hash, expires)
        VALUES (%(account)s, %(key_hash)s::bytea, now() + interval '1 day')""",
        {"account": account, "key_hash": hash_token(key)},
    )
    return key
