"""Making the log of changes forget."""

from __future__ import annotations

from homechart_common.postgresql import queries
from homechart_common.postgresql.database import Queryable

_CLEANUP = queries.load("cleanup")


async def purge(database: Queryable, *owners: str) -> None:
    """Purge the log of these owners, as if everything in it had happened long ago."""
    await database.execute(
        "UPDATE sync_change SET changed = now() - interval '1 year' WHERE owner_id = ANY (%(owners)s::uuid[])",
        {"owners": list(owners)},
    )
    assert await database.execute(_CLEANUP["sync"], {"days": 90, "limit": 10_000})
