"""Versions of a page's text."""

from __future__ import annotations

from homechart_common.ids import NIL_UUID
from homechart_common.models.fields import UUID, Reference, Text, Written
from homechart_common.models.model import Model, Owner, Row
from homechart_common.models.permissions import Actor, Component


class NotesPageVersion(Model):
    """The text of a page at one time, in Markdown. Saving makes a new version; versions never change."""

    table, path, component = "notes_page_version", "/notes/page-versions", Component.NOTES
    owner = Owner.PARENT
    routes = ("list", "create", "read", "delete")
    order = "updated"

    created = None
    notes_page_id = Reference("notes_page", inherits=True, write="C", required=True)
    body = Text(max=10_000, long=True, write="C")
    created_by = UUID(write="C")
    updated = Written()

    @classmethod
    def fill_in(cls, actor: Actor, row: Row) -> None:
        """Who does not say who wrote it, wrote it (contract B2 §5)."""
        if row.get("created_by") in (None, NIL_UUID):
            row["created_by"] = actor.account_id
