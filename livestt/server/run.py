"""Runs the application under uvicorn."""

from __future__ import annotations

import logging
import socket
from contextlib import suppress

import anyio
import uvicorn
from starlette.applications import Starlette

from livestt import logs
from livestt.server.access import asking
from livestt.server.access.self_signed import ANY, own_addresses
from livestt.server.services import Services
from livestt.server.sockets.http import AbortableHttp
from livestt.server.sockets.transport import LARGEST, CaptionSocket
from livestt.settings import Settings

log = logging.getLogger(__name__)

GRACE = 5
"""Seconds that connections get on shutdown, once the sessions have had their last words."""


def config(app: Starlette, settings: Settings) -> uvicorn.Config:
    """uvicorn's settings for this server.

    Compression is off: it makes a PCM frame cost several times as much and hardly smaller.
    Protocol pings are off because the server does not read while a session is too far ahead,
    and an unread pong would look like a dead client; heartbeats and send timeouts find those.
    Its access log is off: `livestt.server.operations.observing` writes one that holds no queries.
    What else it logs goes where all else goes.
    """
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        ssl_certfile=settings.ssl_certfile,
        ssl_keyfile=settings.ssl_keyfile,
        forwarded_allow_ips=settings.forwarded_allow_ips,
        log_level=settings.log_level,
        log_config=None,
        access_log=False,
        http=AbortableHttp,
        ws=CaptionSocket,
        ws_max_size=LARGEST,
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        timeout_graceful_shutdown=GRACE,
        server_header=False,
    )


class Server(uvicorn.Server):
    """uvicorn, but it says where it is found, and sessions say their last words before it stops."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.config.host not in ANY or not self.servers:
            return
        port = self.servers[0].sockets[0].getsockname()[1]
        scheme = "https" if self.config.is_ssl else "http"
        for name in names_elsewhere(self.config.host):
            log.info("For people on other machines: %s://%s:%d", scheme, name, port)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        app = self.config.app
        assert isinstance(app, Starlette)
        services: Services = app.state.services
        await services.sessions.drain(lambda: self.force_exit)
        await super().shutdown(sockets)
        if self.force_exit:  # after a second Ctrl+C uvicorn would leave everything open
            with anyio.move_on_after(GRACE):
                await self.lifespan.shutdown()


def serve(app: Starlette, settings: Settings) -> None:
    """Serve until interrupted. Blocking."""
    if settings.log_format == "json":
        for handler in logging.getLogger().handlers:
            handler.setFormatter(logs.formatter("json", asking.context))
    with suppress(KeyboardInterrupt):  # uvicorn raises it again after a clean stop by Ctrl+C
        Server(config(app, settings)).run()


def names_elsewhere(host: str) -> list[str]:
    """What others may write in a URL for a server on an unspecified address such as ``0.0.0.0``."""
    found = [name for name in own_addresses() if not host or (":" in host) == (":" in name)]
    return [f"[{name}]" if ":" in name else name for name in found] or [socket.gethostname()]
