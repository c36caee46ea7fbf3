"""What one update of the page costs at the end of a long meeting, in a real Chromium.

    .venv/bin/python scripts/measure_page.py [--words 10000] [--updates 300] [--speakers 3]

The transcript is there first; then captions go on as they do live, five messages a second's worth
after another, a new line with every tenth. Times are the browser's own counters per update. The
memory is that after a garbage collection, before and after as many words again. Then frames are
timed: while 20 updates come in a second, and while somebody scrolls from the end to the beginning;
and a search.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import CDPSession, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from e2e.fake_server import FakeServer, Message, diff, line, snapshot, wait_for
from e2e.sound import write_sound

WORDS_PER_LINE = 10
COUNTERS = ("ScriptDuration", "LayoutDuration", "RecalcStyleDuration", "TaskDuration")
SAID = "And so we went on to speak of other things."


FRAMES = """() => {
  window.frames_ms = [];
  let before = performance.now();
  const step = (now) => {
    window.frames_ms.push(now - before);
    before = now;
    window.timing = requestAnimationFrame(step);
  };
  window.timing = requestAnimationFrame(step);
}"""
STOP_FRAMES = "() => { cancelAnimationFrame(window.timing); return window.frames_ms.slice(1); }"


def lines(count: int, speakers: int, first: int = 0) -> list[Message]:
    return [
        line(i, SAID, 4.0 * i, 4.0 * i + 3.5, speaker=1 + (i // 3) % speakers)
        for i in range(first, first + count)
    ]


def counters(cdp: CDPSession) -> dict[str, float]:
    found = cdp.send("Performance.getMetrics")["metrics"]
    return {each["name"]: each["value"] for each in found}


def heap_mb(cdp: CDPSession) -> float:
    cdp.send("HeapProfiler.collectGarbage")
    return counters(cdp)["JSHeapUsedSize"] / 1e6


def settle(page: Page) -> None:
    page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")


def measure(page: Page, server: FakeServer, words: int, updates: int, speakers: int) -> None:
    cdp = page.context.new_cdp_session(page)
    cdp.send("Performance.enable")
    page.click("#start")
    wait_for(lambda: server.heard)
    page.wait_for_timeout(500)
    page.click("#pause")  # The meter's own drawing would be counted too.
    page.wait_for_timeout(500)
    total = words // WORDS_PER_LINE
    server.say(**snapshot(1, lines(total, speakers)))
    page.locator(f"#log .row >> nth={total - 1}").wait_for(timeout=60_000)
    page.wait_for_timeout(3000)
    costs: dict[str, list[float]] = {name: [] for name in COUNTERS}
    before_mb = heap_mb(cdp)
    spoken = SAID.split()
    for seq in range(updates):
        said = seq % WORDS_PER_LINE
        new = lines(1, speakers, total) if said == 0 and seq else []
        total += len(new)
        text = " ".join(spoken[: said + 1])
        before = counters(cdp)
        server.say(**diff(2 + seq, total, text=text, final=len(text) // 2, new_lines=new))
        page.locator("#growing .ink").filter(has_text=text[: len(text) // 2]).wait_for()
        settle(page)
        after = counters(cdp)
        for name in COUNTERS:
            costs[name].append(1000 * (after[name] - before[name]))
    print(f"{words} words on the screen, {updates} updates; per update, in ms:")  # noqa: T201
    for name, values in costs.items():
        worst = sorted(values)[int(0.95 * len(values))]
        print(f"  {name:20} median {statistics.median(values):6.2f}   p95 {worst:6.2f}")  # noqa: T201
    page.wait_for_timeout(2000)
    print(f"  heap {before_mb:.1f} MB before, {heap_mb(cdp):.1f} MB after")  # noqa: T201
    total = fast_updates(page, server, total, 2 + updates, speakers)
    scroll_up(page)
    search(page)


def fast_updates(page: Page, server: FakeServer, total: int, seq: int, speakers: int) -> int:
    """Frames while words come 20 times a second, from one speaker after another."""
    spoken = SAID.split()
    page.evaluate(FRAMES)
    for n in range(200):
        new = lines(1, speakers, total) if n % WORDS_PER_LINE == 0 else []
        total += len(new)
        text = " ".join(spoken[: 1 + n % WORDS_PER_LINE])
        server.say(**diff(seq + n, total, text=text, final=len(text) // 2, new_lines=new))
        time.sleep(0.05)
    report("frames at 20 updates a second", page.evaluate(STOP_FRAMES))
    return total


def scroll_up(page: Page) -> None:
    """Frames while somebody scrolls from the end to the beginning."""
    page.mouse.move(640, 300)
    page.evaluate(FRAMES)
    for _ in range(100):
        page.mouse.wheel(0, -2000)
        page.wait_for_timeout(30)
    report("frames while scrolling", page.evaluate(STOP_FRAMES))


def search(page: Page) -> None:
    """From the last key to the first mark, for a word that is in every line."""
    page.keyboard.press("/")
    page.keyboard.type("thing")
    before = page.evaluate("performance.now()")
    page.keyboard.type("s")
    settle(page)
    found = page.locator("#search-count").inner_text()
    taken = page.evaluate("performance.now()") - before
    print(f"  search: {found} in {taken:.0f} ms")  # noqa: T201


def report(what: str, milliseconds: list[float]) -> None:
    ordered = sorted(milliseconds)
    worst = ordered[int(0.95 * len(ordered))]
    print(  # noqa: T201
        f"  {what}: median {statistics.median(ordered):.1f}, p95 {worst:.1f}, "
        f"longest {ordered[-1]:.1f} ms"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--words", type=int, default=10_000)
    parser.add_argument("--updates", type=int, default=300)
    parser.add_argument("--speakers", type=int, default=3)
    chosen = parser.parse_args()
    server = FakeServer()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        write_sound(Path(folder) / "sound.wav")
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("LIVESTT_CHROMIUM") or shutil.which("chromium"),
            args=[
                *(["--no-sandbox"] if os.geteuid() == 0 else []),
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-audio-capture={folder}/sound.wav",
            ],
        )
        server.start()
        try:
            context = browser.new_context(permissions=["microphone"])
            page = context.new_page()
            page.goto(server.url)
            measure(page, server, chosen.words, chosen.updates, chosen.speakers)
        finally:
            server.stop()
            browser.close()


if __name__ == "__main__":
    main()
