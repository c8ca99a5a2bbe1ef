"""What is in a home: things, notes, bookmarks, and cards on the fridge."""

from __future__ import annotations

from typing import Any

from homechart_common.sample.book import Book


def furnish(book: Book) -> None:
    """Make all of it up. There are no secrets: only clients can make some that somebody can read."""
    for thing in book.content["things"]:
        _place(book, thing)
    for page in book.content["notes"]["pages"]:
        _write(book, page, None)
    _keep_diary(book)
    for bookmark in book.content["bookmarks"]:
        book.add("Bookmark", **bookmark)
    for card in book.content["rewards"]:
        book.add(
            "RewardCard", name=card["name"], details=card.get("details", ""), reward=card["reward"],
            invert=card.get("invert", False), stampGoal=card["goal"], stampCount=card["count"],
            recipients=[book.people[card["to"]]], senders=[book.people[name] for name in card["from"]],
        )  # fmt: skip


def _place(book: Book, thing: dict[str, Any]) -> None:
    days = list(book.plan.days())
    bought = book.random.choice(days[-60:])
    book.add(
        "InventoryItem", bought, name=thing["name"], quantity=thing["quantity"], lastPurchased=bought.isoformat(),
        properties={"Location": thing["place"], **thing.get("properties", {})},
    )  # fmt: skip


def _write(book: Book, page: dict[str, Any], above: str | None) -> None:
    made = book.add("NotesPage", name=page["name"], icon=page["icon"], parentID=above)
    author = book.people[book.random.choice(book.adults)]
    book.add("NotesPageVersion", notesPageID=made, body=page["text"], createdBy=author)
    for inside in page.get("inside", ()):
        _write(book, inside, made)


def _keep_diary(book: Book) -> None:
    """A page of somebody's own for each month."""
    content, author = book.content["notes"], book.people[book.adults[0]]
    diary = book.add("NotesPage", name="Diary", icon="auto_stories", authAccountID=author)
    for day in (day for day in book.plan.days() if day.day == 1):
        month = f"{day:%B %Y}"
        page = book.add("NotesPage", day, name=month, parentID=diary, authAccountID=author)
        text = content["diary"].format(month=month, good=book.random.choice(content["good"]))
        book.add("NotesPageVersion", day, notesPageID=page, body=text, createdBy=author)
