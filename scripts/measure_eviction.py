#!/usr/bin/env python3
"""What a model that is put out of memory gives back, and what it costs to fetch it again.

    python scripts/measure_eviction.py --model-path ./random-base --language en

Starts a server with these options, sends it a short session four times, and waits each time until
the model is out of memory. Linux; needs ``./scripts/install bench``.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
from urllib.request import urlopen

import numpy as np
import psutil
from websockets.sync.client import connect

SERVE = (sys.executable, "-m", "livestt", "serve", "--port", "0", "--no-store")
NOISE = np.random.default_rng(0).normal(0, 3000, 16_000 * 3).astype("<i2").tobytes()


def state(port: int) -> str:
    with urlopen(f"http://127.0.0.1:{port}/health") as answer:
        return str(json.load(answer)["model_state"])


def session(port: int) -> float | None:
    """Send three seconds of noise; the seconds that the model took to come, if it had to."""
    began = time.monotonic()
    came = None
    with connect(f"ws://127.0.0.1:{port}/asr?encoding=s16le", compression=None) as socket:
        socket.send(NOISE)
        socket.send(b"")
        for text in socket:
            if json.loads(text).get("code") == "model_loaded":
                came = time.monotonic() - began
    return came


def main() -> None:
    command = [*SERVE, "--model-idle-seconds", "1", *sys.argv[1:]]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        found = next(filter(None, (re.search(r"on http://\S+:(\d+)", li) for li in server.stderr)))
        port = int(found[1])
        threading.Thread(target=server.stderr.read, daemon=True).start()
        memory = psutil.Process(server.pid).memory_info
        for _ in range(4):
            came = session(port)
            loaded = memory().rss
            while state(port) != "unloaded":
                time.sleep(0.1)
            after = "" if came is None else f"; it came back in {came:.1f} s"
            megabytes = f"{loaded / 1e6:.0f} MB with the model, {memory().rss / 1e6:.0f} without"
            sys.stdout.write(f"{megabytes}{after}\n")
        server.terminate()


if __name__ == "__main__":
    main()
