"""The web client's files: which are served, which never, and with what they may be kept."""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from homechart_api.app import create_app
from homechart_common.config import load
from homechart_common.errors import StartupError
from homechart_common.postgresql.database import Database
from homechart_common.postgresql.settings import PostgresqlSettings

IMMUTABLE = "public, max-age=60, immutable"
PAGE = "<!doctype html><title>The client</title>" + "<p>Hello</p>" * 200

Client = TestClient[web.Request, web.Application]


@asynccontextmanager
async def serving(settings: PostgresqlSettings, **options: str) -> AsyncIterator[Client]:
    """The application with these options of section ``app``."""
    options |= {"cachecontrol": IMMUTABLE}
    config = load(environment={f"HOMECHART_APP_{name.upper()}": value for name, value in options.items()})
    server = TestServer(create_app(config, settings))
    async with TestClient(server, auto_decompress=False, headers={"Accept-Encoding": "identity"}) as client:
        yield client


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A built client, with something beside it that is nobody's business."""
    root = tmp_path / "client"
    for name, text in {
        "client/index.html": PAGE,
        "client/sw.js": "// the service worker",
        "client/homechart_icon.png": "PNG",
        "client/assets/main-4f3a.js": "export const answer = 42;\n" * 200,
        "client/.well-known/assetlinks.json": "[]",
        "client/.env": "SECRET=1",
        "client/.git/config": "SECRET=1",
        "secret.txt": "SECRET=1",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (root / "link.txt").symlink_to(tmp_path / "secret.txt")
    (root / "out").symlink_to(tmp_path)
    return root


@pytest.fixture
async def client(database: Database, folder: Path) -> AsyncIterator[Client]:
    async with serving(database.settings, uidir=str(folder)) as client:
        yield client


async def test_root_is_the_clients_page(client: Client) -> None:
    response = await client.get("/")

    assert response.status == 200
    assert response.content_type == "text/html"
    assert await response.text() == PAGE


@pytest.mark.parametrize(
    "path", ["/plan/tasks", "/signin?next=/shop", "/a/b/c.html", "/homechart_gone", "/apis"]
)
async def test_a_place_inside_the_client_is_its_page_too(client: Client, path: str) -> None:
    response = await client.get(path)

    assert response.status == 200
    assert await response.text() == PAGE
    assert response.headers["Cache-Control"] == "no-store"


async def test_an_asset_that_is_gone_is_no_page(client: Client) -> None:
    response = await client.get("/assets/main-0000.js")

    assert response.status == 404
    assert await response.read() == b""
    assert response.headers["Cache-Control"] == response.headers["CDN-Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/assets/main-4f3a.js", "/homechart_icon.png"])
async def test_what_never_changes_may_be_kept_as_configured(client: Client, path: str) -> None:
    response = await client.get(path)

    assert response.status == 200
    assert response.headers["Cache-Control"] == response.headers["CDN-Cache-Control"] == IMMUTABLE


async def test_the_service_worker_is_not_kept(client: Client) -> None:
    response = await client.get("/sw.js")

    assert response.content_type == "text/javascript"
    assert response.headers["Cache-Control"] == "no-store"


async def test_well_known_files_are_served(client: Client) -> None:
    response = await client.get("/.well-known/assetlinks.json")

    assert await response.text() == "[]"


async def test_robots_stay_out(client: Client) -> None:
    response = await client.get("/robots.txt")

    lines = (await response.text()).splitlines()
    assert lines == ["User-agent: *", "Allow: /.well-known/*", "Disallow: /"]


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e/secret.txt",
        "/%2e%2e%2fsecret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/assets/%2e%2e/%2e%2e/secret.txt",
        "/..%5csecret.txt",
        "/%2fetc/passwd",
        "/link.txt",
        "/out/secret.txt",
        "/.env",
        "/.git/config",
        "/x/../.env",
        "/index.html%00.txt",
        "/" + "a" * 5000,
        "/%ff%fe",
    ],
)
async def test_nothing_outside_the_folder_and_nothing_hidden_is_served(client: Client, path: str) -> None:
    response = await client.get(URL(path, encoded=True))

    text = await response.text(errors="replace")
    assert response.status in (200, 400, 404)
    assert "SECRET" not in text
    assert "root:" not in text
    assert response.status != 200 or text == PAGE


async def test_a_request_line_that_is_no_normal_path_gets_no_file(client: Client) -> None:
    """Clients normalise what they send; whoever attacks does not."""
    for line in (
        b"/../secret.txt",
        b"/assets/../../secret.txt",
        b"http://x/../secret.txt",
        b"//out/secret.txt",
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
        writer.write(b"GET " + line + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        assert b"SECRET" not in answer


async def test_pages_may_run_no_foreign_script_and_be_in_no_frame(client: Client) -> None:
    headers = (await client.get("/somewhere")).headers

    policy = dict(rule.split(" ", 1) for rule in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


async def test_head_answers_without_the_file(client: Client) -> None:
    response = await client.head("/")

    assert response.status == 200
    assert response.headers["Content-Length"] == str(len(PAGE))
    assert await response.read() == b""


@pytest.mark.parametrize(
    ("method", "condition", "status"),
    [
        ("HEAD", "", 200),
        ("GET", "If-None-Match: *", 304),
        ("HEAD", "If-None-Match: *", 304),
        ("GET", "If-Modified-Since: Fri, 23 Nov 2998 10:00:00 GMT", 304),
        ("GET", 'If-Match: "another"', 412),
        ("GET", "Range: bytes=9999999-", 416),
    ],
)
async def test_an_answer_without_a_file_has_no_body_for_who_reads_gzip(
    client: Client, method: str, condition: str, status: int
) -> None:
    lines = (f"{method} /assets/main-4f3a.js HTTP/1.1", "Host: x", "Accept-Encoding: gzip", condition)
    asked = "\r\n".join(line for line in lines if line).encode() + b"\r\n"
    reader, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(asked + b"\r\n" + asked + b"Connection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()
    heads = [head for head in re.split(rb"\r\n\r\n(?:0\r\n\r\n)?", answer) if head]
    assert [head.split()[:2] for head in heads] == [[b"HTTP/1.1", str(status).encode()]] * 2


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_other_methods_are_refused_outside_the_api(client: Client, method: str) -> None:
    response = await client.request(method, "/plan/tasks")

    assert response.status == 405
    assert response.headers["Allow"] == "GET,HEAD"


async def test_a_file_that_the_caller_has_is_not_sent_again(client: Client) -> None:
    first = await client.get("/assets/main-4f3a.js")

    by_tag = await client.get("/assets/main-4f3a.js", headers={"If-None-Match": first.headers["ETag"]})
    by_date = await client.get(
        "/assets/main-4f3a.js", headers={"If-Modified-Since": first.headers["Last-Modified"]}
    )

    for response in (by_tag, by_date):
        assert response.status == 304
        assert await response.read() == b""
        assert response.headers["Cache-Control"] == IMMUTABLE


async def test_texts_are_compressed_for_who_reads_it(client: Client, folder: Path) -> None:
    packed = await client.get("/assets/main-4f3a.js", headers={"Accept-Encoding": "gzip"})
    plain = await client.get("/assets/main-4f3a.js", headers={"Accept-Encoding": "identity"})

    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
    body = await packed.read()
    assert len(body) < 500
    assert gzip.decompress(body) == await plain.read() == (folder / "assets/main-4f3a.js").read_bytes()


async def test_a_part_of_a_file_is_that_part(client: Client) -> None:
    response = await client.get("/sw.js", headers={"Range": "bytes=3-5", "Accept-Encoding": "gzip"})

    assert response.status == 206
    assert await response.read() == b"the"


async def test_unknown_routes_of_the_api_are_no_page(client: Client) -> None:
    for path in ("/api/nothing", "/api/nothing/", "/api/v1/nothing"):
        response = await client.get(path)
        assert response.status == 404
        assert await response.read() == b""


async def test_the_packaged_client_needs_no_configuration(database: Database) -> None:
    async with serving(database.settings) as client:
        response = await client.get("/")

        assert response.status == 200
        assert "<title>Homechart</title>" in await response.text()


def test_a_folder_without_a_client_is_said_at_start(
    database_settings: PostgresqlSettings, tmp_path: Path
) -> None:
    config = load(environment={"HOMECHART_APP_UIDIR": str(tmp_path)})

    with pytest.raises(StartupError, match=r"app\.uiDir: there is no index\.html"):
        create_app(config, database_settings)


async def upstream(request: web.Request) -> web.StreamResponse:
    """A development server that tells what it was asked."""
    if request.path == "/redirect":
        raise web.HTTPFound("/elsewhere")
    return web.json_response(
        {"path": request.raw_path, "host": request.host, "language": request.headers.get("Accept-Language")},
        headers={"X-Kept": "yes", "ETag": '"1"'},
    )


@pytest.fixture
async def development() -> AsyncIterator[TestServer]:
    app = web.Application()
    app.router.add_get("/{path:.*}", upstream)
    async with TestServer(app) as server:
        yield server


async def test_a_development_server_is_asked_for_everything_outside_the_api(
    database: Database, development: TestServer
) -> None:
    address = f"http://127.0.0.1:{development.port}"
    async with serving(database.settings, uihost=address) as client:
        response = await client.get(
            URL("/@vite/client%20x?t=%31&v=2", encoded=True), headers={"Accept-Language": "pt"}
        )
        api = await client.get("/api")

        assert response.headers["X-Kept"] == "yes"
        assert await response.json() == {
            "path": "/@vite/client%20x?t=%31&v=2",
            "host": f"127.0.0.1:{development.port}",
            "language": "pt",
        }
        assert (await api.json())["dataType"] == "Info"


async def test_where_a_request_goes_is_not_for_its_caller_to_say(
    database: Database, development: TestServer
) -> None:
    address = f"http://127.0.0.1:{development.port}"
    async with serving(database.settings, uihost=address) as client:
        for line in (b"//127.0.0.1:1/x", b"http://127.0.0.1:1/x", b"http://a@127.0.0.1:1/x"):
            reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
            writer.write(b"GET " + line + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            answer = await reader.read()
            writer.close()
            await writer.wait_closed()
            assert f'"host": "127.0.0.1:{development.port}"'.encode() in answer


async def test_redirects_of_the_development_server_are_passed_on(
    database: Database, development: TestServer
) -> None:
    async with serving(database.settings, uihost=f"http://127.0.0.1:{development.port}") as client:
        response = await client.get("/redirect", allow_redirects=False)

        assert response.status == 302
        assert response.headers["Location"] == "/elsewhere"


async def test_a_development_server_that_is_down_is_said_in_words(
    database: Database, unused_tcp_port: int
) -> None:
    async with serving(database.settings, uihost=f"http://127.0.0.1:{unused_tcp_port}") as client:
        response = await client.get("/")

        assert response.status == 503
        assert "does not answer" in (await response.json())["message"]
