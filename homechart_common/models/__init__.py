"""The declared objects. Importing this package declares all of them, in the order of documents."""

from homechart_common.models.auth_account import AuthAccount
from homechart_common.models.auth_household import AuthAccountAuthHousehold, AuthHousehold
from homechart_common.models.auth_session import AuthSession
from homechart_common.models.bookmark import Bookmark
from homechart_common.models.change import Change
from homechart_common.models.cook_meal_plan import CookMealPlan
from homechart_common.models.cook_meal_time import CookMealTime
from homechart_common.models.cook_recipe import CookRecipe
from homechart_common.models.model import registry
from homechart_common.models.notes_page import NotesPage
from homechart_common.models.notes_page_version import NotesPageVersion
from homechart_common.models.plan_project import PlanProject
from homechart_common.models.plan_task import PlanTask
from homechart_common.models.shop_category import ShopCategory
from homechart_common.models.shop_item import ShopItem
from homechart_common.models.shop_list import ShopList

__all__ = [
    "AuthAccount",
    "AuthAccountAuthHousehold",
    "AuthHousehold",
    "AuthSession",
    "Bookmark",
    "Change",
    "CookMealPlan",
    "CookMealTime",
    "CookRecipe",
    "NotesPage",
    "NotesPageVersion",
    "PlanProject",
    "PlanTask",
    "ShopCategory",
    "ShopItem",
    "ShopList",
    "registry",
]
