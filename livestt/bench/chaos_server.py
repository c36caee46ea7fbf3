"""The server that `livestt.bench.chaos` kills: ``python -m livestt.bench.chaos_server PORT STORE
[CERTIFICATE KEY]``. Instead of a port, ``HOST:PORT``."""

from __future__ import annotations

import sys

from livestt.engines.spelled import SpelledEngine
from livestt.server.app import create_app
from livestt.server.run import serve
from livestt.settings import Settings
from livestt.store import open_store


def main(port: str, store: str, cert: str | None = None, key: str | None = None) -> None:
    host, _, port = port.rpartition(":")
    settings = Settings(
        host=host or "127.0.0.1",
        port=int(port),
        store=store,
        vad=False,
        max_sessions=500,
        resume_seconds=120,
        log_level="error",
        ssl_certfile=cert,
        ssl_keyfile=key,
    )
    serve(create_app(SpelledEngine(), settings, store=open_store(settings)), settings)


if __name__ == "__main__":
    main(*sys.argv[1:])
