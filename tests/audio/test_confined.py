"""What a decoder's child process may do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from livestt.audio.confined import LIMITS, spawn

ONLY_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="limits need Linux")


def run(code: str) -> tuple[int, str]:
    """Run Python once its input is closed, when all limits count."""
    waiting = f"import sys; sys.stdin.read(); {code}"
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with spawn([sys.executable, "-c", waiting], **streams) as child:
        output, _ = child.communicate(timeout=60)
    return child.returncode, output.decode()


def test_it_knows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVESTT_API_KEYS", "a-key-0123456789")
    status, told = run("import os; print(sorted(os.environ))")
    assert status == 0
    assert "LIVESTT" not in told


@ONLY_LINUX
def test_it_is_limited() -> None:
    names = list(LIMITS)
    code = f"import resource as r; print([r.getrlimit(getattr(r, n)) for n in {names!r}])"
    status, told = run(code)
    assert status == 0
    assert told.strip() == str([(most, most) for most in LIMITS.values()])


@ONLY_LINUX
def test_it_can_write_no_file_and_take_no_more(tmp_path: Path) -> None:
    path = tmp_path / "file"
    assert run(f"f = open({str(path)!r}, 'w'); f.write('x'); f.flush()")[0] != 0
    assert path.stat().st_size == 0
    status, told = run("b = bytearray(2 << 30)")
    assert status != 0
    assert "MemoryError" in told
