from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest

from homechart_common.notify import messages, outbox
from homechart_common.notify.messages import Message
from homechart_common.postgresql.connection import Row
from homechart_worker.task import Context, perform
from homechart_worker.tasks.deliver import deliver
from tests.mail_server import ACCEPTED, MailServer
from tests.people import add_account

SAID = messages.render("verified", "en", name="Jane")


async def rows(context: Context) -> list[Row]:
    """State, failed attempts, claims, error and body of every message, the oldest first."""
    return await context.database.fetch(
        """SELECT CASE WHEN sent IS NOT NULL THEN 'ended' WHEN send_start IS NOT NULL THEN 'claimed'
                WHEN send_after > now() THEN 'later' ELSE 'waiting' END, attempt, claims, error, body_smtp
        FROM notification ORDER BY created, id"""
    )


async def make_due(context: Context) -> None:
    """Let the time until the next attempt pass."""
    await context.database.execute("UPDATE notification SET send_after = now() WHERE sent IS NULL")


async def refuse() -> str:
    return "451 4.3.0 not now"


async def test_a_message_is_delivered_once_and_then_forgotten(context: Context, mails: MailServer) -> None:
    await outbox.enqueue(context.database, SAID, to_smtp="jane@house.test")
    assert await perform(deliver, context) == 1
    assert await perform(deliver, context) == 0
    assert mails.subjects == [SAID.subject]
    assert await rows(context) == [("ended", 0, 1, "", "")]


async def test_a_message_exists_only_if_its_transaction_was_committed(
    context: Context, mails: MailServer
) -> None:
    with suppress(RuntimeError):
        async with context.database.transaction() as connection:
            await outbox.enqueue(connection, SAID, to_smtp="jane@house.test")
            raise RuntimeError
    assert await perform(deliver, context) == 0
    assert mails.arrivals == []


async def test_an_account_is_written_to_where_it_is_when_the_mail_goes_out(
    context: Context, mails: MailServer
) -> None:
    account = await add_account(context.database, email_address="old@house.test")
    await outbox.enqueue(context.database, SAID, account_id=account)
    await context.database.execute("UPDATE auth_account SET email_address = 'new@house.test'")
    await perform(deliver, context)
    assert [mail["To"] for mail in mails.mails] == ["new@house.test"]


@pytest.mark.parametrize(
    ("verified", "child", "system", "goes_out"),
    [
        (True, False, False, True),
        (False, False, False, False),
        (False, False, True, True),
        (True, True, False, False),
        (True, True, True, False),
    ],
)
async def test_who_is_written_to(
    context: Context, mails: MailServer, verified: bool, child: bool, system: bool, goes_out: bool
) -> None:
    account = await add_account(context.database, verified=verified, child=child)
    await outbox.enqueue(context.database, SAID, account_id=account, system=system)
    await perform(deliver, context)
    assert len(mails.arrivals) == goes_out
    ((state, attempt, _, error, _),) = await rows(context)
    assert (state, attempt) == ("ended", 0)
    assert error == ("" if goes_out else "the account gets no such mail")


@pytest.mark.parametrize(
    "address", ["jane@example.com", "jane@EXAMPLE.com", "jane@demo.example.com", "jane@quiet.test"]
)
async def test_a_domain_that_gets_no_mail_gets_none(
    context: Context, mails: MailServer, address: str
) -> None:
    smtp = replace(context.config.smtp, no_email_domains=("quiet.test",))
    context = replace(context, config=replace(context.config, smtp=smtp))
    await outbox.enqueue(context.database, SAID, to_smtp=address)
    await perform(deliver, context)
    assert mails.arrivals == []
    assert await rows(context) == [("ended", 0, 1, "the domain gets no mail", "")]


async def test_without_a_mail_server_messages_come_to_a_quiet_end(context: Context) -> None:
    smtp = replace(context.config.smtp, hostname="", from_address="")
    context = replace(context, config=replace(context.config, smtp=smtp))
    await outbox.enqueue(context.database, SAID, to_smtp="jane@house.test")
    await perform(deliver, context)
    assert await rows(context) == [("ended", 0, 1, "mail is not configured", "")]


async def test_a_mail_that_failed_is_sent_again_later(context: Context, mails: MailServer) -> None:
    mails.answer = refuse
    await outbox.enqueue(context.database, SAID, to_smtp="jane@house.test")
    assert await perform(deliver, context) == 1
    ((state, attempt, _, error, body),) = await rows(context)
    assert (state, attempt, body) == ("later", 1, SAID.body_markdown)
    assert "not now" in error
    mails.answer = MailServer().answer
    await make_due(context)
    await perform(deliver, context)
    assert len(mails.arrivals) == 1
    assert await rows(context) == [("ended", 1, 2, "", "")]


async def test_a_mail_is_given_up_after_three_more_attempts_with_the_reason(
    context: Context, mails: MailServer
) -> None:
    mails.answer = refuse
    await outbox.enqueue(context.database, SAID, to_smtp="jane@house.test")
    for _ in range(10):
        await perform(deliver, context)
        await make_due(context)
    ((state, attempt, claims, error, body),) = await rows(context)
    assert (state, attempt, claims, body) == ("ended", 3, 4, "")
    assert "not now" in error


async def test_each_attempt_waits_longer_than_the_one_before(context: Context, mails: MailServer) -> None:
    mails.answer = refuse
    await outbox.enqueue(context.database, SAID, to_smtp="jane@house.test")
    waits = []
    for _ in outbox.BACK_OFF_SECONDS:
        await perform(deliver, context)
        waits.append(
            await context.database.fetch_value(
                "SELECT round(extract(epoch FROM send_after - now()))::float FROM notification"
            )
        )
        await make_due(context)
    assert waits == pytest.approx(outbox.BACK_OFF_SECONDS, abs=5)


async def test_one_mail_that_cannot_be_sent_keeps_no_other_from_going_out(
    context: Context, mails: MailServer
) -> None:
    await outbox.enqueue(context.database, SAID, to_smtp="this is no address")
    await outbox.enqueue(context.database, SAID, to_smtp="jane@house.test")
    await perform(deliver, context)
    assert [mail["To"] for mail in mails.mails] == ["jane@house.test"]
    assert [row[0] for row in await rows(context)] == ["later", "ended"]


async def test_many_workers_send_each_mail_once(context: Context, mails: MailServer) -> None:
    said = [
        outbox.Envelope(Message("verified", "en", f"{number}", "-"), to_smtp="jane@house.test")
        for number in range(60)
    ]
    await outbox.enqueue_all(context.database, said)
    handled = await asyncio.gather(*(perform(deliver, context) for _ in range(8)))
    assert sum(handled) == 60
    assert sum(1 for rows in handled if rows) > 1
    assert sorted(mails.subjects, key=int) == [f"{number}" for number in range(60)]
    assert set(mails.deliveries().values()) == {1}


async def test_a_claim_is_nobody_elses_until_its_lease_is_over(context: Context, mails: MailServer) -> None:
    await outbox.enqueue(context.database, SAID, to_smtp="jane@house.test")
    assert await outbox.claim_mail(context.database, 1800) is not None
    assert await perform(deliver, context) == 0
    await context.database.execute("UPDATE notification SET send_start = send_start - interval '1801 s'")
    assert await perform(deliver, context) == 1
    assert await rows(context) == [("ended", 0, 2, "", "")]
    assert len(mails.arrivals) == 1


async def test_a_failure_does_not_count_after_the_lease(context: Context) -> None:
    await outbox.enqueue(context.database, SAID, to_smtp="jane@house.test")
    late = await outbox.claim_mail(context.database, 1800)
    assert late is not None
    await context.database.execute("UPDATE notification SET send_start = send_start - interval '1 day'")
    assert await outbox.claim_mail(context.database, 1800) is not None
    await outbox.fail(context.database, late, "too late")
    await outbox.release(context.database, late)
    assert [row[:4] for row in await rows(context)] == [("claimed", 0, 2, "")]


async def test_a_success_counts_even_after_the_lease(context: Context) -> None:
    await outbox.enqueue(context.database, SAID, to_smtp="jane@house.test")
    late = await outbox.claim_mail(context.database, 1800)
    await context.database.execute("UPDATE notification SET send_start = send_start - interval '1 day'")
    other = await outbox.claim_mail(context.database, 1800)
    assert late is not None
    assert other is not None
    await outbox.finish(context.database, late)
    await outbox.fail(context.database, other, "refused as a duplicate")
    assert [row[:4] for row in await rows(context)] == [("ended", 0, 2, "")]


async def test_a_worker_that_is_cut_off_in_the_middle_gives_the_mail_back(
    context: Context, mails: MailServer
) -> None:
    reached = asyncio.Event()

    async def slow() -> str:
        reached.set()
        await asyncio.sleep(0.5)
        return "451 4.3.0 nobody is there"

    mails.answer = slow
    await outbox.enqueue(context.database, SAID, to_smtp="jane@house.test")
    sending = asyncio.create_task(perform(deliver, context))
    await reached.wait()
    sending.cancel()
    await asyncio.wait([sending])
    assert [row[:3] for row in await rows(context)] == [("waiting", 0, 0)]
    mails.answer = MailServer().answer
    assert await perform(deliver, context) == 1
    assert len(mails.arrivals) == 1


async def test_a_worker_that_stops_finishes_its_mail_and_takes_no_other(
    context: Context, mails: MailServer
) -> None:
    async def stop() -> str:
        context.stopping.set()
        return ACCEPTED

    mails.answer = stop
    for _ in range(2):
        await outbox.enqueue(context.database, SAID, to_smtp="jane@house.test")
    assert await perform(deliver, context) == 1
    assert [row[0] for row in await rows(context)] == ["ended", "waiting"]
    assert len(mails.arrivals) == 1


async def test_a_message_for_later_waits(context: Context, mails: MailServer) -> None:
    await outbox.enqueue(context.database, SAID, to_smtp="jane@house.test")
    await context.database.execute("UPDATE notification SET send_after = now() + interval '1 hour'")
    assert await perform(deliver, context) == 0
    assert mails.arrivals == []


async def test_whoever_waits_for_a_new_password_does_not_wait_for_everybodys_agenda(
    context: Context, mails: MailServer
) -> None:
    agendas = [
        outbox.Envelope(Message("daily_agenda", "en", f"{number}", "-"), to_smtp="jane@house.test")
        for number in range(5)
    ]
    await outbox.enqueue_all(context.database, agendas)
    await context.database.execute("UPDATE notification SET send_after = send_after - interval '1 minute'")
    password = Message("password_reset", "en", "Choose a new password", "-")
    await outbox.enqueue(context.database, password, to_smtp="john@house.test", system=True)
    await perform(deliver, context)
    assert mails.subjects[0] == "Choose a new password"
    assert len(mails.subjects) == 6
