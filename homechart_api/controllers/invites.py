"""Inviting people into a household, and children (contract §3.8, B1 §5.2)."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from homechart_api import people
from homechart_api.context import CONFIG, DATABASE, actor_of
from homechart_api.controllers.households import editable_household
from homechart_api.crud import json_object, path_id
from homechart_api.people import Person
from homechart_api.responses import empty, nothing
from homechart_api.route import Members
from homechart_common.errors import InvalidInput
from homechart_common.ids import new_nanoid, new_uuid
from homechart_common.models import AuthAccount, AuthAccountAuthHousehold, rows
from homechart_common.models.auth_account import DEFAULT_NAME
from homechart_common.models.bodies import Body, read_members
from homechart_common.models.model import Row
from homechart_common.models.permissions import Actor, clamped
from homechart_common.postgresql import queries
from homechart_common.postgresql.database import Connection

CREATE = Members(AuthAccountAuthHousehold, "emailAddress?", "color?", "permissions?", "name?", "child?")

_GRANTED = ("color", "permissions", "name", "child")
_QUERIES = queries.load("households")


async def create(request: web.Request) -> web.Response:
    """Invite the owner of a mail address, or create a child's account.

    An account that is known to have the address is in at once; the invitation waits for it all the same.
    """
    actor, household_id, body = actor_of(request), editable_household(request), await json_object(request)
    said = _said(body)
    membership = {
        "auth_household_id": household_id,
        "color": said.get("color", 0),
        "permissions": clamped(said.get("permissions", {})),
    }

    async def work(connection: Connection) -> None:
        if said.get("child"):
            await _add_child(connection, actor, membership, said.get("name") or DEFAULT_NAME)
        else:
            await _invite(request, connection, actor, membership, said["email_address"])

    await request.app[DATABASE].retrying(work)
    return empty()


async def accept(request: web.Request) -> web.Response:
    """Join the household of an invitation; whoever has its token may. Nothing happens with an unknown one."""
    account_id = actor_of(request).account_id

    async def work(connection: Connection) -> int:
        invite_id = await connection.fetch_value(_QUERIES["invite"], _token(request))
        if invite_id is None:
            return 0
        return await rows.execute(
            connection,
            AuthAccountAuthHousehold,
            _QUERIES["accept_invite"],
            {"id": invite_id, "account": account_id},
        )

    return empty() if await request.app[DATABASE].retrying(work) else nothing()


async def delete(request: web.Request) -> web.Response:
    """Take an invitation back, or refuse it; whoever has its token may."""

    async def work(connection: Connection) -> int:
        return await connection.execute(_QUERIES["delete_invite"], _token(request))

    return empty() if await request.app[DATABASE].retrying(work) else nothing()


def _said(body: Body) -> Row:
    """What an invitation says; the address counts, and must be there, unless it is for a child."""
    said = read_members(AuthAccountAuthHousehold, body, _GRANTED)
    if said.get("child"):
        return said
    said |= read_members(AuthAccountAuthHousehold, body, ("emailAddress",))
    if "email_address" not in said:
        raise InvalidInput.field("emailAddress", "must be given")
    return said


def _token(request: web.Request) -> dict[str, str]:
    """The token in the path; any household may stand before it (contract §3.1)."""
    path_id(request, "auth_household_id")
    return {"token": request.match_info["invite_token"]}


async def _invite(
    request: web.Request, connection: Connection, actor: Actor, membership: Row, address: str
) -> None:
    config, token = request.app[CONFIG], new_nanoid().upper()
    person = await people.find_by_address(connection, address)
    # Children have no address of their own: who knows it would get hold of the child's sessions.
    known = person is not None and (
        (not person.child and people.owns_address(config, person))
        or await _is_member(connection, membership, person)
    )
    row = {
        **membership,
        "auth_account_id": person.id if person and known else None,
        "email_address": address,
        "invite_token": token,
    }
    await rows.insert(connection, AuthAccountAuthHousehold, [row])
    household = await connection.fetch_value(_QUERIES["name"], {"id": membership["auth_household_id"]})
    mentioned: dict[str, Any] = {
        "inviter": actor.name,
        "household": household,
        "link": people.page(config, "/settings/households", token=token),
    }
    if person:
        await people.tell(connection, config, person, "household_invite", **mentioned)
    else:
        await people.tell_stranger(
            connection, config, address, actor.language, "household_invite", **mentioned
        )


async def _is_member(connection: Connection, membership: Row, person: Person) -> bool:
    """Whether a person is in the household already, so that the database refuses to let them in again."""
    member = {"household": membership["auth_household_id"], "account": person.id}
    return await connection.fetch_value(_QUERIES["member"], member) is not None


async def _add_child(connection: Connection, actor: Actor, membership: Row, name: str) -> None:
    """A child's account is one that nobody can sign in to: no password matches, its address gets no mail."""
    child_id = new_uuid()
    account = {
        "id": child_id,
        "email_address": people.child_address(child_id),
        "name": name,
        "child": True,
        "verified": True,
        "tos_accepted": True,
        "iso_639_code": actor.language,
        "time_zone": actor.time_zone,
    }
    await rows.insert(connection, AuthAccount, [account])
    await rows.insert(connection, AuthAccountAuthHousehold, [{**membership, "auth_account_id": child_id}])
