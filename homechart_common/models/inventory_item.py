"""Things."""

from homechart_common.models.fields import Date, Image, Int, Map, ShortID, Text
from homechart_common.models.model import Model, Owner
from homechart_common.models.permissions import Component


class InventoryItem(Model):
    """Something that a household has, and how much of it."""

    table, path, component = "inventory_item", "/inventory/items", Component.INVENTORY
    owner = Owner.HOUSEHOLD
    label = "name"

    short_id = ShortID()
    name = Text(min=1, max=500)
    image = Image(max=50_000)
    upc = Text(max=20, description="The number of the bar code")
    quantity = Int(min=0)
    last_purchased = Date(write="", required=True, description="When the quantity grew last")
    properties = Map(Text(), description="What else there is to say, such as where it is kept")

    archived = {"last_purchased": last_purchased}
