"""The link in the mail that asks whether an address is somebody's own leads to a page that uses it."""

from __future__ import annotations

import uuid

from homechart_common.postgresql.database import Database
from homechart_common.security import hash_token
from tests.ui.browser import Window
from tests.ui.conftest import new_address, sign_up

_GIVE = """
UPDATE auth_account SET verification_token = %(hash)s::bytea WHERE email_address = %(address)s RETURNING id::text
"""


async def test_the_mailed_link_confirms_the_address_once(ann: Window, database: Database) -> None:
    address, token = new_address(), str(uuid.uuid4())
    sign_up(ann, "Ann Linden", address)
    ann.see("#person-name", "Ann Linden")
    account = await database.fetch_value(_GIVE, {"hash": hash_token(token), "address": address})
    link = f"/verify?id={account}&token={token}"

    ann.go(link)
    ann.see("#notice", "Your email address is confirmed.")
    ann.see("#person-name", "Ann Linden")
    assert ann.run("return location.pathname + location.search") == "/"
    verified = "SELECT verified FROM auth_account WHERE id = %(id)s::uuid"
    assert await database.fetch_value(verified, {"id": account})

    ann.go(link)
    ann.see("#notice", "This link was used before")
    ann.log()
