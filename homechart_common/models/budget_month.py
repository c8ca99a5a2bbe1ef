"""Months of the budget."""

from homechart_common.models.budget_month_category import BudgetMonthCategory
from homechart_common.models.fields import Derived, Int, Money
from homechart_common.models.model import Model, Owner
from homechart_common.models.permissions import Component
from homechart_common.models.rendering import row_json


class BudgetMonth(Model):
    """What a household has and plans in a month, told by the last month until then in which anything happened."""

    table, path, component = "budget_month", "/budget/months", Component.BUDGET
    owner = Owner.HOUSEHOLD
    routes = ()
    order = "year_month"
    archived = None

    id = None
    created = None
    updated = None
    year_month = Int(write="", description="The month that the figures are of; 0 when there is none yet")
    budget_month_category_amount = Money(write="", description="What all categories get")
    budget_transaction_amount_income = Money(write="", description="What came in")
    budget_transaction_amount_income_remaining = Derived(
        "budget_income_remaining({row}.auth_household_id, {row}.year_month)",
        {"type": "integer"},
        description="All that came in until then, without what categories got",
    )
    budget_month_categories = Derived(
        f"(SELECT json_agg({row_json(BudgetMonthCategory, 'm')}::json ORDER BY m.created, m.budget_category_id)"
        " FROM budget_month_categories_at({row}.auth_household_id, {row}.year_month) m)",
        {"type": "array", "items": BudgetMonthCategory.schema()},
        description="One for each category of the household",
    )
