"""Meals that are planned."""

from __future__ import annotations

from homechart_common.models.fields import UUID, Date, Derived, Reference, Text, Time, Timestamp
from homechart_common.models.model import Model, Owner, Row
from homechart_common.models.permissions import Actor, Component


class CookMealPlan(Model):
    """What the household will eat on a day: one of its recipes, or something that it has no recipe for."""

    table, path, component = "cook_meal_plan", "/cook/meal-plans", Component.COOK
    owner = Owner.HOUSEHOLD
    label = "dish"
    constraints = {"cook_meal_plan_dish": "cookRecipeID, customRecipe: exactly one of them must be given"}

    auth_account_id = UUID(description="Who cooks")
    cook_meal_time_id = Reference("cook_meal_time", required=True)
    cook_recipe_id = Reference("cook_recipe")
    cook_recipe_scale = Text(max=50, description="How much of it, such as 2, 1/2 or 1.5")
    custom_recipe = Text(max=500)
    date = Date(required=True)
    time = Time()
    notification_time_cook = Timestamp(description="When to remind of cooking; null when that was done")
    notification_time_prep = Timestamp(description="When to remind of preparing; null when that was done")
    dish = Derived(
        "coalesce((SELECT r.name FROM cook_recipe r WHERE r.id = {row}.cook_recipe_id), {row}.custom_recipe)",
        {"type": "string"},
        wire=False,
    )

    @classmethod
    def fill_in(cls, actor: Actor, row: Row) -> None:
        """Of a recipe that is planned without saying how much, it is once (contract B2 §2.5)."""
        if row["cook_recipe_id"]:
            row["cook_recipe_scale"] = row["cook_recipe_scale"] or "1"
