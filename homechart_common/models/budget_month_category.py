"""What categories get in a month."""

from homechart_common.models.budget_category import BudgetCategory
from homechart_common.models.fields import Derived, Money, Reference, YearMonth
from homechart_common.models.model import Model, Owner
from homechart_common.models.permissions import Component
from homechart_common.models.rendering import row_json

_OF_CATEGORY = frozenset(
    {
        "auth_household_id",
        "income",
        "grouping",
        "name",
        "short_id",
        "target_amount",
        "target_month",
        "target_year",
    }
)


class BudgetMonthCategory(Model):
    """What a category gets in a month, and what came in and went out. A category of income gets nothing."""

    table, path, component = "budget_month_category", "/budget/month-categories", Component.BUDGET
    owner = Owner.HOUSEHOLD
    routes = ()
    plural = "BudgetMonthCategories"

    id = None
    budget_category_id = Reference("budget_category", required=True)
    year_month = YearMonth(required=True)
    amount = Money(description="What it gets")
    budget_transaction_amount = Money(write="", description="What came in and went out")
    balance = Derived(
        "budget_balance({row}.auth_household_id, {row}.budget_category_id, {row}.year_month)",
        {"type": "integer"},
        description="What is left at the end of the month",
    )
    budget_category = Derived(
        f"(SELECT {row_json(BudgetCategory, 'c', _OF_CATEGORY)}::json FROM budget_category c"
        " WHERE c.id = {row}.budget_category_id)",
        BudgetCategory.schema(),
        description="Some of the category's members",
    )
    updated = None
