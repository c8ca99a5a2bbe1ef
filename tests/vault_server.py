"""A server that speaks the part of Vault's API that reading secrets takes, over real HTTP."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

#: A certificate for localhost that vouches for itself, and its key.
CERTIFICATE = Path(__file__).with_name("localhost.pem")

TOKEN = "hvs.let-me-in"


@dataclass
class VaultServer:
    """What it holds, and in which state it is; both can be changed at any time."""

    #: Engines by where they are mounted, with their version.
    engines: dict[str, int] = field(default_factory=lambda: {"secret": 2})
    #: Secrets by mount and path.
    secrets: dict[str, Any] = field(default_factory=dict)
    #: Who may log in below ``auth/``: what they have to send.
    logins: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=lambda: {TOKEN})
    #: The status of every answer, if it is to be a failure.
    failure: int = 0
    #: What every answer is instead of what it should be.
    instead: bytes = b""
    #: Set when it may answer.
    awake: threading.Event = field(default_factory=threading.Event)
    #: The headers of what it was asked, by path.
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    port: int = 0

    @property
    def address(self) -> str:
        """Where it is, by http."""
        return f"http://127.0.0.1:{self.port}"

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        """The status and the content of an answer."""
        self.asked.append((path, headers))
        self.awake.wait(10)
        if self.failure:
            return self.failure, {"errors": [f"{self.failure}: {headers.get('X-Vault-Token')} {body!r}"]}
        if path.startswith("auth/"):
            return self._log_in(path, json.loads(body))
        if headers.get("X-Vault-Token") not in self.tokens:
            return 403, {"errors": ["permission denied"]}
        if path.startswith("sys/internal/ui/mounts/"):
            return self._about(path.removeprefix("sys/internal/ui/mounts/"))
        return self._read(path)

    def _log_in(self, path: str, given: dict[str, str]) -> tuple[int, Any]:
        mount = path.removeprefix("auth/").removesuffix("/login")
        if mount not in self.logins:
            return 404, {"errors": []}
        if given != self.logins[mount]:
            return (400 if "role_id" in given else 403), {"errors": [f"invalid: {given}"]}
        self.tokens.add("issued")
        return 200, {"auth": {"client_token": "issued", "lease_duration": 60, "renewable": True}}

    def _about(self, path: str) -> tuple[int, Any]:
        for mount, version in self.engines.items():
            if path.startswith(f"{mount}/"):
                return 200, {"data": {"type": "kv", "options": {"version": str(version)}}}
        return 403, {"errors": ["preflight capability check returned 403"]}

    def _read(self, path: str) -> tuple[int, Any]:
        for mount, version in self.engines.items():
            below = path.removeprefix(f"{mount}/")
            if version == 2:
                name = f"{mount}/{below.removeprefix('data/')}"
                if below.startswith("data/") and name in self.secrets:
                    return 200, {"data": {"data": self.secrets[name], "metadata": {"version": 1}}}
            elif path in self.secrets:
                return 200, {"data": self.secrets[path]}
        return 404, {"errors": []}


@contextmanager
def vault_server(*, tls: bool = False) -> Iterator[VaultServer]:
    """A server that listens, in a thread of its own."""
    vault = VaultServer()
    vault.awake.set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, content = vault.answer(self.path.removeprefix("/v1/"), dict(self.headers), body)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(vault.instead or json.dumps(content).encode())

        def log_message(self, *_: object) -> None:
            """It keeps no log."""

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """Callers may go away."""

    server = Quiet(("127.0.0.1", 0), Handler)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    vault.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield vault
    finally:
        vault.awake.set()
        server.shutdown()
        thread.join()
        server.server_close()
