"""Chromium with the extension in it, and the parts of it that Playwright does not show.

The side panel, the hidden document, the service worker and the overlay's own world are reached
through the browser's debugging port. ``--mute-audio`` (a default of Playwright's) would make a
captured tab silent, and ``--use-fake-ui-for-media-stream`` would break tab capture.
"""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, Playwright
from websockets.sync.client import ClientConnection, connect

from livestt.extension import EXTENSION_ID, ORIGIN

from .fake_server import PATIENCE, wait_for

PANEL = f"{ORIGIN}/chrome-extension/panel.html"
OVERLAY_WORLD = "livestt: live captions"
"""Content scripts run in a world named after their extension."""


class Target:
    """One document or worker, by its debugging socket."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._sent = 0
        self.worlds: dict[str, int] = {}

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        self._sent += 1
        self._socket.send(json.dumps({"id": self._sent, "method": method, "params": params}))
        while True:
            message = json.loads(self._socket.recv(20))
            if message.get("method") == "Runtime.executionContextCreated":
                world = message["params"]["context"]
                self.worlds[world["name"]] = world["id"]
            if message.get("id") == self._sent:
                assert "error" not in message, message["error"]
                answer: dict[str, Any] = message["result"]
                return answer

    def evaluate(self, expression: str, world: str | None = None) -> Any:
        where = {} if world is None else {"contextId": self.worlds[world]}
        answer = self.send(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True,
            **where,
        )  # fmt: skip
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")


class ExtensionBrowser:
    """A browser that has the extension."""

    def __init__(self, context: BrowserContext, profile: Path) -> None:
        self.context = context
        browser = context.browser
        assert browser is not None
        self._session = browser.new_browser_cdp_session()
        active = profile / "DevToolsActivePort"
        wait_for(lambda: active.is_file() and "\n" in active.read_text())
        self._port = int(active.read_text().split()[0])

    def grant(self) -> None:
        """What a user would have allowed; not for one origin, as extensions have none here."""
        self.context.grant_permissions(["microphone", "clipboard-read", "clipboard-write"])

    def press_button(self, page: Page) -> None:
        """Press the extension's button in the toolbar while a page is in front."""
        page.bring_to_front()
        found = self._session.send("Target.getTargets", {"filter": [{}]})["targetInfos"]
        [tab] = [t for t in found if t["type"] == "tab" and t["url"] == page.url]
        self._session.send(
            "Extensions.triggerAction", {"id": EXTENSION_ID, "targetId": tab["targetId"]}
        )

    def urls(self) -> list[str]:
        return [target["url"] for target in self._targets()]

    def end_worker(self) -> None:
        """End the service worker, as the browser does after half a minute."""
        [worker] = [t for t in self._targets() if t["type"] == "service_worker"]
        self._session.send("Target.closeTarget", {"targetId": worker["id"]})
        wait_for(lambda: not any(t["type"] == "service_worker" for t in self._targets()))

    @contextmanager
    def target(self, url: str) -> Iterator[Target]:
        """The document or worker whose address ends so."""
        wait_for(lambda: any(found.endswith(url) for found in self.urls()))
        [found] = [t for t in self._targets() if t["url"].endswith(url)]
        with connect(found["webSocketDebuggerUrl"], max_size=None, compression=None) as socket:
            yield Target(socket)

    def overlay(self, page: Page, expression: str) -> Any:
        """A value from the overlay of a page; in it, ``root`` is the shadow root or undefined."""
        with self.target(page.url) as target:
            target.send("Runtime.enable")
            target.send("Page.enable")
            if OVERLAY_WORLD not in target.worlds:
                return None
            root = "const root = globalThis.livesttOverlay?.root;"
            return target.evaluate(f"(() => {{ {root} return {expression}; }})()", OVERLAY_WORLD)

    def overlay_text(self, page: Page) -> str:
        text = "root?.host.isConnected ? root.querySelector('.lines').textContent : ''"
        return self.overlay(page, text) or ""

    def _targets(self) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/json/list", timeout=10) as got:
            targets: list[dict[str, Any]] = json.load(got)
        return targets


@contextmanager
def browser_with_extension(
    playwright: Playwright, chromium: str, folder: Path, profile: Path, microphone: Path
) -> Iterator[ExtensionBrowser]:
    context = playwright.chromium.launch_persistent_context(
        str(profile),
        executable_path=chromium,
        ignore_default_args=["--mute-audio", "--disable-extensions"],
        args=[
            *(["--no-sandbox"] if os.geteuid() == 0 else []),
            f"--disable-extensions-except={folder}",
            f"--load-extension={folder}",
            "--remote-debugging-port=0",
            "--autoplay-policy=no-user-gesture-required",
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-audio-capture={microphone}",
        ],
    )
    try:
        context.set_default_timeout(1000 * PATIENCE)
        extension = ExtensionBrowser(context, profile)
        extension.grant()
        yield extension
    finally:
        context.close()
