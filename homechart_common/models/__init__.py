"""The declared objects. Importing this package declares all of them, in the order of documents."""

from homechart_common.models.auth_account import AuthAccount
from homechart_common.models.auth_household import AuthAccountAuthHousehold, AuthHousehold
from homechart_common.models.auth_passkey import AuthPasskey
from homechart_common.models.auth_session import AuthSession
from homechart_common.models.bookmark import Bookmark
from homechart_common.models.budget_account import BudgetAccount
from homechart_common.models.budget_category import BudgetCategory
from homechart_common.models.budget_month import BudgetMonth
from homechart_common.models.budget_month_category import BudgetMonthCategory
from homechart_common.models.budget_payee import BudgetPayee
from homechart_common.models.budget_recurrence import BudgetRecurrence
from homechart_common.models.budget_transaction import BudgetTransaction
from homechart_common.models.calendar_event import CalendarEvent
from homechart_common.models.calendar_icalendar import CalendarICalendar
from homechart_common.models.change import Change
from homechart_common.models.cook_meal_plan import CookMealPlan
from homechart_common.models.cook_meal_time import CookMealTime
from homechart_common.models.cook_recipe import CookRecipe
from homechart_common.models.health_item import HealthItem
from homechart_common.models.health_log import HealthLog
from homechart_common.models.inventory_collection import InventoryCollection
from homechart_common.models.inventory_item import InventoryItem
from homechart_common.models.model import registry
from homechart_common.models.notes_page import NotesPage
from homechart_common.models.notes_page_version import NotesPageVersion
from homechart_common.models.notification import Notification
from homechart_common.models.plan_project import PlanProject
from homechart_common.models.plan_task import PlanTask
from homechart_common.models.reward_card import RewardCard
from homechart_common.models.secrets_value import SecretsValue
from homechart_common.models.secrets_vault import SecretsVault
from homechart_common.models.shop_category import ShopCategory
from homechart_common.models.shop_item import ShopItem
from homechart_common.models.shop_list import ShopList

__all__ = [
    "AuthAccount",
    "AuthAccountAuthHousehold",
    "AuthHousehold",
    "AuthPasskey",
    "AuthSession",
    "Bookmark",
    "BudgetAccount",
    "BudgetCategory",
    "BudgetMonth",
    "BudgetMonthCategory",
    "BudgetPayee",
    "BudgetRecurrence",
    "BudgetTransaction",
    "CalendarEvent",
    "CalendarICalendar",
    "Change",
    "CookMealPlan",
    "CookMealTime",
    "CookRecipe",
    "HealthItem",
    "HealthLog",
    "InventoryCollection",
    "InventoryItem",
    "NotesPage",
    "NotesPageVersion",
    "Notification",
    "PlanProject",
    "PlanTask",
    "RewardCard",
    "SecretsValue",
    "SecretsVault",
    "ShopCategory",
    "ShopItem",
    "ShopList",
    "registry",
]
