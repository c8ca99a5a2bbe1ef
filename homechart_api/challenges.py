"""Challenges, which passkeys sign: any process makes one, and any process takes the answer.

PostgreSQL keeps their hashes, for minutes.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Any

from homechart_common import clock
from homechart_common.errors import InvalidInput
from homechart_common.models.permissions import Actor
from homechart_common.postgresql import queries
from homechart_common.postgresql.database import Queryable

LIFETIME = timedelta(minutes=5)

_BYTES = 32
_QUERIES = queries.load("passkeys")


async def new(database: Queryable, *, to: Actor | None) -> bytes:
    """A challenge for somebody who adds a passkey, or for who signs in with one (``to=None``)."""
    challenge = secrets.token_bytes(_BYTES)
    query = _QUERIES["challenge_to_enrol" if to else "challenge_to_sign_in"]
    expires = (clock.now() + LIFETIME).isoformat()
    await database.execute(query, {**_known(challenge, to), "expires": expires})
    return challenge


async def redeem(database: Queryable, challenge: bytes, *, of: Actor | None) -> None:
    """Take a challenge back, which works once; raises :class:`InvalidInput` for any that was not given to them."""
    parameters = {**_known(challenge, of), "now": clock.now().isoformat()}
    if not await database.fetch_value(_QUERIES["redeem_challenge"], parameters):
        raise InvalidInput.field("credential", "answers no challenge that is open; please try again")


def _known(challenge: bytes, actor: Actor | None) -> dict[str, Any]:
    """What is kept of a challenge."""
    return {"hash": hashlib.sha256(challenge).digest(), "session": actor.session_id if actor else None}
