"""Tasks."""

from __future__ import annotations

from homechart_common.models.fields import (
    UUID,
    Bool,
    Colour,
    Date,
    Int,
    Position,
    Recurrence,
    Reference,
    ShortID,
    Strings,
    Tags,
    Text,
    Timestamp,
)
from homechart_common.models.model import Model, Owner, Row
from homechart_common.models.permissions import EVERYBODY, Actor, Component, Level


class PlanTask(Model):
    """Something to do: one's own, or a household's and then perhaps assigned to one of its members.

    What is below another task is in its project and belongs to whom it belongs to. A task without any owner
    is a template for everybody, kept by administrators (contract B2 §7.2, §7.3).
    """

    table, path, component = "plan_task", "/plan/tasks", Component.PLAN
    owner = Owner.ASSIGNABLE
    label = "name"
    constraints = {
        "plan_task_auth_account_id_fkey": "authAccountID: must be a member of the household",
        "plan_task_auth_account_id_fkey1": "authAccountID: must be a member of the household",
        "plan_task_template": "planProjectID: a template is in no project",
    }

    auth_account_id = UUID(
        description="The owner of a personal task; of a household's task, whom it is assigned to"
    )
    short_id = ShortID()
    name = Text(min=1, max=1000)
    parent_id = Reference("plan_task", inherits=True)
    plan_project_id = Reference("plan_project", inherits=True)
    inventory_item_id = Reference("inventory_item")
    assignees = Strings(description="Accounts that take turns; only for a household's task")
    color = Colour()
    details = Text()
    due_date = Timestamp()
    date_end = Date(description="The last day of the recurrence")
    duration = Int(min=0, max=32767, description="Minutes")
    done = Bool()
    last_done_by = UUID(write="U")
    last_done_date = Date(write="U")
    notify = Bool()
    recur_on_done = Bool()
    recurrence = Recurrence()
    position = Position()
    tags = Tags()
    template = Bool()

    #: Nobody is reminded again of what they were reminded of.
    archived = {"notified": Bool()}

    @classmethod
    def owners(cls, actor: Actor, needed: Level) -> tuple[str, ...]:
        """Templates for everybody are seen by everybody and kept by administrators."""
        owners = super().owners(actor, needed)
        if owners and (needed is Level.VIEW or actor.admin):
            return (*owners, EVERYBODY)
        return owners

    @classmethod
    def is_for_everybody(cls, actor: Actor, row: Row) -> bool:
        """A template that an administrator makes without an owner."""
        return actor.admin and bool(row.get("template"))

    @classmethod
    def resolve(cls, actor: Actor, row: Row) -> None:
        """A template is in no project."""
        if row.get("template"):
            row["plan_project_id"] = None
