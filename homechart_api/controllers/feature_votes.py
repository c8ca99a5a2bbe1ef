"""What households want built, for administrators (contract §10.6, B1 §11)."""

from __future__ import annotations

from aiohttp import web

from homechart_api.context import DATABASE
from homechart_api.responses import empty, many
from homechart_api.route import Values
from homechart_common.models import AuthHousehold, rows
from homechart_common.postgresql import queries
from homechart_common.postgresql.database import Connection

VOTES = Values("AuthHouseholdFeatureVotes", AuthHousehold.feature_votes.member.schema())

_QUERIES = queries.load("households")


async def read_all(request: web.Request) -> web.Response:
    """The votes of all households together: for each feature how many, and what was said about it."""
    votes = await request.app[DATABASE].fetch_value(_QUERIES["feature_votes"])
    return many(request, "AuthHouseholdFeatureVotes", votes or "")


async def delete_all(request: web.Request) -> web.Response:
    """Take all votes back, so that every household can vote anew."""

    async def work(connection: Connection) -> int:
        return await rows.execute(connection, AuthHousehold, _QUERIES["delete_feature_votes"], {})

    await request.app[DATABASE].retrying(work)
    return empty()
