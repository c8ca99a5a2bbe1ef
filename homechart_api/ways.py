"""The ways into an account, of which one has to stay."""

from __future__ import annotations

from contextlib import suppress

from homechart_common.ceremonies import NoPasskeys, RelyingParty
from homechart_common.config import Config
from homechart_common.errors import InvalidInput
from homechart_common.postgresql import queries
from homechart_common.postgresql.database import Connection, array

_QUERIES = queries.load("accounts")


def passkey_host(config: Config) -> str:
    """The host that passkeys are for; empty where there cannot be any."""
    with suppress(NoPasskeys):
        return RelyingParty.at(config.app.base_url).id
    return ""


async def require_one(connection: Connection, config: Config, account_id: str) -> None:
    """Refuse to have taken away the last way into an account; to be asked in the transaction that took one away.

    Whoever takes one away keeps the account from changing, so that two do not take the last two. Where a proxy signs
    people in, nobody needs another way.
    """
    if config.app.proxy_address and config.app.proxy_header_email:
        return
    ways = {
        "account": account_id,
        "issuers": array(provider.issuer for provider in config.oidc.everywhere),
        "host": passkey_host(config),
    }
    if not await connection.fetch_value(_QUERIES["can_sign_in"], ways):
        raise InvalidInput("You could not sign in any more: please choose a password first")
