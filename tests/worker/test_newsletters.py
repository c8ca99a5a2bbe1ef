"""Delivering what administrators write, to one or to everybody (contract B2 §6.1)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from homechart_common.notify import outbox
from homechart_worker.task import Context, perform
from homechart_worker.tasks.deliver import deliver
from tests.mail_server import MailServer
from tests.people import add_account

SUBJECT = "The server moves"


async def announce(context: Context, **columns: Any) -> None:
    """An administrator sends a message."""
    row = {"kind": outbox.ANNOUNCEMENT, "subject_smtp": SUBJECT, "body_smtp": "On *Sunday*.", **columns}
    names, values = ", ".join(row), ", ".join(f"%({name})s" for name in row)
    await context.database.execute(f"INSERT INTO notification ({names}) VALUES ({values})", row)


async def deliver_everything(context: Context) -> None:
    while await perform(deliver, context):
        pass


def readers(mails: MailServer) -> list[str]:
    assert set(mails.subjects) <= {SUBJECT}
    return sorted(str(mail["To"]) for mail in mails.mails)


async def test_a_newsletter_goes_to_everybody_who_wants_it(context: Context, mails: MailServer) -> None:
    for name, about in {
        "ann": {},
        "bob": {"preferences": {"ignoreEmailNewsletter": False, "ignoreEmailAgenda": True}},
        "no": {"preferences": {"ignoreEmailNewsletter": True}},
        "unverified": {"verified": False},
        "kid": {"child": True},
    }.items():
        await add_account(context.database, email_address=f"{name}@house.test", **about)
    await announce(context, newsletter=True)
    await deliver_everything(context)
    assert readers(mails) == ["ann@house.test", "bob@house.test"]
    (text,) = {mail.get_body(("plain",)).get_content().splitlines()[0] for mail in mails.mails}
    assert text == "On Sunday."
    assert await context.database.fetch("SELECT DISTINCT body_smtp, error FROM notification") == [("", "")]


async def test_a_newsletter_is_handed_on_once_by_many_workers(context: Context, mails: MailServer) -> None:
    for number in range(20):
        await add_account(context.database, email_address=f"{number}@house.test")
    await announce(context, newsletter=True)
    late = await outbox.claim(context.database, 1800)
    assert late is not None
    await context.database.execute("UPDATE notification SET send_start = send_start - interval '1 day'")
    again = await outbox.claim(context.database, 1800)
    assert again is not None
    await asyncio.gather(*(outbox.hand_on(context.database, claim) for claim in (late, again)))
    await asyncio.gather(*(deliver_everything(context) for _ in range(4)))
    assert readers(mails) == sorted(f"{number}@house.test" for number in range(20))


async def test_who_switches_newsletters_off_meanwhile_gets_none(context: Context, mails: MailServer) -> None:
    await add_account(context.database, email_address="ann@house.test")
    await announce(context, newsletter=True)
    claim = await outbox.claim(context.database, 1800)
    assert claim is not None
    await outbox.hand_on(context.database, claim)
    await context.database.execute(
        """UPDATE auth_account SET preferences = '{"ignoreEmailNewsletter": true}'"""
    )
    await deliver_everything(context)
    assert readers(mails) == []


async def test_a_reader_whose_mail_failed_gets_it_again_and_nobody_else_does(
    context: Context, mails: MailServer
) -> None:
    for name in ("ann", "bob"):
        await add_account(context.database, email_address=f"{name}@house.test")
    refused = iter([True])
    accept = mails.answer

    async def once_refused() -> str:
        return "451 4.3.0 not now" if next(refused, False) else await accept()

    mails.answer = once_refused
    await announce(context, newsletter=True)
    await deliver_everything(context)
    assert len(readers(mails)) == 1
    await context.database.execute("UPDATE notification SET send_after = now() WHERE sent IS NULL")
    await deliver_everything(context)
    assert readers(mails) == ["ann@house.test", "bob@house.test"]


@pytest.mark.parametrize(("newsletter", "goes_out"), [(False, True), (True, False)])
async def test_a_message_to_one_account_is_a_newsletter_only_if_it_says_so(
    context: Context, mails: MailServer, newsletter: bool, goes_out: bool
) -> None:
    await add_account(context.database, email_address="bob@house.test")
    ann = await add_account(
        context.database, email_address="ann@house.test", preferences={"ignoreEmailNewsletter": True}
    )
    await announce(context, auth_account_id=ann, newsletter=newsletter)
    await deliver_everything(context)
    assert readers(mails) == (["ann@house.test"] if goes_out else [])


async def test_a_message_to_an_address_goes_there_when_its_time_has_come(
    context: Context, mails: MailServer
) -> None:
    await announce(context, to_smtp="guest@elsewhere.test", send_after="2999-09-09")
    await deliver_everything(context)
    assert readers(mails) == []
    await context.database.execute("UPDATE notification SET send_after = now()")
    await deliver_everything(context)
    assert readers(mails) == ["guest@elsewhere.test"]


async def test_what_says_nothing_to_readers_of_mail_is_not_mailed(
    context: Context, mails: MailServer
) -> None:
    await announce(
        context, to_smtp="guest@elsewhere.test", subject_smtp="", body_smtp="", body_web_push="Push"
    )
    await deliver_everything(context)
    assert mails.arrivals == []
    assert await context.database.fetch_value("SELECT error FROM notification") == "there is nothing to mail"


async def test_a_newsletter_without_a_mail_server_comes_to_a_quiet_end(context: Context) -> None:
    await add_account(context.database)
    await announce(context, newsletter=True)
    smtp = replace(context.config.smtp, hostname="")
    await deliver_everything(replace(context, config=replace(context.config, smtp=smtp)))
    assert await context.database.fetch("SELECT error FROM notification") == [("mail is not configured",)]
