"""Projects."""

from homechart_common.models.fields import Colour, Int, Position, Reference, ShortID, Tags, Text
from homechart_common.models.model import Model, Owner
from homechart_common.models.permissions import Component


class PlanProject(Model):
    """A tree of projects; a project in another belongs to whom that one belongs to."""

    table, path, component = "plan_project", "/plan/projects", Component.PLAN
    owner = Owner.ACCOUNT_OR_HOUSEHOLD
    label = "name"

    short_id = ShortID()
    name = Text(min=1, max=500)
    parent_id = Reference("plan_project", inherits=True)
    budget_category_id = Reference("budget_category")
    color = Colour()
    icon = Text(max=100)
    tags = Tags()
    position = Position()
    plan_task_count = Int(write="", description="Tasks in the project that are not done")
    shop_item_count = Int(write="")
