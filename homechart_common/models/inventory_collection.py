"""Views of the inventory."""

from homechart_common.models.fields import Bool, Map, Object, ShortID, Text
from homechart_common.models.model import Model, Owner
from homechart_common.models.permissions import Component


class InventoryCollection(Model):
    """A saved view of a household's things: which of them, with which columns, in which order."""

    table, path, component = "inventory_collection", "/inventory/collections", Component.INVENTORY
    owner = Owner.HOUSEHOLD
    label = "name"

    short_id = ShortID()
    name = Text(max=500)
    grouping = Text(min=1, max=1000, description="The heading in menus that it stands below")
    icon = Text(max=100)
    columns = Map(
        Text(), description="Members of things, or properties.<Name>, each with a pattern to match or empty"
    )
    sort = Object({"invert": Bool(), "property": Text()})
