"""What a household cooks and buys for it."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import count

from homechart_common.sample.book import Book

#: How many recipes somebody writes down in a year, and how many days ahead is planned.
_RECIPES, _AHEAD = 60, 6
#: One in so many meals has no recipe.
_WITHOUT_RECIPE = 5


def cook(book: Book) -> None:
    """Make up recipes, what was and will be eaten, and what to buy for that."""
    recipes = _recipes(book)
    times = {row["name"]: row for row in book.rows("CookMealTime")}
    days = [*book.plan.days(), *(book.plan.until + timedelta(days=n) for n in range(_AHEAD))]
    meals = ["Dinner", "Lunch"] if book.plan.activity > 1 else ["Dinner"]
    for day in days:
        for meal in meals:
            _plan(book, day, times[meal], [recipe for noticed, recipe in recipes if noticed < day])
    _shop(book, recipes[-1][1])


def _recipes(book: Book) -> list[tuple[date, str]]:
    """Recipes, each with the day on which it was written down."""
    dishes = book.content["kitchen"]["dishes"]
    names = [f"{first} {second}" for second in dishes["second"] for first in dishes["first"]]
    book.random.shuffle(names)
    days = list(book.plan.days())
    made = []
    for number in range(_RECIPES * book.plan.years * book.plan.activity):
        round_, place = divmod(number, len(names))
        name = names[place] + (f" ({round_ + 1})" if round_ else "")
        # most were there from the beginning
        day = days[0] if number % 3 else book.random.choice(days)
        made.append((day, _write_down(book, day, name)))
    return sorted(made)


def _write_down(book: Book, day: date, name: str) -> str:
    content, chosen = book.content["kitchen"], book.random
    notes = [
        {
            "date": (day + timedelta(days=days)).isoformat(),
            "note": chosen.choice(content["notes"]),
            "rating": chosen.randint(3, 5),
            "complexity": chosen.randint(1, 4),
        }
        for days in range(chosen.randint(1, 2))
    ]
    return book.add(
        "CookRecipe", day, name=name, notes=notes, servings="4", tags=chosen.sample(content["tags"], 2),
        ingredients="\n".join(chosen.sample(content["ingredients"], 7)),
        directions="\n".join(chosen.sample(content["steps"], 4)),
        timePrep=chosen.choice([10, 15, 20, 30]), timeCook=chosen.choice([0, 20, 35, 60]),
    )  # fmt: skip


def _plan(book: Book, day: date, meal: dict[str, str], recipes: list[str]) -> None:
    made = min(day, book.plan.until) - timedelta(days=1)
    members = {"cookMealTimeID": meal["id"], "date": day.isoformat(), "time": meal["time"]}
    cook = book.people[book.random.choice(book.adults)]
    if recipes and book.random.randrange(_WITHOUT_RECIPE):
        members |= {"cookRecipeID": book.random.choice(recipes), "cookRecipeScale": "1"}
    else:
        members |= {"customRecipe": book.random.choice(book.content["kitchen"]["without_recipe"])}
    book.add(
        "CookMealPlan",
        max(made, book.plan.first),
        authAccountID=cook,
        authHouseholdID=book.household,
        **members,
    )


def _shop(book: Book, recipe: str) -> None:
    """What is on the lists now."""
    content = book.content["shopping"]
    yesterday = book.plan.until - timedelta(days=1)
    categories = [row["id"] for row in book.rows("ShopCategory")]
    stores = [row["id"] for row in book.rows("BudgetPayee") if row.get("shopStore")]
    lists = [row["id"] for row in book.rows("ShopList")]
    lists += [book.add("ShopList", **members) for members in content["lists"]]
    number = count()
    for list_, names in zip(lists, (content["items"], content["hardware"]), strict=False):
        for name in names:
            book.add(
                "ShopItem", yesterday, name=name, shopListID=list_, position=book.position(list_),
                shopCategoryID=book.random.choice(categories), budgetPayeeID=stores[next(number) % len(stores)],
                inCart=not book.random.randrange(4), price=book.random.randint(49, 899),
                cookRecipeID=recipe if name == "Tomatoes" else None,
            )  # fmt: skip
    for item in content["recurring"]:
        book.add(
            "ShopItem", yesterday, name=item["name"], shopListID=lists[0], position=book.position(lists[0]),
            recurrence={"separation": item["days"]}, nextDate=(book.plan.until + timedelta(days=3)).isoformat(),
        )  # fmt: skip
