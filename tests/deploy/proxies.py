"""The reverse proxies whose configuration we ship, each changed as its user would and in a folder of its own."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tests.processes import free_port

CERTIFICATE = Path(__file__).parents[1] / "localhost.pem"

_SHIPPED = Path(__file__).parents[2] / "deploy"


class Proxy:
    """A reverse proxy in front of API processes on some ports; ``port`` is where it serves https."""

    program: str
    #: Its command lines without the program: ``check`` only says whether it understands its configuration.
    check: Sequence[str]
    run: Sequence[str]
    #: Whether a write to a process that is gone goes to another one.
    sends_writes_elsewhere = True

    def __init__(self, folder: Path, ports: Sequence[int]) -> None:
        self.folder = folder
        self.port = free_port()

    @property
    def environment(self) -> dict[str, str]:
        """What it is started with: it keeps nothing outside its folder."""
        folders = dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"), str(self.folder))
        return {**os.environ, **folders}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """It runs inside the block."""
        with (self.folder / "output").open("w") as output:
            process = await asyncio.create_subprocess_exec(
                self.program, *self.run, env=self.environment, stdout=output, stderr=output
            )
        try:
            async with asyncio.timeout(10):
                while not await _listens(self.port):
                    assert process.returncode is None, (self.folder / "output").read_text()
                    await asyncio.sleep(0.02)
            yield
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


class Nginx(Proxy):
    """nginx, with what a distribution's nginx.conf has around our file."""

    program = "nginx"

    _AROUND = """
        daemon off;
        worker_processes 2;
        pid {folder}/pid;
        error_log {folder}/error.log notice;
        events {{ worker_connections 512; }}
        http {{
            log_format brief '$request_method $uri';
            access_log {folder}/access.log brief;
            client_body_temp_path {folder}/body;
            proxy_temp_path {folder}/proxy;
            fastcgi_temp_path {folder}/fastcgi;
            uwsgi_temp_path {folder}/uwsgi;
            scgi_temp_path {folder}/scgi;
            include {folder}/homechart.conf;
        }}
    """

    def __init__(self, folder: Path, ports: Sequence[int]) -> None:
        super().__init__(folder, ports)
        shipped = (_SHIPPED / "nginx" / "homechart.conf").read_text()
        ours = {
            "listen 80;": f"listen 127.0.0.1:{free_port()};",
            "listen 443 ": f"listen 127.0.0.1:{self.port} ",
            **_addresses(ports),
            "/etc/letsencrypt/live/home.example.com/fullchain.pem": str(CERTIFICATE),
            "/etc/letsencrypt/live/home.example.com/privkey.pem": str(CERTIFICATE),
        }
        # not every host has IPv6
        text = _changed(re.sub(r" +listen \[::\].*\n", "", shipped), ours)
        (folder / "homechart.conf").write_text(text)
        (folder / "nginx.conf").write_text(self._AROUND.format(folder=folder))
        self.run = ["-p", str(folder), "-c", str(folder / "nginx.conf")]
        self.check = ["-t", "-q", *self.run]

    @property
    def logged(self) -> list[str]:
        """The requests in its log."""
        return (self.folder / "access.log").read_text().splitlines()


class Caddy(Proxy):
    """Caddy, which would get its certificate by itself."""

    program = "caddy"
    sends_writes_elsewhere = False  # before 2.11.2

    _AROUND = "{\n\tadmin off\n\tauto_https disable_redirects\n}\n"

    def __init__(self, folder: Path, ports: Sequence[int]) -> None:
        super().__init__(folder, ports)
        shipped = (_SHIPPED / "caddy" / "Caddyfile").read_text()
        site = f"localhost:{self.port} {{\n\tbind 127.0.0.1\n\ttls {CERTIFICATE} {CERTIFICATE}"
        text = _changed(shipped, {"home.example.com {": site, **_addresses(ports)})
        file = folder / "Caddyfile"
        file.write_text(self._AROUND + text)
        self.run = ["run", "--adapter", "caddyfile", "--config", str(file)]
        self.check = ["validate", *self.run[1:]]


class Haproxy(Proxy):
    """HAProxy, which gets the certificate and its key in one file."""

    program = "haproxy"

    _REQUEST = re.compile(r'"(\w+ \S+) HTTP/')

    def __init__(self, folder: Path, ports: Sequence[int]) -> None:
        super().__init__(folder, ports)
        # only root could become somebody else
        shipped = re.sub(r" +(user|group) .*\n", "", (_SHIPPED / "haproxy" / "haproxy.cfg").read_text())
        ours = {
            "log /dev/log": "log stdout format raw",
            "bind :80": f"bind 127.0.0.1:{free_port()}",
            "bind :443": f"bind 127.0.0.1:{self.port}",
            "/etc/haproxy/home.example.com.pem": str(CERTIFICATE),
            **_addresses(ports),
        }
        file = folder / "haproxy.cfg"
        file.write_text(_changed(shipped, ours))
        self.run = ["-db", "-f", str(file)]
        self.check = ["-c", "-f", str(file)]

    @property
    def logged(self) -> list[str]:
        """The requests in its log."""
        found = self._REQUEST.findall((self.folder / "output").read_text())
        return [request.replace(f"https://localhost:{self.port}", "") for request in found]


def _addresses(ports: Sequence[int]) -> dict[str, str]:
    return {
        shipped: f"127.0.0.1:{port}"
        for shipped, port in zip(("127.0.0.1:3000", "127.0.0.1:3001"), ports, strict=True)
    }


def _changed(text: str, changes: Mapping[str, str]) -> str:
    for shipped, ours in changes.items():
        assert shipped in text
        text = text.replace(shipped, ours)
    return text


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
