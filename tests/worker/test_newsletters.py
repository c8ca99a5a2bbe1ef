"""Delivering what administrators write, to one or to everybody (contract B2 §6.1)."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from homechart_common.notify import outbox
from homechart_worker.task import Context, perform
from homechart_worker.tasks.deliver import deliver
from homechart_worker.tasks.push import push
from tests.mail_server import MailServer
from tests.people import add_account
from tests.push_service import PushService

SUBJECT = "The server moves"


async def announce(context: Context, **columns: Any) -> None:
    """An administrator sends a message."""
    row = {"kind": outbox.ANNOUNCEMENT, "subject_smtp": SUBJECT, "body_smtp": "On *Sunday*.", **columns}
    names, values = ", ".join(row), ", ".join(f"%({name})s" for name in row)
    await context.database.execute(f"INSERT INTO notification ({names}) VALUES ({values})", row)


async def deliver_everything(context: Context) -> None:
    while await perform(deliver, context):
        pass


async def errors(context: Context) -> list[str]:
    """How each message ended, what was handed on before what it was handed on to."""
    found = await context.database.fetch(
        "SELECT error FROM notification ORDER BY notification_id NULLS FIRST"
    )
    return [row[0] for row in found]


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
    late = await outbox.claim_mail(context.database, 1800)
    assert late is not None
    await context.database.execute("UPDATE notification SET send_start = send_start - interval '1 day'")
    again = await outbox.claim_mail(context.database, 1800)
    assert again is not None
    await asyncio.gather(*(outbox.hand_on(context.database, claim) for claim in (late, again)))
    await asyncio.gather(*(deliver_everything(context) for _ in range(4)))
    assert readers(mails) == sorted(f"{number}@house.test" for number in range(20))


async def test_who_switches_newsletters_off_meanwhile_gets_none(context: Context, mails: MailServer) -> None:
    await add_account(context.database, email_address="ann@house.test")
    await announce(context, newsletter=True)
    claim = await outbox.claim_mail(context.database, 1800)
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
    assert await errors(context) == ["there is nobody to send it to"]


async def test_a_newsletter_without_a_mail_server_comes_to_a_quiet_end(context: Context) -> None:
    await add_account(context.database)
    await announce(context, newsletter=True)
    smtp = replace(context.config.smtp, hostname="")
    await deliver_everything(replace(context, config=replace(context.config, smtp=smtp)))
    assert await errors(context) == ["", "mail is not configured"]


async def push_everything(context: Context) -> None:
    await deliver_everything(context)
    while await perform(push, context):
        pass


async def test_a_message_to_an_account_is_mailed_and_pushed(
    pushing: Context, pushes: PushService, mails: MailServer
) -> None:
    ann, bob = [
        await add_account(pushing.database, email_address=f"{name}@house.test") for name in ("ann", "bob")
    ]
    browsers = [pushes.browser() for _ in range(3)]
    for browser, account in zip(browsers, (ann, ann, bob), strict=True):
        await browser.subscribe(pushing.database, account)
    actions = {"default": "/home", "target": "", "targetType": "", "types": None}
    await announce(
        pushing,
        auth_account_id=ann,
        subject_web_push="Moving",
        body_web_push="On Sunday",
        actions=json.dumps(actions),
    )
    await push_everything(pushing)
    assert readers(mails) == ["ann@house.test"]
    assert [pushes.told(browser) for browser in browsers] == [["Moving"], ["Moving"], []]
    assert pushes.arrivals[0].said == {"subject": "Moving", "body": "On Sunday", "actions": actions}
    assert await errors(pushing) == [""] * 4


async def test_a_message_to_browsers_goes_to_those_alone(
    pushing: Context, pushes: PushService, mails: MailServer
) -> None:
    account = await add_account(pushing.database)
    own, named, other = (pushes.browser() for _ in range(3))
    for browser in (own, named):
        await browser.subscribe(pushing.database, account)
    for whose in (account, None):
        await announce(
            pushing,
            auth_account_id=whose,
            subject_smtp="",
            body_smtp="",
            body_web_push="On Sunday",
            to_web_push=json.dumps([named.subscription, other.subscription, named.subscription]),
        )
    await push_everything(pushing)
    assert readers(mails) == []
    assert [pushes.told(browser) for browser in (own, named, other)] == [[], ["", ""], [""]]
    assert sorted(await errors(pushing)) == [
        *[""] * 5,
        "the account is told nothing on this device",
    ]


async def test_a_newsletter_is_never_pushed(pushing: Context, pushes: PushService, mails: MailServer) -> None:
    ann, browser = await add_account(pushing.database, email_address="ann@house.test"), pushes.browser()
    await browser.subscribe(pushing.database, ann)
    for whose in (None, ann):
        await announce(pushing, newsletter=True, auth_account_id=whose, body_web_push="On Sunday")
    await push_everything(pushing)
    assert readers(mails) == ["ann@house.test"] * 2
    assert pushes.arrivals == []
