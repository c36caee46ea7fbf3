"""Sends every WebSocket message back over livestt's own transport, for test suites of the protocol.

python scripts/echo_server.py --port 9001
wstest -m fuzzingclient -s fuzzingclient.json    # against ws://127.0.0.1:9001/v1/realtime
"""

from __future__ import annotations

import click
import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from livestt.server.run import config
from livestt.server.sockets.transport import LARGE_MESSAGES
from livestt.settings import Settings


async def echo(socket: WebSocket) -> None:
    """Until the client leaves, or breaks the protocol."""
    await socket.accept()
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        try:
            if message.get("text") is not None:
                await socket.send_text(message["text"])
            else:
                await socket.send_bytes(message["bytes"])
        except WebSocketDisconnect:
            return


@click.command()
@click.option("--port", default=9001, show_default=True)
def main(port: int) -> None:
    """Serve until interrupted, on the paths that take large messages."""
    routes = [WebSocketRoute(path, echo) for path in LARGE_MESSAGES]
    uvicorn.Server(config(Starlette(routes=routes), Settings(port=port))).run()


if __name__ == "__main__":
    main()
