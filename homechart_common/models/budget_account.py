"""Accounts where money is."""

from homechart_common import clock
from homechart_common.models.fields import Bool, Date, Money, ShortID, Text
from homechart_common.models.model import Model, Owner, Row
from homechart_common.models.permissions import Actor, Component
from homechart_common.models.starter import texts


class BudgetAccount(Model):
    """Where money is: a bank account, a card, a purse. A transaction to say its opening balance in comes with it."""

    table, path, component = "budget_account", "/budget/accounts", Component.BUDGET
    owner = Owner.HOUSEHOLD
    label = "name"

    short_id = ShortID()
    name = Text(min=1, max=500)
    icon = Text(max=100)
    budget = Bool(description="Whether what is on it can be given to categories")
    hidden = Bool()
    budget_transaction_amount = Money(write="", description="The sum of its transactions")
    budget_transaction_amount_cleared = Money(write="", description="Of those that are cleared or reconciled")
    budget_transaction_amount_reconciled = Money(write="", description="Of those that are reconciled")
    opening_name = Text(write="", made=True, wire=False)
    opening_date = Date(write="", made=True, wire=False)

    @classmethod
    def resolve(cls, actor: Actor, row: Row) -> None:
        """It is opened today, in the words of who opens it (contract B1 §6.1)."""
        row["opening_name"] = texts.word(actor.language, "opening balance")
        row["opening_date"] = clock.today(actor.time_zone).isoformat()
