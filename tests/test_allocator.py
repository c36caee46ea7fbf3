"""Whose allocator a process has, and that freed memory goes back whichever it is."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from ctypes.util import find_library
from pathlib import Path

import pytest

from livestt.allocator import ENVIRONMENT

ROOT = Path(__file__).parents[1]
SHIPPED = ("Dockerfile", "deploy/livestt.service", "scripts/run")
KEEPING = {**ENVIRONMENT, "MALLOC_CONF": ENVIRONMENT["MALLOC_CONF"] + ",dirty_decay_ms:-1"}
"""jemalloc gives nothing back by itself."""

ASKING = "from livestt import allocator; print(allocator.name(), allocator.keeps_large_buffers())"
FREEING = """
import re
from livestt.allocator import give_back_memory

def resident():
    status = open("/proc/self/status", encoding="utf-8").read()
    return int(re.search(r"VmRSS:\\s+(\\d+)", status)[1]) // 1024

give_back_memory()
before = resident()
buffers = [b"x" * 50_000 for _ in range(2_000)]
most = resident()
del buffers[:-1]
kept = resident()
give_back_memory()
print(most - before, kept - before, resident() - before)
"""

linux = pytest.mark.skipif(platform.system() != "Linux", reason="Linux")
jemalloc = pytest.mark.skipif(
    platform.system() != "Linux" or find_library("jemalloc") is None, reason="no libjemalloc2"
)


def run(program: list[str], environment: dict[str, str]) -> str:
    """What a process of Python says that has these variables, and none of another allocator."""
    own = {name: value for name, value in os.environ.items() if name not in ENVIRONMENT}
    command = [sys.executable, *program]
    done = subprocess.run(
        command, env=own | environment, cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@linux
def test_the_systems() -> None:
    assert run(["-c", ASKING], {}) == "system True\n"
    checked = run(["-m", "livestt", "check", "--backend", "scripted", "--port", "0"], {})
    assert "warn  Allocator: the system's" in checked
    assert ("apt install libjemalloc2" in checked) == (find_library("jemalloc") is None)
    assert " ".join(f"{name}={value}" for name, value in ENVIRONMENT.items()) in checked


@jemalloc
@pytest.mark.parametrize(
    ("configuration", "keeps", "line"),
    [
        (ENVIRONMENT["MALLOC_CONF"], True, "ok    Allocator: jemalloc\n"),
        ("", False, "warn  Allocator: jemalloc, but it gives large buffers back after each use\n"),
    ],
)
def test_jemalloc(configuration: str, keeps: bool, line: str) -> None:
    variables = {**ENVIRONMENT, "MALLOC_CONF": configuration}
    assert run(["-c", ASKING], variables) == f"jemalloc {keeps}\n"
    check = ["-m", "livestt", "check", "--backend", "scripted", "--port", "0"]
    assert line in run(check, variables)


@linux
@pytest.mark.parametrize("environment", [{}, pytest.param(KEEPING, marks=jemalloc)])
def test_freed_memory_goes_back(environment: dict[str, str]) -> None:
    most, kept, remaining = map(int, run(["-c", FREEING], environment).split())
    assert most > 80
    assert kept > 80
    assert remaining < 20


@pytest.mark.parametrize("file", SHIPPED)
def test_what_ships_has_the_same_variables(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    found = dict(re.findall(r"\b(LD_PRELOAD|MALLOC_CONF)=(\S+)", text))
    assert found == ENVIRONMENT


@jemalloc
def test_the_start_script_leaves_variables_of_the_users_alone(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    script = tmp_path / "scripts" / "run"
    script.write_bytes((ROOT / "scripts" / "run").read_bytes())
    script.chmod(0o755)
    livestt = tmp_path / ".venv" / "bin" / "livestt"
    livestt.parent.mkdir(parents=True)
    livestt.write_text('#!/bin/sh\necho "${LD_PRELOAD-none} ${MALLOC_CONF-none}"\n')
    livestt.chmod(0o755)
    for given, told in (
        ({}, " ".join(ENVIRONMENT.values())),
        ({"LD_PRELOAD": ""}, " none"),
        ({"MALLOC_CONF": "narenas:2"}, "none narenas:2"),
    ):
        path = {"PATH": os.environ["PATH"], **given}
        done = subprocess.run([script], env=path, capture_output=True, text=True, check=True)
        assert done.stdout == f"{told}\n"
