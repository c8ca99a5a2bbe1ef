"""What writers do in SQL: creates, updates, updates that change nothing, moves and deletes of a few objects each.

Parameters: the owner whose objects are meant (``owner``, as columns ``account`` and ``household``), another one
(``to_account``, ``to_household``), how many objects, and a ``word`` that no other statement has.
"""

from __future__ import annotations

from typing import NamedTuple

from homechart_common.models import registry
from homechart_common.models.permissions import EVERYBODY

#: Of each kind an owner has at most so many objects.
_MOST = 30


class Write(NamedTuple):
    """A statement, and what it is to its objects."""

    kind: str
    sql: str


def _picked(table: str, count: str = "%(count)s") -> str:
    """Some objects of an owner, others each time."""
    return (
        f"(SELECT id FROM {table} WHERE owner_id = %(owner)s::uuid"
        f" ORDER BY md5(id::text || %(word)s) LIMIT {count})"
    )


def _one(table: str) -> str:
    return _picked(table, "1")


def _create(table: str, **values: str) -> Write:
    owner = {"auth_account_id": "%(account)s::uuid", "auth_household_id": "%(household)s::uuid"}
    columns = (owner if table not in ("shop_category", "notes_page_version") else {}) | values
    if table == "shop_category":
        columns["auth_household_id"] = owner["auth_household_id"]
    if "short_id" in registry.for_table(table).fields:  # type: ignore[union-attr]
        columns["short_id"] = "'short'"
    return Write(
        "create",
        f"""INSERT INTO {table} ({", ".join(columns)}) SELECT {", ".join(columns.values())}
        FROM generate_series(1, least(%(count)s,
            {_MOST} - (SELECT count(*) FROM {table} WHERE owner_id = %(owner)s::uuid))::integer) n""",
    )


def _update(table: str, change: str, kind: str = "update", count: str = "%(count)s") -> Write:
    return Write(kind, f"UPDATE {table} SET {change} WHERE id IN {_picked(table, count)}")


def _delete(table: str) -> Write:
    return Write("delete", f"DELETE FROM {table} WHERE id IN {_picked(table)}")


_NAME = "%(word)s || ' ' || n"
_NEW_NAME = "name = %(word)s || ' ' || id"
_MOVE = "auth_account_id = %(to_account)s::uuid, auth_household_id = %(to_household)s::uuid"
_NAMED = (
    "bookmark",
    "calendar_icalendar",
    "calendar_event",
    "plan_project",
    "plan_task",
    "shop_list",
    "shop_item",
    "notes_page",
)

PERSONAL: tuple[Write, ...] = (
    _create("bookmark", name=_NAME, link="'https://house.test'"),
    _create("calendar_icalendar", name=_NAME),
    _create("calendar_event", name=_NAME, date_start="current_date"),
    _create(
        "calendar_event",
        name=_NAME,
        date_start="current_date",
        calendar_icalendar_id=_one("calendar_icalendar"),
    ),
    _create("plan_project", name=_NAME, position="''"),
    _create("plan_project", name=_NAME, position="''", parent_id=_one("plan_project")),
    _create("plan_task", name=_NAME, position="''"),
    _create("plan_task", name=_NAME, position="''", plan_project_id=_one("plan_project")),
    _create("plan_task", name=_NAME, position="''", parent_id=_one("plan_task")),
    _create("shop_list", name=_NAME),
    _create("shop_item", name=_NAME, shop_list_id=_one("shop_list")),
    _create("shop_item", name=_NAME, plan_project_id=_one("plan_project")),
    _create("notes_page", name=_NAME),
    _create("notes_page", name=_NAME, parent_id=_one("notes_page")),
    _create("notes_page_version", notes_page_id=_one("notes_page"), body=_NAME),
    *(_update(table, _NEW_NAME) for table in _NAMED * 3),
    *(_update(table, "name = name", "no-op") for table in _NAMED),
    *(_update(table, _MOVE, "move") for table in _NAMED),
    *(_delete(table) for table in (*_NAMED, "notes_page_version")),
    _update("calendar_event", "notify_offset = CASE WHEN notify_offset IS NULL THEN 5 END"),
    _update("calendar_event", "time_notification = now(), date_notification = current_date", "no-op"),
    _update("plan_task", "done = NOT done"),
    _update("plan_task", f"parent_id = {_one('plan_task')}", "parent"),
    _update("plan_task", "parent_id = NULL", "parent"),
    _update("plan_task", f"parent_id = NULL, plan_project_id = {_one('plan_project')}", "parent"),
    _update("plan_project", f"parent_id = {_one('plan_project')}", "parent", "1"),
    _update("plan_project", "parent_id = NULL", "parent"),
    _update("notes_page", f"parent_id = {_one('notes_page')}", "parent", "1"),
    _update("notes_page", "deleted = CASE WHEN deleted IS NULL THEN now() END"),
    _update("shop_item", f"shop_list_id = {_one('shop_list')}", "parent"),
    _update("shop_item", "in_cart = NOT in_cart, shop_list_id = NULL", "parent"),
)
#: What only households have.
SHARED: tuple[Write, ...] = (
    _create("shop_category", name=_NAME),
    _update("shop_category", _NEW_NAME),
    _delete("shop_category"),
    _update("shop_item", f"shop_category_id = {_one('shop_category')}"),
    _update(
        "plan_task",
        "auth_account_id = (SELECT m.auth_account_id FROM auth_account_auth_household m"
        " WHERE m.auth_household_id = %(household)s::uuid ORDER BY md5(m.id::text || %(word)s) LIMIT 1)",
    ),
)
#: What is nobody's.
TEMPLATES: tuple[Write, ...] = (
    _create("plan_task", name=_NAME, position="''", template="true"),
    _update("plan_task", _NEW_NAME),
    _delete("plan_task"),
)
#: One statement for objects of many owners.
EVERYWHERE: tuple[Write, ...] = tuple(
    Write(
        "update",
        f"""UPDATE {table} SET {_NEW_NAME} WHERE id IN (
            SELECT id FROM {table} WHERE owner_id <> '{EVERYBODY}' ORDER BY md5(id::text || %(word)s) LIMIT 8)""",
    )
    for table in _NAMED
)
