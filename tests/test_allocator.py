"""How much freed memory a process keeps. In one of its own: the settings are for good."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from livestt.allocator import give_back_memory, limit_free_memory

MEGABYTE = 1024 * 1024
THREADS = 4
WORK = f"""
import sys, threading
import numpy as np
from livestt.allocator import limit_free_memory
from pathlib import Path

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

def work():
    for size in (31, 24, 24):
        np.ones(size * {MEGABYTE}, np.uint8)
    worked.wait()
    looked.wait()

limit_free_memory()
before = resident()
worked, looked = threading.Barrier({THREADS} + 1), threading.Barrier({THREADS} + 1)
threads = [threading.Thread(target=work) for _ in range({THREADS})]
for thread in threads:
    thread.start()
worked.wait()
print(resident() - before)
looked.wait()
"""


def kept(**environment: str) -> int:
    """Bytes that threads keep which have worked with large buffers, and live on."""
    done = subprocess.run(
        [sys.executable, "-c", WORK],
        check=True,
        capture_output=True,
        text=True,
        env={name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
        | environment,
    )
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc only")
def test_threads_that_worked_keep_little() -> None:
    assert kept() < 20 * MEGABYTE


@pytest.mark.skipif(sys.platform != "linux", reason="glibc only")
def test_the_environment_goes_first() -> None:
    chosen = {
        "MALLOC_MMAP_THRESHOLD_": str(32 * MEGABYTE),
        "MALLOC_TRIM_THRESHOLD_": str(64 * MEGABYTE),
    }
    assert kept(**chosen) > 50 * MEGABYTE


def test_libraries_without_these_functions_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctypes.CDLL", lambda name: object())
    limit_free_memory()
    give_back_memory()
