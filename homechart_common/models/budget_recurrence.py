"""Transactions that come again and again."""

from __future__ import annotations

from typing import Any

from homechart_common.errors import InvalidInput
from homechart_common.ids import NIL_UUID
from homechart_common.models.budget_transaction import BudgetTransaction, refuse_imbalance
from homechart_common.models.fields import ZERO_TIME, Invalid, Object, Recurrence, Reference
from homechart_common.models.model import Model, Owner, Row
from homechart_common.models.permissions import Component


class Template(Object):
    """A transaction as it will be posted, with all its members; it adds up like one that is (contract B1 §6.9)."""

    def __init__(self, **options: Any) -> None:
        super().__init__(BudgetTransaction.fields, **options)

    def read(self, value: Any) -> Row:
        template = super().read(value)
        said = {column: template[member.json] for column, member in self.members.items()}
        try:
            refuse_imbalance(said)
        except InvalidInput as error:
            raise Invalid(error.message) from None
        never_null = {"id": template["id"] or NIL_UUID, "created": ZERO_TIME}
        entries = {name: template[name] or None for name in ("accounts", "categories")}
        return {**template, **never_null, **entries}


class BudgetRecurrence(Model):
    """A transaction that comes again. Clients post the template when it is due, and put the next date into it."""

    table, path, component = "budget_recurrence", "/budget/recurrences", Component.BUDGET
    owner = Owner.HOUSEHOLD

    budget_account_id = Reference("budget_account", required=True)
    recurrence = Recurrence(required=True)
    template = Template(required=True)
