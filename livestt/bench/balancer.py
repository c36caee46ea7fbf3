"""The load balancers of ``deploy/`` on this machine's ports, otherwise as they are shipped."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from livestt.bench.chaos import answers, free_port
from livestt.errors import SetupError

SERVERS = r"192\.0\.2\.\d+:8000"
"""The addresses that the shipped files have for servers; for documentation (RFC 5737)."""
NAME = "captions.example.org"
NGINX = """pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_processes 1;
events {{ worker_connections 4096; }}
http {{
client_body_temp_path {folder}/body;
proxy_temp_path {folder}/proxy;
fastcgi_temp_path {folder}/fastcgi;
uwsgi_temp_path {folder}/uwsgi;
scgi_temp_path {folder}/scgi;
{site}
}}
"""
CADDY = """{{
	admin off
	auto_https disable_redirects
	storage file_system {folder}/caddy
"""


@dataclass(frozen=True, slots=True)
class Kind:
    """A balancer that livestt ships a file for."""

    file: str
    command: tuple[str, ...]


KINDS = {
    "haproxy": Kind("haproxy.cfg", ("haproxy", "-db", "-f")),
    "caddy": Kind("Caddyfile-several", ("caddy", "run", "--adapter", "caddyfile", "--config")),
    "nginx": Kind("nginx-several.conf", ("nginx", "-e", "stderr", "-g", "daemon off;", "-c")),
}


def written(
    kind: str, text: str, servers: Sequence[str], port: int, folder: Path, tls: tuple[Path, Path]
) -> str:
    """A shipped file with these addresses of servers, and certificates of one's own. Pure."""
    named = dict.fromkeys(re.findall(SERVERS, text))
    for address, own in zip(named, servers, strict=True):
        text = text.replace(address, own)
    text = text.replace(NAME, "localhost")
    if kind == "haproxy":
        text = text.replace("bind :443", f"bind 127.0.0.1:{port}")
        return text.replace("/etc/ssl/localhost.pem", str(folder / "both.pem"))
    if kind == "caddy":
        text = text.replace("{\n", CADDY.format(folder=folder), 1)
        site = f"https://localhost:{port} {{\n\tbind 127.0.0.1\n\ttls {tls[0]} {tls[1]}"
        return text.replace("\nlocalhost {", f"\n{site}")
    text = text.replace("listen 443", f"listen 127.0.0.1:{port}")
    text = re.sub(r"(ssl_certificate +).*;", rf"\1{tls[0]};", text)
    text = re.sub(r"(ssl_certificate_key +).*;", rf"\1{tls[1]};", text)
    text = text.replace("/var/log/nginx/", f"{folder}/")
    return NGINX.format(folder=folder, site=text)


@contextmanager
def balancer(
    kind: str, shipped: Path, servers: Sequence[str], folder: Path, tls: tuple[Path, Path]
) -> Iterator[int]:
    """A balancer before these servers inside the block; yields the port it listens on, with TLS.

    Args:
        kind: one of `KINDS`.
        shipped: the folder with the files.
        servers: addresses, such as ``127.0.0.1:8000``, of as many servers as the file names.
        folder: for what it writes.
        tls: certificate and key, for ``localhost``.

    Raises:
        SetupError: it is not installed, or does not start.
    """
    program = KINDS[kind]
    if shutil.which(program.command[0]) is None:
        raise SetupError(f"{kind} is not installed (Debian: apt-get install {kind}).")
    (folder / "both.pem").write_text("".join(path.read_text("ascii") for path in tls), "ascii")
    port = free_port()
    file = folder / program.file
    text = (shipped / program.file).read_text("utf-8")
    file.write_text(written(kind, text, servers, port, folder, tls), "utf-8")
    with (folder / f"{kind}.log").open("wb") as log:
        process = subprocess.Popen(
            [*program.command, file], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            while not answers(port):
                if process.poll() is not None:
                    raise SetupError(f"{kind} ended: {(folder / f'{kind}.log').read_text('utf-8')}")
                time.sleep(0.05)
            yield port
        finally:
            process.terminate()
            process.wait()
