"""Something to do for every task, written past the API as if it had been there for long."""

from __future__ import annotations

from homechart_common.notify import messages, outbox
from homechart_common.postgresql.database import Database
from tests.factories import new_household
from tests.people import add_account, add_meal

_LONG_AGO = "now() - interval '400 days'"
_PAGE = """
    INSERT INTO notes_page (auth_account_id, short_id, name, deleted)
    VALUES (%(jane)s, 'short', 'Page', {deleted})"""
_TWO_TRANSACTIONS = """
    INSERT INTO budget_transaction (auth_household_id, date)
    SELECT %(home)s, current_date - 400 FROM generate_series(1, 2)"""
_VAULT = """
    WITH vault AS (
        INSERT INTO secrets_vault (auth_account_id, short_id, keys) VALUES (%(jane)s, 'short', '[]') RETURNING id
    )
    INSERT INTO secrets_value (secrets_vault_id, short_id, name_encrypted, tags_encrypted, deleted)
    SELECT id, 'short', 'x', 'x', {deleted} FROM vault"""

#: One statement or several for each task, by its name; what has none is made by :func:`add_something_due`.
STATEMENTS: dict[str, tuple[str, ...]] = {
    "plan_task_reminders": (
        """INSERT INTO plan_task (short_id, name, auth_household_id, due_date, notify, position)
        VALUES ('short', 'Iron', %(home)s, now(), true, '')""",
    ),
    "calendar_event_reminders": (
        """INSERT INTO calendar_event (auth_account_id, name, date_start, time_start, notify_offset)
        VALUES (%(jane)s, 'Choir', (now() AT TIME ZONE 'UTC')::date, '23:59', 2000)""",
    ),
    "missed_reminders": (
        """INSERT INTO missed_reminder (auth_account_id, kind, name, moment, said, mail, push)
        VALUES (%(jane)s, 'plan_task', 'Wash', now(), 'Monday', true, false)""",
    ),
    "push": (
        """INSERT INTO notification (kind, auth_account_id, to_web_push)
        VALUES ('plan_task_reminder', %(jane)s, '[{"endpoint": "https://gone.test"}]')""",
    ),
    "daily_agendas": ("UPDATE auth_account SET daily_agenda_next = now() WHERE id = %(jane)s",),
    "refresh_calendars": (
        """INSERT INTO calendar_icalendar (auth_account_id, name, url, refresh_next)
        VALUES (%(jane)s, 'Nowhere', 'nowhere', now())""",
    ),
    "count_rows": ("DELETE FROM figure",),
    "clean_up_cache": (
        f"""INSERT INTO cache (owner_id, table_name, kind, version, value, rendered)
        VALUES (%(jane)s, 'old', 'rows', 1, '', {_LONG_AGO})""",
    ),
    "clean_up_challenges": (
        f"INSERT INTO auth_challenge (hash, expires) VALUES (sha256(gen_random_uuid()::text::bytea), {_LONG_AGO})",
    ),
    "clean_up_oidc_flows": (
        f"""INSERT INTO auth_oidc_flow (state_hash, provider, verifier, created)
        VALUES (sha256(gen_random_uuid()::text::bytea), 'google', '', {_LONG_AGO})""",
    ),
    "clean_up_cook_meal_plans": (),
    "clean_up_cook_recipes": (
        f"""INSERT INTO cook_recipe (auth_household_id, short_id, name, deleted)
        VALUES (%(home)s, 'short', 'Soup', {_LONG_AGO})""",
    ),
    "clean_up_sessions": (
        f"""INSERT INTO auth_session (auth_account_id, key_hash, expires)
        VALUES (%(jane)s, sha256(%(jane)s::text::bytea), {_LONG_AGO})""",
    ),
    "clean_up_demonstrations": (
        f"""INSERT INTO auth_household (name, demo, created, subscription_referral_code)
        VALUES ('Demo', true, {_LONG_AGO}, gen_random_uuid()::text)""",
    ),
    "roll_up_budget_summary": (_TWO_TRANSACTIONS,),
    "roll_up_budget_balance": (_TWO_TRANSACTIONS,),
    "clean_up_auth_accounts": (
        f"""INSERT INTO auth_account (email_address, name, last_activity)
        VALUES (gen_random_uuid() || '@house.test', 'Gone', {_LONG_AGO})""",
    ),
    "clean_up_budget_months": (
        """WITH made AS (
            INSERT INTO budget_category (auth_household_id, short_id, name) VALUES (%(home)s, 'short', 'Food')
            RETURNING id
        )
        INSERT INTO budget_month_category (auth_household_id, budget_category_id, year_month)
        SELECT %(home)s, id, 202401 FROM made""",
    ),
    "clean_up_budget_payees": (
        f"""INSERT INTO budget_payee (auth_household_id, short_id, name, updated)
        VALUES (%(home)s, 'short', 'Baker', {_LONG_AGO})""",
    ),
    "clean_up_calendar_events": (
        "INSERT INTO calendar_event (auth_account_id, name, date_start) VALUES (%(jane)s, 'Once', '2020-01-01')",
    ),
    "clean_up_calendar_hosts": (
        f"INSERT INTO calendar_host (host, failures, not_before) VALUES (gen_random_uuid()::text, 1, {_LONG_AGO})",
    ),
    "clean_up_health_logs": (
        """WITH made AS (
            INSERT INTO health_item (auth_account_id, name) VALUES (%(jane)s, 'Bread') RETURNING id
        )
        INSERT INTO health_log (auth_account_id, health_item_id, date) SELECT %(jane)s, id, '2020-01-01' FROM made""",
    ),
    "clean_up_notes_page_versions": (
        _PAGE.format(deleted="NULL"),
        """INSERT INTO notes_page_version (notes_page_id, auth_account_id)
        SELECT id, %(jane)s FROM notes_page, generate_series(1, 12)""",
    ),
    "clean_up_notes_pages": (_PAGE.format(deleted=_LONG_AGO),),
    "clean_up_outbox": (f"INSERT INTO notification (sent) VALUES ({_LONG_AGO})",),
    "clean_up_plan_tasks": (
        f"""INSERT INTO plan_task (short_id, name, auth_household_id, done, position, updated)
        VALUES ('short', 'Wash', %(home)s, true, '', {_LONG_AGO})""",
    ),
    "clean_up_secrets_values": (_VAULT.format(deleted=_LONG_AGO),),
    "clean_up_sync": (
        "INSERT INTO bookmark (auth_account_id, short_id, name, link) VALUES (%(jane)s, 'short', 'First', 'x')",
        f"UPDATE sync_change SET changed = {_LONG_AGO} WHERE table_name = 'bookmark'",
        "INSERT INTO bookmark (auth_account_id, short_id, name, link) VALUES (%(jane)s, 'short', 'Second', 'x')",
    ),
}


async def add_something_due(database: Database, task: str) -> None:
    """Make it so that the task of that name has something to do."""
    jane = await add_account(database)
    home = await new_household(database, jane)
    for statement in STATEMENTS.get(task, ()):
        await database.execute(statement, {"jane": jane, "home": home})
    if task == "cook_meal_plan_reminders":
        meal = await add_meal(database, home)
        await database.execute(
            "UPDATE cook_meal_plan SET notification_time_cook = now() WHERE id = %(meal)s", {"meal": meal}
        )
    elif task == "clean_up_cook_meal_plans":
        await add_meal(database, home, day="2020-01-01")
    elif task == "deliver":
        await outbox.enqueue(database, messages.render("verified", "en", name="Jane"), account_id=jane)


async def contents(database: Database) -> dict[str, list[str]]:
    """Everything that is in the database, by table."""
    tables = await database.fetch(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
    )
    return {
        table: sorted(row for (row,) in await database.fetch(f'SELECT t::text FROM "{table}" t'))
        for (table,) in tables
    }
