"""Pages of notes."""

from __future__ import annotations

from homechart_common.models.fields import Colour, Reference, ShortID, Tags, Text, Timestamp
from homechart_common.models.model import Model, Owner, Row
from homechart_common.models.permissions import Actor, Component


class NotesPage(Model):
    """A page in a tree of pages. Its text is in its versions; ``deleted`` puts it in the bin."""

    table, path, component = "notes_page", "/notes/pages", Component.NOTES
    owner = Owner.ACCOUNT_OR_HOUSEHOLD
    label = "name"
    constraints = {"notes_page_name": "name: another page beside this one has it"}

    short_id = ShortID()
    name = Text(min=1, max=1000)
    parent_id = Reference("notes_page", inherits=True)
    color = Colour()
    icon = Text(max=100)
    tags = Tags()
    deleted = Timestamp(write="U")

    @classmethod
    def resolve(cls, actor: Actor, row: Row) -> None:
        """A body may name both owners; the page is then the household's, like every row that names one."""
        if row.get("auth_household_id"):
            row["auth_account_id"] = None
