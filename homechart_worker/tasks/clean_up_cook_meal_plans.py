"""Meals of long ago."""

from __future__ import annotations

from homechart_worker.clean_up import AT_NIGHT, DAILY, TIMEOUT, delete
from homechart_worker.task import Context, task


@task(every=DAILY, after=AT_NIGHT, timeout=TIMEOUT)
async def clean_up_cook_meal_plans(context: Context) -> int:
    """Remove meal plans for days more than `app.keepCookMealPlanDays` ago."""
    return await delete(context, "cook_meal_plans", days=context.config.app.keep_cook_meal_plan_days)
