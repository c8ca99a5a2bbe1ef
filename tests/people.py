"""People who can be written to, and what they are reminded of, for tests of what goes out."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from homechart_common.postgresql.connection import Queryable
from tests.factories import new_account, new_session

_HOUR = timedelta(hours=1)


async def add_account(
    database: Queryable, *, name: str = "Jane", email_address: str = "", verified: bool = True, **more: Any
) -> str:
    """An account whose address gets mail and is verified; its id."""
    address = email_address or f"{uuid.uuid4().hex}@house.test"
    return await new_account(database, name=name, email_address=address, verified=verified, **more)


async def add_session(database: Queryable, account: str) -> str:
    """A session of an account, who may do everything in it; its key."""
    return (await new_session(database, account, seconds=86400)).key


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
