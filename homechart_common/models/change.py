"""The change log that people read."""

from __future__ import annotations

import orjson

from homechart_common.models.fields import UUID, Int, Text
from homechart_common.models.model import Model, Owner, registry
from homechart_common.models.permissions import Actor, Component, Level


class Change(Model):
    """What a member did to one of the household's objects. The newest 50 of a household are kept."""

    table, path, component = "change", "/changes", Component.AUTH
    owner = Owner.HOUSEHOLD
    routes = ("list", "read")
    restriction = "(%(viewer)s::jsonb -> t.owner_id::text) ? t.table_name"

    auth_account_id = UUID(write="", description="Who did it")
    auth_household_id = UUID(write="")
    name = Text(write="", description="What the object was called then")
    table_name = Text(write="")
    operation = Int(write="", min=0, max=2, description="0 create, 1 delete, 2 update")

    archived = {
        "auth_account_id": auth_account_id,
        "auth_household_id": auth_household_id,
        "name": name,
        "table_name": table_name,
        "operation": operation,
    }

    @classmethod
    def viewer(cls, actor: Actor) -> str:
        """By household, the tables whose objects the actor may view there (contract B1 §9)."""
        return orjson.dumps(
            {
                household: [m.table for m in registry if m.label and granted.allows(m.component, Level.VIEW)]
                for household, granted in actor.households.items()
            }
        ).decode()
