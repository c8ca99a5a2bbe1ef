"""What administrators send to people: at once, or queued (contract B2 §6.1)."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest

from homechart_common import clock
from homechart_common.ids import NIL_UUID
from homechart_common.postgresql.database import Database
from tests.visitors import Letters, SignUp, Visitor, new_address

PATH = "/notifications"
LATER = "2999-09-09T08:00:00.000000Z"
#: What answers have, exactly (contract, catalogue of objects).
MEMBERS = """
    actions attempt authAccountID bodySMTP bodyWebPush created id iso639Code newsletter sendAfter subjectSMTP
    subjectWebPush toSMTP toWebPush
"""


def message(**members: Any) -> dict[str, Any]:
    return {
        "bodySMTP": "The server moves on **Sunday**.",
        "subjectSMTP": "Maintenance",
        "toSMTP": new_address(),
        "sendAfter": LATER,
        **members,
    }


async def queued(admin: Visitor) -> dict[str, dict[str, Any]]:
    """Every message that waits, by id."""
    answer = await admin.get(PATH)
    assert answer.body is not None
    assert answer.body["dataType"] == "Notifications"
    assert answer.body["dataTotal"] == len(answer.values)
    return {value["id"]: value for value in answer.values}


async def test_a_message_for_later_is_queued(admin: Visitor) -> None:
    sent = message(authAccountID=admin.account, newsletter=True)
    made = (await admin.post(PATH, {"id": None, "created": None, **sent})).value
    assert made.keys() == set(MEMBERS.split())
    assert made == {
        **sent,
        "id": made["id"],
        "created": made["created"],
        "actions": {"default": "", "target": "", "targetType": "", "types": None},
        "attempt": 0,
        "bodyWebPush": "",
        "iso639Code": "",
        "subjectWebPush": "",
        "toWebPush": None,
    }
    assert (await queued(admin))[made["id"]] == made


async def test_everything_that_was_said_is_kept(admin: Visitor) -> None:
    push = {"auth": "a", "endpoint": "https://push.test/x", "p256": "p"}
    sent = message(
        actions={"default": "/calendar", "target": "x", "targetType": "plan_task", "types": [0, 1]},
        bodyWebPush="Sunday",
        subjectWebPush="Moving",
        toWebPush=[push],
    )
    made = (await admin.post(PATH, {**sent, "attempt": 3, "iso639Code": "de"})).value
    assert made == {**made, **sent, "attempt": 0, "iso639Code": "de"}
    assert (await queued(admin))[made["id"]] == {**made, "iso639Code": ""}


@pytest.mark.parametrize("when", [{}, {"sendAfter": None}, {"sendAfter": "2001-01-01T00:00:00Z"}], ids=str)
async def test_a_message_for_now_is_in_the_outbox_and_not_in_the_queue(
    admin: Visitor, letters: Letters, when: dict[str, Any]
) -> None:
    sent = {name: value for name, value in message(**when).items() if value != LATER}
    before = await queued(admin)
    made = (await admin.post(PATH, sent)).value
    assert (made["id"], made["created"]) == (NIL_UUID, "0001-01-01T00:00:00.000000Z")
    assert (made["subjectSMTP"], made["bodySMTP"], made["toSMTP"]) == (
        sent["subjectSMTP"],
        sent["bodySMTP"],
        sent["toSMTP"],
    )
    assert await queued(admin) == before
    ((kind, subject, body),) = await letters(sent["toSMTP"])
    assert (kind, subject, body) == ("announcement", sent["subjectSMTP"], sent["bodySMTP"])


async def test_a_message_is_sent_once_though_it_is_posted_twice(admin: Visitor, letters: Letters) -> None:
    now = message(id=str(uuid.uuid4()), sendAfter=None)
    answers = [await admin.post(PATH, now) for _ in range(2)]
    assert [answer.value["id"] for answer in answers] == [NIL_UUID] * 2
    assert len(await letters(now["toSMTP"])) == 1
    later = message(id=str(uuid.uuid4()))
    answers = [await admin.post(PATH, later) for _ in range(2)]
    assert answers[0].value == answers[1].value
    assert answers[0].value["id"] == later["id"]
    assert len(await letters(later["toSMTP"])) == 1


async def test_a_message_that_waits_is_changed_except_whom_it_is_for(admin: Visitor) -> None:
    made = (await admin.post(PATH, message(authAccountID=admin.account))).value
    path = f"{PATH}/{made['id']}"
    assert (await admin.put(path, made)).status == 204
    changed = (
        await admin.put(path, {"subjectSMTP": "No maintenance", "attempt": 2, "authAccountID": None})
    ).value
    assert changed == {**made, "subjectSMTP": "No maintenance", "attempt": 2}
    assert (await admin.put(path, {**changed, "bodySMTP": None})).value["bodySMTP"] == ""
    sooner = (await admin.put(path, {"sendAfter": None})).value["sendAfter"]
    assert abs(datetime.fromisoformat(sooner) - clock.now()) < timedelta(minutes=5)
    assert made["id"] in await queued(admin), "until a worker has taken it"


async def test_changing_a_message_lets_another_worker_send_it(admin: Visitor, database: Database) -> None:
    made = (await admin.post(PATH, message())).value
    claimed = "UPDATE notification SET send_start = now() WHERE id = %(id)s"
    await database.execute(claimed, {"id": made["id"]})
    assert (await admin.put(f"{PATH}/{made['id']}", {})).status == 200
    lease = "SELECT send_start FROM notification WHERE id = %(id)s"
    assert await database.fetch_row(lease, {"id": made["id"]}) == (None,)


async def test_a_message_that_waits_can_be_withdrawn(admin: Visitor, letters: Letters) -> None:
    made = (await admin.post(PATH, message())).value
    for _ in range(2):
        answer = await admin.remove(f"{PATH}/{made['id']}")
        assert (answer.status, answer.body) == (200, None)
    assert made["id"] not in await queued(admin)
    assert await letters(made["toSMTP"]) == []
    assert (await admin.put(f"{PATH}/{made['id']}", {"subjectSMTP": "x"})).status == 204
    for method in ("PUT", "DELETE"):
        assert (await admin.call(method, f"{PATH}/nonsense", {})).message == "id: must be a UUID"


async def test_what_the_server_itself_says_is_nobody_elses(
    sign_up: SignUp, admin: Visitor, api: Visitor, database: Database
) -> None:
    ann = await sign_up()
    await api.post("/auth/reset", {"emailAddress": (await ann.get(ann.home)).value["emailAddress"]})
    of_ann = "FROM notification WHERE auth_account_id = %(ann)s"
    await database.execute(
        "UPDATE notification SET send_after = now() + interval '1 day' WHERE auth_account_id = %(ann)s",
        {"ann": ann.account},
    )
    found = await database.fetch(f"SELECT id::text, subject_smtp {of_ann} ORDER BY id", {"ann": ann.account})
    assert len(found) > 1
    assert not {row[0] for row in found} & (await queued(admin)).keys()
    for identity, _ in found:
        assert (await admin.put(f"{PATH}/{identity}", {"subjectSMTP": "Mine"})).status == 204
        assert (await admin.remove(f"{PATH}/{identity}")).status == 200
        assert (await admin.post(PATH, message(id=identity))).status == 409
    assert (
        await database.fetch(f"SELECT id::text, subject_smtp {of_ann} ORDER BY id", {"ann": ann.account})
        == found
    )


@pytest.mark.parametrize(
    "members",
    [
        {"subjectSMTP": "x" * 999},
        {"bodySMTP": "x" * 50_001},
        {"bodySMTP": 7},
        {"toSMTP": "nowhere"},
        {"toSMTP": "ann@house.test,bob@house.test"},
        {"toSMTP": "ann@house.test\r\nBcc: x"},
        {"sendAfter": "tomorrow"},
        {"newsletter": "yes"},
        {"authAccountID": "x"},
        {"authAccountID": NIL_UUID},
        {"toWebPush": [{"endpoint": "http://127.0.0.1/"}]},
        {"toWebPush": {}},
        {"actions": {"types": [2]}},
        {"actions": {"types": [True]}},
        {"actions": {"types": 1}},
        {"actions": []},
    ],
    ids=lambda members: str(members)[:60],
)
async def test_what_is_wrong_is_refused_by_name(admin: Visitor, members: dict[str, Any]) -> None:
    before = await queued(admin)
    answer = await admin.post(PATH, message(**members))
    (name,) = members
    assert (answer.status, answer.message.split(":")[0]) == (400, name)
    assert await queued(admin) == before


async def test_only_administrators_see_the_queue(sign_up: SignUp, admin: Visitor) -> None:
    ann, made = await sign_up(), (await admin.post(PATH, message())).value
    for method, path in (
        ("GET", PATH),
        ("POST", PATH),
        ("PUT", f"{PATH}/{made['id']}"),
        ("DELETE", f"{PATH}/{made['id']}"),
    ):
        assert (await ann.call(method, path, message())).status == 403
    assert (await queued(admin))[made["id"]] == made
