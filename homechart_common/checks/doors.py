"""What leads in and out: the address at which people come in, who else signs them in, mail, notifications, Vault."""

from __future__ import annotations

import asyncio
import uuid
from email.errors import MessageError

import aiohttp
from aiosmtplib import SMTPException
from yarl import URL

from homechart_common.checks.findings import Circumstances, Finding, ok, warning, wrong
from homechart_common.config import OidcProvider
from homechart_common.errors import ConfigurationError
from homechart_common.log_lines import summary
from homechart_common.notify import smtp
from homechart_common.notify.mail import compose
from homechart_common.version import VERSION

_PATIENCE_SECONDS = 5.0
_HERE = ("localhost", "127.0.0.1", "::1")


async def base_url(circumstances: Circumstances) -> Finding:
    """Whether people reach a server of this version there, and as browsers want it."""
    about, address = "base URL", circumstances.config.app.base_url
    timeout = aiohttp.ClientTimeout(total=_PATIENCE_SECONDS)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as client, client.get(f"{address}/api") as response:
            found = (await response.json(content_type=None))["dataValue"][0]["version"]
    except TimeoutError:
        return wrong(about, f"{address} gives no answer from here within {_PATIENCE_SECONDS:.0f} s")
    except aiohttp.ClientSSLError as error:
        return wrong(about, f"{address} cannot be reached from here by https: {summary(error)}")
    except aiohttp.ClientConnectorDNSError:
        return warning(
            about, f"{address} cannot be reached from here, as its name is not known: see app.baseURL"
        )
    except aiohttp.ClientConnectionError:
        return warning(about, f"{address} cannot be reached from here: does the API run, and the proxy?")
    except (aiohttp.ClientError, ValueError, LookupError, TypeError):
        return wrong(about, f"{address} does not answer as Homechart does: see app.baseURL, and the proxy")
    if found != VERSION:
        return warning(about, f"{address} answers as version {found}, and this is {VERSION}: restart the API")
    if URL(address).scheme == "http" and URL(address).host not in _HERE:
        return warning(
            about,
            f"{address} answers; over http, browsers offer neither notifications nor passkeys nor an app",
        )
    return ok(about, f"{address} answers as version {found}")


async def providers(circumstances: Circumstances) -> Finding:
    """Whether those that people sign in with are what they are said to be, and have keys to sign with."""
    about, named = "sign-in providers", circumstances.config.oidc.everywhere
    if not named:
        return ok(about, "none is configured")
    problems = [*filter(None, await asyncio.gather(*map(_problem_of, named)))]
    if problems:
        return wrong(about, "; ".join(problems))
    said = ", ".join(f"{provider.label} ({provider.issuer})" for provider in named)
    if any(
        URL(provider.issuer).scheme == "http" and URL(provider.issuer).host not in _HERE for provider in named
    ):
        return warning(about, f"{said}; whoever listens on the way to one by http can sign in as anybody")
    return ok(about, said)


async def _problem_of(settings: OidcProvider) -> str:
    """What keeps people from signing in with a provider; empty if nothing does."""
    # takes memory that nobody needs who has no provider
    from homechart_common.oidc.provider import Provider
    from homechart_common.oidc.transport import ProviderError

    try:
        await Provider(settings, seconds=_PATIENCE_SECONDS).reach()
    except ProviderError as error:
        return f"{settings.label}: {error}"
    except ConfigurationError as error:
        return error.message
    return ""


async def mail(circumstances: Circumstances) -> Finding:
    """Whether the mail server lets us in; a mail is sent only if an address is given."""
    config, to = circumstances.config, circumstances.mail_to
    given = config.smtp
    if not given.is_enabled:
        return warning(
            "mail", "none is sent, so reminders reach devices alone: see smtp.hostname and smtp.fromAddress"
        )
    where = f"{given.hostname}:{given.port}"
    try:
        if to:
            words = "This mail was sent by `homechart-api check`. It arrived, so mail works."
            await smtp.send(given, to, compose(config, to, "en", "It works", words, str(uuid.uuid4())))
            return ok("mail", f"{where} took a mail for {to}")
        encrypted = await smtp.knock(given)
    except TimeoutError:
        return wrong("mail", f"{where} gives no answer")
    except (SMTPException, OSError, ValueError, MessageError) as error:
        return wrong("mail", f"{where}: {summary(error)}")
    signed_in = f"lets {given.username} in" if given.username else "answers"
    if not encrypted:
        return warning("mail", f"{where} {signed_in}, unencrypted: see smtp.requireTLS")
    return ok("mail", f"{where} {signed_in}, encrypted")


async def web_push(circumstances: Circumstances) -> Finding:
    """Which keys browsers know this server by; that those that are configured fit was seen to before."""
    if circumstances.config.web_push.vapid_private_key:
        return ok("web push", "the keys are configured")
    return ok("web push", "the keys are made by the first process and kept in the database")


async def vault(circumstances: Circumstances) -> Finding:
    """Whether options come from there; what is wrong with it would have kept us from starting."""
    given = circumstances.config.vault
    if not given.address:
        return ok("Vault", "none is configured")
    return ok("Vault", f"options were read from {', '.join(given.paths)} at {given.address}")
