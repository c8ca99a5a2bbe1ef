"""What the server says of itself, to everybody and to those who watch over it (contract §10.1, §10.2)."""

from __future__ import annotations

import pytest

from homechart_api.context import DATABASE
from homechart_api.routes import ABSENT, routes
from homechart_common.ids import NIL_UUID
from homechart_common.notify.vapid import KeyPair
from homechart_common.postgresql.settings import PostgresqlSettings
from homechart_common.version import VERSION
from tests.callers import API, Client, serving
from tests.visitors import SignUp

KEYS = ("app_systemhealthkey=open", "app_systemmetricskey=sesame")
VAPID = KeyPair.generated()


async def test_everybody_is_told_the_version(served: Client) -> None:
    async with served.get("/api") as response:
        body = await response.json()
    assert (response.status, body["dataType"], body["dataTotal"]) == (200, "Info", 1)
    [info] = body["dataValue"]
    assert info == {"cloud": False, "vapid": info["vapid"], "version": VERSION}
    assert VERSION.split(".")[1] == "08", "web clients go no further when this differs from theirs"


async def test_what_is_configured_is_told_to_clients(database_settings: PostgresqlSettings) -> None:
    options = (
        "app_demo=true,app_motd=Soup tonight",
        "config={app: {featureVotes: [Dark mode, More soup]}}",
        f"webpush_vapidprivatekey={VAPID.private_key},webpush_vapidpublickey={VAPID.public_key}",
    )
    async with serving(database_settings, *options) as client, client.get("/api") as response:
        [info] = (await response.json())["dataValue"]
    assert info == {
        "cloud": False,
        "demo": True,
        "featureVotes": ["Dark mode", "More soup"],
        "motd": "Soup tonight",
        "vapid": VAPID.public_key,
        "version": VERSION,
    }


async def test_a_path_may_end_with_a_slash(sign_up: SignUp) -> None:
    ann = await sign_up()
    async with ann.client.get("/api/") as response:
        assert (await response.json())["dataType"] == "Info"
    made = (await ann.post("/bookmarks/", {"name": "A", "link": "/x"})).value
    for path in ("/bookmarks", f"/bookmarks/{made['id']}", ann.home):
        answer, slashed = await ann.get(path), await ann.get(f"{path}/")
        assert slashed.values == answer.values
    assert (await ann.signed_in({}).get("/bookmarks/")).status == 410
    assert (await ann.get("/bookmarks//")).status == 404


@pytest.mark.parametrize("method", ["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"])
async def test_what_is_sold_elsewhere_is_not_here(sign_up: SignUp, method: str) -> None:
    ann = await sign_up()
    here = f"/cloud/{await ann.new_household()}"
    for path in (
        *(path.removeprefix(API) for path in ABSENT),
        here,
        f"{here}/jwt",
        f"{here}/backups/{NIL_UUID}",
        "/payments/paddle",
    ):
        for caller in (ann, ann.signed_in({})):
            answer = await caller.call(method, path, {"emailAddress": "ann@house.test", "message": "Hello"})
            assert (answer.status, answer.body) == (404, None), path
    assert not [route for route in routes() if route.path.startswith(ABSENT)]


@pytest.mark.parametrize("address", ["health", "metrics"])
async def test_what_has_no_key_is_closed(served: Client, address: str) -> None:
    for query in ("", "?key=", "?key=guess"):
        async with served.get(f"{API}/system/{address}{query}") as response:
            assert response.status == 403


async def test_each_address_has_a_key_of_its_own(database_settings: PostgresqlSettings) -> None:
    async with serving(database_settings, *KEYS) as client:
        for address, key, status in (
            ("health", "open", 200),
            ("health", "sesame", 403),
            ("metrics", "sesame", 200),
            ("metrics", "open", 403),
            ("metrics", "sesame%20", 403),
        ):
            async with client.get(f"{API}/system/{address}?key={key}") as response:
                assert response.status == status, (address, key)
        async with client.get(f"{API}/system/health?key=open") as response:
            assert await response.json() == {"db": True}
        async with client.head(f"{API}/system/health?key=open") as response:
            assert (response.status, await response.read()) == (200, b"")
        async with client.get(f"{API}/system/metrics?key=sesame") as response:
            assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
            assert "homechart_task_runner" in await response.text()


async def test_a_server_without_its_database_is_not_well(database_settings: PostgresqlSettings) -> None:
    async with serving(database_settings, *KEYS) as client:
        await client.app[DATABASE].close()
        async with client.get(f"{API}/system/health?key=open") as response:
            assert (response.status, await response.json()) == (500, {"db": False})
        async with client.head(f"{API}/system/health?key=open") as response:
            assert response.status == 500
