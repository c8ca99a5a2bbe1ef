"""Looking around without signing up, on a server that offers it (contract §3.12)."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from homechart_api import people
from homechart_api.context import CONFIG, DATABASE
from homechart_api.controllers import households
from homechart_api.controllers.signin import begin_session
from homechart_api.people import Person
from homechart_api.responses import one
from homechart_api.route import Query
from homechart_common.errors import NotFound
from homechart_common.ids import new_uuid
from homechart_common.models import AuthAccount
from homechart_common.models.bodies import read_members
from homechart_common.models.model import Row
from homechart_common.models.permissions import Actor
from homechart_common.postgresql.database import Connection

VISITOR = {
    "code": Query("The language of what is there, as an ISO 639 code"),
    "timezone": Query("The time zone of who looks around"),
}

#: Web clients tell a demonstration by this; mail never goes there.
_DOMAIN = "demo.example.com"
_HOUSEHOLD = "Demo"
#: Who lives there. The visitor is the first.
_NAMES = ("Robin", "Sam")


async def read(request: web.Request) -> web.Response:
    """Make a household with two accounts to look around in, and sign in to one of them.

    It goes after a day. Servers that do not offer this answer 404.
    """
    if not request.app[CONFIG].app.demo:
        raise NotFound
    said = {"iso639Code": request.query.get("code", ""), "timeZone": request.query.get("timezone", "")}
    visitor = read_members(AuthAccount, said, tuple(said))

    async def work(connection: Connection) -> dict[str, Any]:
        first, *others = [await _add_person(connection, name, visitor) for name in _NAMES]
        founder = Actor("", 0, first.id, first.name, language=first.language, time_zone=visitor["time_zone"])
        home = households.household_row({"name": _HOUSEHOLD}) | {"demo": True}
        await households.add(connection, home, founder)
        for person in others:
            await households.add_member(connection, home["id"], person.id)
        return await begin_session(request, connection, first, {})

    return one(request, "AuthSession", await request.app[DATABASE].retrying(work))


async def _add_person(connection: Connection, name: str, said: Row) -> Person:
    """An account that nobody can sign in to, as it has no password."""
    address = f"{new_uuid()}@{_DOMAIN}"
    return await people.add(
        connection,
        people.account_row({**said, "name": name, "email_address": address, "tos_accepted": True}),
    )
