"""Who is paid, and who pays."""

from homechart_common.models.fields import Bool, Money, Reference, ShortID, Text
from homechart_common.models.model import Model, Owner
from homechart_common.models.permissions import Component


class BudgetPayee(Model):
    """Who is paid, or pays. A household has one of each name."""

    table, path, component = "budget_payee", "/budget/payees", Component.BUDGET
    owner = Owner.HOUSEHOLD
    label, named_once = "name", True

    short_id = ShortID()
    name = Text(min=1, max=500)
    address = Text(max=500)
    icon = Text(max=100)
    budget_category_id = Reference(
        "budget_category", description="What it is usually for; filled in by the first transaction"
    )
    shop_store = Bool(description="Whether it is a shop to go shopping in")
    budget_transaction_amount = Money(write="", description="The sum of its transactions")
