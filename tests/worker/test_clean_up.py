from __future__ import annotations

from typing import Any

from homechart_common.ids import NIL_UUID
from homechart_common.notify import messages, outbox
from homechart_worker.task import Context, perform
from homechart_worker.tasks.clean_up_budget_months import clean_up_budget_months
from homechart_worker.tasks.clean_up_budget_payees import clean_up_budget_payees
from homechart_worker.tasks.clean_up_cache import clean_up_cache
from homechart_worker.tasks.clean_up_calendar_events import clean_up_calendar_events
from homechart_worker.tasks.clean_up_challenges import clean_up_challenges
from homechart_worker.tasks.clean_up_cook_meal_plans import clean_up_cook_meal_plans
from homechart_worker.tasks.clean_up_cook_recipes import clean_up_cook_recipes
from homechart_worker.tasks.clean_up_demonstrations import clean_up_demonstrations
from homechart_worker.tasks.clean_up_health_logs import clean_up_health_logs
from homechart_worker.tasks.clean_up_notes_page_versions import clean_up_notes_page_versions
from homechart_worker.tasks.clean_up_notes_pages import clean_up_notes_pages
from homechart_worker.tasks.clean_up_outbox import clean_up_outbox
from homechart_worker.tasks.clean_up_plan_tasks import clean_up_plan_tasks
from homechart_worker.tasks.clean_up_secrets_values import clean_up_secrets_values
from homechart_worker.tasks.clean_up_sessions import clean_up_sessions
from homechart_worker.tasks.clean_up_sync import clean_up_sync
from tests.factories import join, new_household
from tests.people import add_account, add_meal, add_recipe, add_tasks
from tests.worker.books import new_books


async def column(context: Context, statement: str) -> list[Any]:
    """The first column of the answer."""
    return [row[0] for row in await context.database.fetch(statement)]


async def test_challenges_go_that_nobody_answered_in_time(context: Context) -> None:
    await context.database.execute(
        "INSERT INTO auth_challenge (hash, expires) VALUES"
        " ('old', now() - interval '1 second'), ('open', now() + interval '1 minute')"
    )
    assert await perform(clean_up_challenges, context) == 1
    assert await column(context, "SELECT encode(hash, 'escape') FROM auth_challenge") == ["open"]


async def test_payees_go_that_nobody_pays_and_nothing_names(context: Context) -> None:
    books = await new_books(context.database)
    for name in ("paid", "unpaid", "young", "shop", "of a shelf", "of an item", "recurring"):
        await books.payee(name)
    await books.post("2023-11-24", "paid", account=-5)
    await context.database.execute("UPDATE budget_payee SET shop_store = true WHERE name = 'shop'")
    for statement in (
        "INSERT INTO shop_category (auth_household_id, name, budget_payee_id)"
        " SELECT auth_household_id, 'Shelf', id FROM budget_payee WHERE name = 'of a shelf'",
        "INSERT INTO shop_item (auth_household_id, name, budget_payee_id)"
        " SELECT auth_household_id, 'Bread', id FROM budget_payee WHERE name = 'of an item'",
        "INSERT INTO budget_recurrence (auth_household_id, budget_account_id, recurrence, template)"
        " SELECT a.auth_household_id, a.id, '{}', jsonb_build_object('budgetPayeeID', p.id)"
        " FROM budget_account a, budget_payee p WHERE p.name = 'recurring'",
    ):
        await context.database.execute(statement)
    await make_old(context, "budget_payee", "updated", "name <> 'young'")
    assert await perform(clean_up_budget_payees, context) == 1
    assert "unpaid" not in await column(context, "SELECT name FROM budget_payee")


async def test_months_go_in_which_nothing_was_given_or_done(context: Context) -> None:
    books = await new_books(context.database)
    await books.post("2023-11-24", "somebody", account=-5, category=-5, month=202311)
    for amount in (5, -5):
        await books.post("2023-12-24", "somebody", account=amount, category=amount, month=202312)
    for month, amount in ((202401, 0), (202402, 7), (299912, 0)):
        await books.allocate(month, amount)
    assert await perform(clean_up_budget_months, context) == 1
    assert await column(context, "SELECT year_month FROM budget_month_category ORDER BY 1") == [
        202311,
        202312,
        202402,
        299912,
    ]


async def test_events_go_that_were_over_long_ago_and_never_come_again(context: Context) -> None:
    account = await add_account(context.database)
    await context.database.execute(
        "INSERT INTO calendar_icalendar (auth_account_id, name) VALUES (%(account)s, 'Holidays')",
        {"account": account},
    )
    await context.database.execute(
        """INSERT INTO calendar_event (auth_account_id, name, date_start, duration, recurrence, calendar_icalendar_id)
        SELECT %(account)s::uuid, name, current_date - days, 1440, recurrence,
            (SELECT id FROM calendar_icalendar WHERE taken)
        FROM (VALUES ('old', 182, NULL, false), ('young', 180, NULL, false), ('taken in', 999, NULL, true),
            ('recurring', 999, '{"separation": 1}'::jsonb, false)) given (name, days, recurrence, taken)""",
        {"account": account},
    )
    assert await perform(clean_up_calendar_events, context) == 1
    assert await column(context, "SELECT name FROM calendar_event ORDER BY date_start") == [
        "taken in",
        "recurring",
        "young",
    ]


async def test_sessions_go_when_they_expired(context: Context) -> None:
    account = await add_account(context.database)
    await context.database.execute(
        """INSERT INTO auth_session (auth_account_id, key_hash, name, expires)
        SELECT %(account)s::uuid, sha256(name::bytea), name, now() + left_over::interval
        FROM (VALUES ('over', '-1 second'), ('valid', '1 minute')) given (name, left_over)""",
        {"account": account},
    )
    assert await perform(clean_up_sessions, context) == 1
    assert await column(context, "SELECT name FROM auth_session") == ["valid"]


async def test_rendered_lists_go_when_they_are_old(context: Context) -> None:
    await context.database.execute(
        """INSERT INTO cache (owner_id, table_name, kind, version, value, rendered)
        SELECT gen_random_uuid(), name, 'rows', 1, '', now() - age::interval
        FROM (VALUES ('old', '16 minutes'), ('young', '14 minutes')) given (name, age)"""
    )
    assert await perform(clean_up_cache, context) == 1
    assert await column(context, "SELECT table_name FROM cache") == ["young"]


async def test_messages_go_some_days_after_their_end(context: Context) -> None:
    said = messages.render("verified", "en", name="Jane")
    for address in ("old@house.test", "young@house.test", "waiting@house.test"):
        await outbox.enqueue(context.database, said, to_smtp=address)
    await context.database.execute(
        """UPDATE notification SET created = now() - interval '99 days', sent = now() - CASE to_smtp
            WHEN 'old@house.test' THEN interval '15 d' WHEN 'young@house.test' THEN interval '13 d' END"""
    )
    assert await perform(clean_up_outbox, context) == 1
    assert await column(context, "SELECT to_smtp FROM notification ORDER BY 1") == [
        "waiting@house.test",
        "young@house.test",
    ]


async def add_page(context: Context, account: str, name: str, parent: str | None = None) -> str:
    page = await context.database.fetch_value(
        """INSERT INTO notes_page (auth_account_id, short_id, name, parent_id)
        VALUES (%(account)s, 'short', %(name)s, %(parent)s) RETURNING id""",
        {"account": account, "name": name, "parent": parent},
    )
    return str(page)


async def test_each_page_keeps_its_newest_versions(context: Context) -> None:
    account = await add_account(context.database)
    for name, versions in (("much", 12), ("little", 3)):
        await context.database.execute(
            """INSERT INTO notes_page_version (notes_page_id, body, updated)
            SELECT %(page)s::uuid, n::text, now() - n * interval '1 day'
            FROM generate_series(1, %(versions)s) n""",
            {"page": await add_page(context, account, name), "versions": versions},
        )
    assert await perform(clean_up_notes_page_versions, context) == 2
    kept = await context.database.fetch(
        """SELECT p.name, array_agg(v.body ORDER BY v.body::int) FROM notes_page_version v
        JOIN notes_page p ON p.id = v.notes_page_id GROUP BY 1 ORDER BY 1"""
    )
    assert kept == [("little", ["1", "2", "3"]), ("much", [f"{n}" for n in range(1, 11)])]


async def test_pages_go_when_they_were_thrown_away_long_ago(context: Context) -> None:
    account = await add_account(context.database)
    old = await add_page(context, account, "old")
    for name, parent in (("below", old), ("young", None), ("kept", None)):
        await add_page(context, account, name, parent)
    await context.database.execute(
        """UPDATE notes_page SET deleted = now() - CASE name
            WHEN 'old' THEN interval '31 days' WHEN 'young' THEN interval '29 days' END"""
    )
    await perform(clean_up_notes_pages, context)
    assert await column(context, "SELECT name FROM notes_page ORDER BY 1") == ["kept", "young"]


async def test_health_logs_go_some_time_after_their_day_and_are_counted_no_more(context: Context) -> None:
    account = await add_account(context.database)
    await context.database.execute(
        """WITH items AS (
            INSERT INTO health_item (auth_account_id, name, output)
            VALUES (%(account)s, 'Beans', false), (%(account)s, 'Fever', true) RETURNING id, auth_account_id
        )
        INSERT INTO health_log (auth_account_id, health_item_id, date)
        SELECT auth_account_id, id, current_date - days FROM items, (VALUES (185), (180), (0)) given (days)""",
        {"account": account},
    )
    total = "SELECT (SELECT sum(n::integer) FROM jsonb_each_text(correlations) c (id, n)) FROM health_item"
    assert await column(context, total) == [3, 3]
    assert await perform(clean_up_health_logs, context) == 2
    assert await column(context, "SELECT current_date - date FROM health_log ORDER BY 1") == [0, 0, 180, 180]
    assert await column(context, total) == [2, 2]


async def test_secrets_go_when_they_were_thrown_away_long_ago(context: Context) -> None:
    account = await add_account(context.database)
    await context.database.execute(
        """WITH vault AS (
            INSERT INTO secrets_vault (auth_account_id, short_id, keys) VALUES (%(account)s, 'short', '[]')
            RETURNING id
        )
        INSERT INTO secrets_value (secrets_vault_id, short_id, name_encrypted, tags_encrypted, deleted)
        SELECT vault.id, 'short', name, 'none', now() - age::interval
        FROM vault, (VALUES ('old', '31 days'), ('young', '29 days'), ('kept', NULL)) given (name, age)""",
        {"account": account},
    )
    assert await perform(clean_up_secrets_values, context) == 1
    assert await column(context, "SELECT name_encrypted FROM secrets_value ORDER BY 1") == ["kept", "young"]


async def test_meals_go_when_they_were_planned_for_long_ago(context: Context) -> None:
    household = await new_household(context.database)
    soup = await add_recipe(context.database, household, "Soup")
    for dish, age in (("old", 181), ("young", 180), ("to come", -1)):
        plan = await add_meal(context.database, household, dish)
        await context.database.execute(
            "UPDATE cook_meal_plan SET date = current_date - %(age)s WHERE id = %(plan)s",
            {"age": age, "plan": plan},
        )
    await add_meal(context.database, household, recipe=soup, day="2020-01-31")
    assert await perform(clean_up_cook_meal_plans, context) == 2
    kept = "SELECT custom_recipe FROM cook_meal_plan ORDER BY 1"
    assert await column(context, kept) == ["to come", "young"]
    counted = "SELECT cook_meal_plan_count, cook_meal_plan_last::text FROM cook_recipe"
    assert await context.database.fetch(counted) == [(0, "2020-01-31")]


async def test_recipes_go_when_they_were_thrown_away_long_ago(context: Context) -> None:
    household = await new_household(context.database)
    for name in ("old", "young", "kept"):
        recipe = await add_recipe(context.database, household, name)
        await add_meal(context.database, household, recipe=recipe)
    await context.database.execute(
        """UPDATE cook_recipe SET deleted = now() - CASE name
            WHEN 'old' THEN interval '31 days' WHEN 'young' THEN interval '29 days' END"""
    )
    assert await perform(clean_up_cook_recipes, context) == 1
    assert await column(context, "SELECT name FROM cook_recipe ORDER BY 1") == ["kept", "young"]
    assert await column(context, "SELECT count(*) FROM cook_meal_plan") == [2]


async def test_tasks_go_when_they_were_done_long_ago(context: Context) -> None:
    database = context.database
    account = await add_account(database)
    await add_tasks(database, "done", "with others below", "just done", account=account, done=True)
    await add_tasks(database, "open", "open below", account=account)
    await add_tasks(database, "template", account=account, done=True, template=True)
    await database.execute(
        """UPDATE plan_task SET parent_id = (SELECT id FROM plan_task WHERE name = 'with others below')
        WHERE name = 'open below'"""
    )
    await make_old(context, "plan_task", "updated", "name <> 'just done'")
    assert await perform(clean_up_plan_tasks, context) == 1
    assert "done" not in await column(context, "SELECT name FROM plan_task")
    await database.execute("UPDATE plan_task SET done = true WHERE name = 'open below'")
    await make_old(context, "plan_task", "updated", "name <> 'just done'")
    assert await perform(clean_up_plan_tasks, context) == 2
    assert await column(context, "SELECT name FROM plan_task ORDER BY 1") == ["just done", "open", "template"]


async def make_old(context: Context, table: str, changed: str, condition: str) -> None:
    """Make it so that rows were changed a year ago, which triggers would notice."""
    async with context.database.transaction() as connection:
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute(
            f"UPDATE {table} SET {changed} = now() - interval '365 days' WHERE {condition}"
        )


async def test_the_change_log_keeps_the_newest_entry_of_each_list(context: Context) -> None:
    account = await add_account(context.database)
    await add_tasks(context.database, "first", account=account)
    await add_tasks(context.database, "second", account=account)
    await make_old(context, "sync_change", "changed", "true")
    before = await column(context, "SELECT version FROM sync_version")
    assert await perform(clean_up_sync, context) == 1
    rows = await context.database.fetch(
        """SELECT c.table_name, c.version, v.version, v.purged
        FROM sync_change c JOIN sync_version v USING (owner_id) ORDER BY c.table_name"""
    )
    (version,) = before
    purged = rows[0][3]
    assert [(table, newest == version) for table, newest, _, _ in rows] == [
        ("auth_account", False),
        ("plan_task", True),
    ]
    assert 0 < purged < version == rows[0][2]


async def test_young_changes_stay_in_the_log(context: Context) -> None:
    account = await add_account(context.database)
    await add_tasks(context.database, "first", account=account)
    await make_old(context, "sync_change", "changed", "true")
    await add_tasks(context.database, "second", account=account)
    await add_tasks(context.database, "third", account=account)
    assert await perform(clean_up_sync, context) == 1
    assert (
        await column(context, "SELECT count(*) FROM sync_change WHERE changed > now() - interval '1 day'")
    ) == [2]


async def test_what_is_left_of_deleted_owners_goes_in_the_end(context: Context) -> None:
    database = context.database
    stays = await add_account(database)
    gone = await add_account(database)
    household = await new_household(database, gone)
    await database.execute("DELETE FROM auth_household WHERE id = %(id)s", {"id": household})
    await database.execute("DELETE FROM auth_account WHERE id = %(id)s", {"id": gone})
    await add_tasks(database, "for everybody", template=True)
    await perform(clean_up_sync, context)
    assert {gone, household} <= set(await column(context, "SELECT owner_id::text FROM sync_version"))
    await make_old(context, "sync_change", "changed", "true")
    await perform(clean_up_sync, context)
    assert set(await column(context, "SELECT owner_id::text FROM sync_version")) == {stays, NIL_UUID}
    assert set(await column(context, "SELECT owner_id::text FROM sync_change")) == {stays, NIL_UUID}


async def test_more_than_a_batch_goes_batch_by_batch(context: Context) -> None:
    await context.database.execute(
        """INSERT INTO cache (owner_id, table_name, kind, version, value, rendered)
        SELECT gen_random_uuid(), 'old', 'rows', 1, '', now() - interval '1 day'
        FROM generate_series(1, 2500)"""
    )
    assert await perform(clean_up_cache, context) == 2500
    assert await column(context, "SELECT count(*) FROM cache") == [0]


async def test_demonstrations_go_after_a_day_with_who_lives_there(context: Context) -> None:
    database = context.database
    residents = {}
    for name, child, domain in (
        ("robin", False, "demo.example.com"),
        ("old", False, "demo.example.com"),
        ("gone", False, "demo.example.com"),
        ("kid", True, "example.com"),
        ("pet", True, "example.com"),
        ("guest", False, "house.test"),
        ("mover", False, "demo.example.com"),
        ("orphan", True, "example.com"),
    ):
        address = f"{name}@{domain}"
        residents[name] = await add_account(database, name=name, child=child, email_address=address)
    of_today = await new_household(database, residents["robin"], residents["pet"], name="of today")
    of_yesterday = await new_household(
        database, *(residents[name] for name in ("old", "kid", "guest", "mover")), name="of yesterday"
    )
    real = await new_household(database, residents["guest"], name="real")
    await join(database, real, residents["mover"])
    await database.execute(
        "UPDATE auth_household SET demo = true WHERE id = ANY (ARRAY[%(new)s, %(old)s]::uuid[])",
        {"new": of_today, "old": of_yesterday},
    )
    await make_old(context, "auth_household", "created", "name <> 'of today'")
    await make_old(context, "auth_account", "created", "name <> 'robin'")
    assert await perform(clean_up_demonstrations, context) == 4
    assert await column(context, "SELECT name FROM auth_household ORDER BY 1") == ["of today", "real"]
    assert await column(context, "SELECT name FROM auth_account ORDER BY 1") == [
        "guest", "mover", "orphan", "pet", "robin",
    ]  # fmt: skip
