"""What every request passes through: its id, its lines in the log, its span, and how it is counted."""

from __future__ import annotations

import re
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.parser import text_string_to_metric_families

from homechart_api.app import create_app
from homechart_common.config import load
from homechart_common.models.actors import Actors
from homechart_common.postgresql.database import Database
from tests.collector import Collector, collecting, values
from tests.people import add_account, add_session

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
CALLER = "b7ad6b7169203331"
METRICS = "/api/v1/system/metrics?key=secret"
LISTS = "/api/v1/shop/lists"

Client = TestClient[web.Request, web.Application]


async def defect(_: web.Request) -> web.Response:
    raise ZeroDivisionError("hunter2 divided by zero")


async def elsewhere(_: web.Request) -> web.Response:
    raise web.HTTPFound("/api")


@asynccontextmanager
async def serving(database: Database, *overrides: str) -> AsyncIterator[Client]:
    """The application with two routes more: a defect, and a way elsewhere."""
    app = create_app(load(overrides=overrides, environment={}), database.settings)
    app.router.add_get("/api/defect", defect)
    app.router.add_get("/api/elsewhere", elsewhere)
    async with TestClient(TestServer(app)) as client:
        yield client


@pytest.fixture
async def client(database: Database) -> AsyncIterator[Client]:
    async with serving(database, "app_systemmetricskey=secret") as client:
        yield client


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    async with collecting() as made:
        yield made


async def sign_in(database: Database) -> dict[str, str]:
    """The headers of a new session."""
    return {"x-homechart-key": await add_session(database, await add_account(database))}


async def count(client: Client, name: str, **labels: str) -> float:
    """The value of a sample as the metrics endpoint tells it; 0 while there is none."""
    text = await (await client.get(METRICS)).text()
    samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return next((sample.value for sample in samples if (sample.name, sample.labels) == (name, labels)), 0.0)


async def test_a_request_says_nothing_while_nobody_debugs(client, lines):
    await client.get("/api")
    await client.get(LISTS)
    assert lines == []


@pytest.mark.parametrize(("path", "headers"), [("/api", {"x-homechart-debug": "1"}), ("/api?debug", {})])
async def test_a_caller_can_ask_for_the_lines_of_its_request(client, lines, path, headers):
    body = await (await client.get(path, headers=headers)).json()
    assert re.sub(r":\d+'", ":1'", "".join(lines)) == (
        "[DEBUG] function='InfoRead:1' success=true status=200"
        f" method='GET' path='/api' remoteAddr='127.0.0.1' requestID='{body['requestID']}'\n"
        "[DEBUG] function='/api GET:1' success=true status=200"
        f" method='GET' path='/api' remoteAddr='127.0.0.1' requestID='{body['requestID']}'\n"
    )


async def test_lines_name_the_caller_once_it_is_known(client, database, lines):
    headers = await sign_in(database)
    actor = await Actors(database).read(headers["x-homechart-key"])
    await client.get(LISTS, headers={**headers, "x-homechart-debug": "1", "X-Forwarded-For": "192.0.2.7"})
    assert (
        f"authAccountID='{actor.account_id}' authSessionAdmin=false authSessionID='{actor.session_id}'"
        in lines[0]
    )
    assert "remoteAddr='192.0.2.7'" in lines[-1]
    assert headers["x-homechart-key"] not in "".join(lines)


async def test_a_token_in_a_path_is_told_to_nobody(client, collector, lines):
    collector.start()
    path = f"/api/v1/auth/households/{uuid.uuid4()}/invites"
    await client.get(f"{path}/7H2KQ0W9TZB4XM?debug")
    spans = await collector.collect()
    assert f"path='{path}/:token'" in lines[-1]
    assert f"{path}/:token GET" in spans
    told = "".join([*lines, repr(spans), await (await client.get(METRICS)).text()])
    assert "7H2KQ0W9TZB4XM" not in told


async def test_a_failure_that_is_the_caller_s_is_in_the_line_of_its_request(client, lines):
    await client.get(f"{LISTS}?debug")
    assert re.search(rf"function='{LISTS} GET:\d+' error='.+' success=false status=410", lines[-1])


async def test_a_defect_is_told_once_and_not_to_the_caller(client, lines):
    response = await client.get("/api/defect")
    assert response.status == 500
    assert "hunter2" not in await response.text()
    [line] = lines
    assert line.startswith("[ERROR] function='/api/defect GET:")
    assert "error='hunter2 divided by zero'" in line
    assert "in defect" in line


async def test_a_redirect_is_no_failure(client, lines):
    response = await client.get("/api/elsewhere", allow_redirects=False)
    assert (response.status, response.headers["Location"]) == (302, "/api")
    assert lines == []


async def test_requests_have_ids_of_their_own(client):
    bodies = [await (await client.get("/api")).json() for _ in range(3)]
    assert len({body["requestID"] for body in bodies}) == 3
    assert {len(body["requestID"]) for body in bodies} == {14}


async def test_a_request_is_a_span_of_its_caller_s_trace(client, collector):
    collector.start(ratio="0")
    response = await client.get(LISTS, headers={"traceparent": f"00-{TRACE_ID}-{CALLER}-01"})
    spans = await collector.collect()
    root, child = spans[f"{LISTS} GET"], spans["ShopListsRead"]
    assert root.trace_id.hex() == TRACE_ID
    assert root.parent_span_id.hex() == CALLER
    assert child.parent_span_id == root.span_id
    assert (await response.json())["requestID"] == root.span_id.hex()
    attributes = values(root.attributes)
    assert attributes.pop("line") > 0
    assert attributes == {
        "http.status_code": 410,
        "success": False,
        "method": "GET",
        "path": LISTS,
        "remoteAddr": "127.0.0.1",
        "requestID": root.span_id.hex(),
    }
    assert root.status.code == root.status.STATUS_CODE_ERROR


async def test_debugging_a_request_keeps_its_trace_whatever_the_ratio(client, collector):
    collector.start(ratio="0")
    await client.get("/api")
    await client.get("/api?debug")
    spans = await collector.collect()
    assert spans.keys() == {"/api GET", "InfoRead"}


async def test_requests_are_counted_with_what_was_answered(client):
    path = f"{LISTS}/:id"
    labels = {"path": path, "method": "PUT"}
    before = await count(client, "homechart_controller_request_total", **labels, status="410")
    after = before + 1
    response = await client.put(f"{LISTS}/{uuid.uuid4()}", data=b'{"name": "Market"}')
    size = len(await response.read())
    assert await count(client, "homechart_controller_request_total", **labels, status="410") == after
    assert await count(client, "homechart_controller_request_size_sum", **labels) == 18 * after
    assert await count(client, "homechart_controller_response_size_sum", **labels) == size * after
    assert await count(client, "homechart_controller_request_duration_bucket", **labels, le="+Inf") == after


async def test_addresses_that_lead_nowhere_are_counted_together(client):
    labels = {"path": "", "method": "GET", "status": "404"}
    before = await count(client, "homechart_controller_request_total", **labels)
    for _ in range(3):
        await client.get(f"/api/v1/{uuid.uuid4().hex}")
    assert await count(client, "homechart_controller_request_total", **labels) == before + 3


async def test_whatever_stands_in_a_path_is_counted_together(client):
    labels = {"path": f"{LISTS}/:id", "method": "GET", "status": "410"}
    before = await count(client, "homechart_controller_request_total", **labels)
    for name in (uuid.uuid4(), "nonsense", "%20"):
        await client.get(f"{LISTS}/{name}")
    assert await count(client, "homechart_controller_request_total", **labels) == before + 3


async def test_the_system_s_own_addresses_are_not_counted(client):
    path = METRICS.partition("?")[0]
    await client.get(METRICS)
    assert (
        await count(client, "homechart_controller_request_total", path=path, method="GET", status="200") == 0
    )


async def test_nothing_is_counted_where_nobody_can_read_it(client, database):
    labels = {"path": "/api", "method": "GET", "status": "200"}
    before = await count(client, "homechart_controller_request_total", **labels)
    async with serving(database) as closed:
        assert (await closed.get("/api")).status == 200
        assert (await closed.get(METRICS)).status == 403
    assert await count(client, "homechart_controller_request_total", **labels) == before


async def test_statements_are_measured_by_table_and_verb(client, database):
    headers, lists = await sign_in(database), {"table": "shop_list"}
    before = {
        verb: await count(client, "homechart_postgresql_query_duration_count", **lists, verb=verb)
        for verb in ("create", "read", "rows")
    }
    async with client.post(LISTS, headers=headers, data=b'{"name": "Market"}') as response:
        made = (await response.json())["dataValue"][0]
    await client.get(f"{LISTS}/{made['id']}", headers=headers)
    await client.get(LISTS, headers=headers)
    for verb, number in before.items():
        name = "homechart_postgresql_query_duration_count"
        assert await count(client, name, **lists, verb=verb) == number + 1, verb
        buckets = {**lists, "verb": verb, "le": "+Inf"}
        assert await count(client, "homechart_postgresql_query_duration_bucket", **buckets) == number + 1


async def test_a_statement_that_fails_is_measured_too(client, database):
    name, labels = "homechart_postgresql_query_duration_count", {"table": "shop_list", "verb": "create"}
    headers, body = await sign_in(database), b'{"name": "Twice"}'
    before = await count(client, name, **labels)
    assert [(await client.post(LISTS, headers=headers, data=body)).status for _ in range(2)] == [200, 409]
    assert await count(client, name, **labels) == before + 2


@pytest.mark.parametrize("path", [LISTS, "/api/v1/sync"])
async def test_looks_into_the_cache_are_counted(client, database, until, path):
    headers = await sign_in(database)
    await client.post(LISTS, headers=headers, data=b'{"name": "Market"}')

    async def looked() -> tuple[float, float]:
        """How often a rendered list was there, and how often not."""
        hits, misses = [
            await count(client, "homechart_cache_request_total", type="shop_list", result=result)
            for result in ("hit", "miss")
        ]
        return hits, misses

    hits, misses = await looked()
    await client.get(path, headers=headers)
    assert await looked() == (hits, misses + 1)

    async def kept() -> bool:
        await client.get(path, headers=headers)
        return (await looked())[0] > hits

    await until(kept)
