"""Bookmarks."""

from homechart_common.models.fields import Bool, Derived, ShortID, Tags, Text
from homechart_common.models.model import Model, Owner
from homechart_common.models.permissions import Component


class Bookmark(Model):
    """A link that an account or a household keeps at hand."""

    table, path, component = "bookmark", "/bookmarks", Component.AUTH
    owner = Owner.ACCOUNT_OR_HOUSEHOLD
    label = "name"
    constraints = {"bookmark_icon_link_check1": "iconName and iconLink cannot both be set"}

    short_id = ShortID()
    name = Text(min=1, max=500)
    link = Text(min=1, max=200)
    icon_name = Text(max=100)
    icon_link = Text(max=200)
    home = Bool(description="Shown on the home screen")
    new_window = Bool()
    tags = Tags()
    updated_by = Derived("NULL::uuid", {"type": "null"}, description="Reserved, always null")
