"""Categories of shopping."""

from homechart_common.models.fields import Reference, Text
from homechart_common.models.model import Model, Owner
from homechart_common.models.permissions import Component


class ShopCategory(Model):
    """A part of the shop, with a pattern by which clients recognise what belongs there."""

    table, path, component = "shop_category", "/shop/categories", Component.SHOP
    owner = Owner.HOUSEHOLD
    label = "name"
    plural = "ShopCategories"

    name = Text(min=1, max=500)
    match = Text(
        max=5000, long=True, description="A regular expression that clients match item names against"
    )
    budget_payee_id = Reference("budget_payee")
