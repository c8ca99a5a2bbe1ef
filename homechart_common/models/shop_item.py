"""Things to buy."""

from homechart_common.models.fields import Bool, Date, Money, Position, Recurrence, Reference, Text
from homechart_common.models.model import Model, Owner
from homechart_common.models.permissions import Component


class ShopItem(Model):
    """A thing to buy. On a list it belongs to whom the list belongs to; a household's uses its categories."""

    table, path, component = "shop_item", "/shop/items", Component.SHOP
    owner = Owner.ACCOUNT_OR_HOUSEHOLD
    label = "name"
    constraints = {
        "shop_item_cook_meal_plan_id_fkey1": "cookMealPlanID: must be a meal plan of the household",
        "shop_item_cook_recipe_id_fkey1": "cookRecipeID: must be a recipe of the household",
        "shop_item_shop_category_id_fkey1": "shopCategoryID: must be a category of the household",
    }

    name = Text(min=1, max=500)
    budget_category_id = Reference("budget_category", write="", description="Reserved, always null")
    budget_payee_id = Reference("budget_payee")
    cook_meal_plan_id = Reference("cook_meal_plan")
    cook_recipe_id = Reference("cook_recipe", write="C")
    plan_project_id = Reference("plan_project")
    shop_category_id = Reference("shop_category")
    shop_list_id = Reference("shop_list", inherits=True)
    in_cart = Bool(write="U")
    next_date = Date()
    recurrence = Recurrence()
    position = Position(placed=False)
    price = Money(min=0, description="In the smallest unit of the household's currency")
