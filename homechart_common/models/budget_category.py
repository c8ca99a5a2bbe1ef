"""What money is for."""

from homechart_common.models.fields import Bool, Int, Money, ShortID, Text
from homechart_common.models.model import Model, Owner
from homechart_common.models.permissions import Component


class BudgetCategory(Model):
    """What money is for, or where it comes from. A household has one of each name; without a grouping it is hidden."""

    table, path, component = "budget_category", "/budget/categories", Component.BUDGET
    owner = Owner.HOUSEHOLD
    label, named_once = "name", True
    plural = "BudgetCategories"
    constraints = {"budget_category_income": "income: a category of income has no target"}

    short_id = ShortID()
    name = Text(min=1, max=500)
    grouping = Text(max=500)
    income = Bool()
    target_amount = Money(description="What it shall have: every month, or until a month and year")
    target_month = Int(min=0, max=12, description="0 for none")
    target_year = Int(description="0 for none")
    budget_month_category_amount = Money(write="", description="What it got in all months")
    budget_transaction_amount = Money(write="", description="What came in and went out in all months")
