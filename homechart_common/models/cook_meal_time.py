"""Times of meals."""

from homechart_common.models.fields import Text, Time
from homechart_common.models.model import Model, Owner
from homechart_common.models.permissions import Component


class CookMealTime(Model):
    """A time of the day that the household eats at. What was planned for it goes with it."""

    table, path, component = "cook_meal_time", "/cook/meal-times", Component.COOK
    owner = Owner.HOUSEHOLD
    label = "name"

    name = Text(min=1, max=500)
    time = Time()
