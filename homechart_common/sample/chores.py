"""What has to be done, and what was done."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from homechart_common.sample.book import Book

#: How often something has to be done once, and how long before that somebody notices, in days.
_ONCE_EVERY, _AHEAD = 1.5, 12
#: One in so many has smaller tasks below it; one in so many is somebody's own.
_WITH_SUBTASKS, _PERSONAL = 8, 6


def do(book: Book) -> None:
    """Make up projects, and tasks in them."""
    content = book.content["chores"]
    projects: dict[str, str | None] = {"": None}
    for project in content["projects"]:
        _add_project(book, projects, project, None)
    for task in content["recurring"]:
        _add_recurring(book, task, projects)
    names = sorted(content["once"])
    for day in book.every(_ONCE_EVERY):
        name = book.random.choice(names)
        text = book.random.choice(content["once"][name])
        _add_once(book, day, filled(book, text), projects[name])


def _add_project(
    book: Book, projects: dict[str, str | None], project: dict[str, Any], above: str | None
) -> None:
    members = {name: value for name, value in project.items() if name != "inside"}
    made = book.add("PlanProject", parentID=above, position=book.position(above or "projects"), **members)
    projects[project["name"]] = made
    for inside in project.get("inside", ()):
        _add_project(book, projects, inside, made)


def _add_recurring(book: Book, task: dict[str, Any], projects: dict[str, str | None]) -> None:
    people = [book.people[name] for name in task["people"]]
    rule = {name: task[name] for name in ("separation", "weekdays", "day", "month") if name in task}
    soon = book.plan.until + timedelta(days=book.random.randint(0, 6))
    project = projects[task.get("project", "")]
    book.add(
        "PlanTask", name=task["name"], planProjectID=project, position=book.position(project or "household"),
        recurrence={"separation": 1, **rule}, dueDate=f"{soon}T16:00:00Z", notify=True, notified=soon < book.plan.until,
        assignees=people, authAccountID=people[0], authHouseholdID=book.household, lastDoneBy=people[-1],
        lastDoneDate=(soon - timedelta(days=7)).isoformat(),
    )  # fmt: skip


def _add_once(book: Book, noticed: date, name: str, project: str | None) -> None:
    due = noticed + timedelta(days=book.random.randint(1, _AHEAD))
    done = due < book.plan.until and book.random.random() < 0.95
    members: dict[str, Any] = {
        "done": done,
        "dueDate": f"{due}T15:00:00Z",
        "notify": True,
        "notified": due < book.plan.until,
        "duration": book.random.choice([10, 15, 30, 60]),
    }
    if done:
        members["updated"] = book.moment(due)
    if project is None and not book.random.randrange(_PERSONAL):
        members["authAccountID"] = above = book.people[book.random.choice(book.adults)]
    else:
        above = project or "household"
    owner = {"authAccountID": members["authAccountID"]} if "authAccountID" in members else {}
    moment = book.moment(noticed)
    task = book.add(
        "PlanTask", moment=moment, name=name, planProjectID=project, position=book.position(above), **members
    )
    if not book.random.randrange(_WITH_SUBTASKS):
        for text in book.random.sample(book.content["chores"]["subtasks"], 2):
            book.add(
                "PlanTask", moment=moment, name=text, parentID=task, planProjectID=project,
                position=book.position(task), done=done, **owner,
            )  # fmt: skip


def filled(book: Book, text: str) -> str:
    """A text with words for what stands in braces."""
    words = book.content["chores"]["words"]
    return text.format_map({name: book.random.choice(choices) for name, choices in sorted(words.items())})
