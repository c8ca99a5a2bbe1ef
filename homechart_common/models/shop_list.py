"""Shopping lists."""

from homechart_common.models.fields import Int, Reference, ShortID, Text
from homechart_common.models.model import Model, Owner
from homechart_common.models.permissions import Component


class ShopList(Model):
    """A list to shop from; its items belong to whom it belongs to."""

    table, path, component = "shop_list", "/shop/lists", Component.SHOP
    owner = Owner.ACCOUNT_OR_HOUSEHOLD
    label = "name"

    short_id = ShortID()
    name = Text(min=1, max=500)
    budget_category_id = Reference("budget_category")
    icon = Text(max=1000)
    shop_item_count = Int(write="")
