"""A web site with pages that make sound, under two host names, which are two origins."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>A page that plays</title>
<link rel="icon" href="data:,"><h1>A page that plays</h1>
<style>div { position: static !important; background: red !important; width: 100% }</style>
<script>
  document.querySelector("h1").onclick = (event) => event.target.requestFullscreen();
  (async () => {
    const context = new AudioContext();
    const name = new URLSearchParams(location.search).get("sound");
    const bytes = await (await fetch(name)).arrayBuffer();
    const source = context.createBufferSource();
    source.buffer = await context.decodeAudioData(bytes);
    source.loop = !location.search.includes("once");
    source.connect(context.destination);
    window.play = () => source.start();
    if (source.loop) play();
  })();
</script></html>
"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def serve_site(folder: Path) -> Iterator[int]:
    """Serve a folder and a page that plays its sounds; yields the port."""
    (folder / "page.html").write_text(PAGE, encoding="utf-8")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, name="site")
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
