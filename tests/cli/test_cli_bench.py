"""``livestt bench`` and ``livestt diagnose`` from the outside."""

from __future__ import annotations

import importlib.util
import json
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from click.testing import Result
from rich.console import Console

from livestt.bench.speakers import Scores
from livestt.cli.bench_speakers import tables

ROOT = Path(__file__).parent.parent.parent
Run = Callable[..., Result]
SCRIPTED = ("--backend", "scripted", "--no-vad")
SAYS = "The quick brown fox jumps"
"""What the scripted engine hears first, a word every 0.4 s, each 0.32 s long."""


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    noise = np.random.default_rng(1).normal(0, 0.1, 32_000)
    soundfile.write(tmp_path / "noise.wav", noise, 16_000)
    words = [[word, 0.4 * i, 0.4 * i + 0.32] for i, word in enumerate(SAYS.split())]
    row = {"file": "noise.wav", "text": SAYS, "words": words}
    path = tmp_path / "manifest.jsonl"
    path.write_text(json.dumps(row), encoding="utf-8")
    return path


@pytest.fixture
def server() -> Iterator[tuple[str, int]]:
    """A real server in a process of its own: its address and process."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "livestt", *SCRIPTED, "--no-store", "--port", str(port)]
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr
        for line in process.stderr:
            if re.search("Uvicorn running", line):
                break
        yield f"ws://127.0.0.1:{port}/asr", process.pid
        process.terminate()
        process.stderr.read()


def test_live(server: tuple[str, int], manifest: Path, run: Run, tmp_path: Path) -> None:
    url, _ = server
    result = run(
        "bench", "live", str(manifest), "--url", url, "--sessions", "1,2", "--seconds", "1",
        "--gap", "0.1", "--ramp", "0.1",
        "--json", str(tmp_path / "b.json"), "--plot", str(tmp_path / "b.png"),
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "2 sessions" in result.stdout
    assert "committed text rewritten" in result.stdout
    written = json.loads((tmp_path / "b.json").read_text("utf-8"))
    assert written["config"]["backend"] == "scripted"
    for found in written["runs"]:
        assert found["failed"] == found["rewritten"] == 0
        assert found["shown"]["count"] >= 4 * found["sessions"]
        assert found["server"]["cpu"] > 0
        assert found["counted"]["jobs"] > 0 == found["counted"]["failures"]
        assert found["server"]["peak_rss"] > 10e6
    assert (tmp_path / "b.png").stat().st_size > 10_000


def test_find_max(server: tuple[str, int], manifest: Path, run: Run) -> None:
    url, pid = server
    result = run(
        "bench", "live", str(manifest), "--url", url, "--find-max", "--ceiling", "1",
        "--seconds", "1", "--gap", "0.1", "--limit-p95", "30", "--server-pid", str(pid),
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "Most sessions with p95 of committed words within 30 s: 1." in result.stdout


def test_nobody_there(manifest: Path, run: Run) -> None:
    result = run("bench", "live", str(manifest), "--url", "ws://127.0.0.1:9/asr")
    assert result.exit_code == 2
    assert "Error: Cannot connect to ws://127.0.0.1:9/asr" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--sessions", "0"], "'0' is not a number of sessions"),
        (["--sessions", "1,x"], "'1,x' is not a number of sessions"),
        (["--server-pid", "99999999"], "--server-pid 99999999: there is no such process."),
        (["--kind", "opera"], "has no item that can be scored"),
    ],
)
def test_bad_options(args: list[str], says: str, manifest: Path, run: Run) -> None:
    result = run("bench", "live", str(manifest), *args)
    assert result.exit_code == 2
    assert says in result.stderr


@pytest.mark.parametrize("content", [None, b"no sound"])
def test_a_recording_that_is_not_there_or_none(
    content: bytes | None, run: Run, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / "a.wav").write_bytes(content)
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"file": "a.wav", "text": "Hello."}')
    result = run("bench", "live", str(rows))
    assert result.exit_code == 2
    assert f"Error: Cannot read the recording {tmp_path / 'a.wav'}: " in result.stderr


def test_the_extra_is_named(manifest: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    find: Any = importlib.util.find_spec
    monkeypatch.setattr(
        "livestt.cli.measuring.find_spec", lambda name: None if name == "psutil" else find(name)
    )
    for command in ("live", "files"):
        result = run("bench", command, str(manifest))
        assert result.exit_code == 2
        assert "./scripts/install bench" in result.stderr


def test_engine(run: Run, tmp_path: Path) -> None:
    result = run(
        "bench", "engine", "--backend", "scripted", "--repeats", "1", "--full-load", "0.1",
        "--json", str(tmp_path / "e.json"),
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "live sessions of scripted here with a step every 0.5 s" in result.stdout
    written = json.loads((tmp_path / "e.json").read_text("utf-8"))
    assert set(written["sessions"]) == {"step_0.5", "step_1"}
    assert written["full_load"]["sessions"] > 0 < written["full_load_30_s_alone"]["sessions"]
    assert "times as many" in result.stdout


def test_files(manifest: Path, run: Run, tmp_path: Path) -> None:
    result = run(
        "bench", "files", str(manifest), *SCRIPTED, "--language", "en", "--show",
        "--json", str(tmp_path / "f.json"),
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert f"noise.wav\t{SAYS}" in result.stdout
    written = json.loads((tmp_path / "f.json").read_text("utf-8"))
    assert written["kinds"][0]["errors"]["wer"] == 0
    assert written["items"][0]["heard"] == SAYS


def test_a_file_that_cannot_be_read_is_a_failure(manifest: Path, run: Run, tmp_path: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no sound")
    result = run("bench", "files", str(broken), str(manifest), *SCRIPTED)
    assert result.exit_code == 1
    assert "broken.wav" in result.stderr
    assert "all" in result.stdout


def test_diagnose(manifest: Path, run: Run, tmp_path: Path) -> None:
    sound = str(manifest.parent / "noise.wav")
    result = run("diagnose", sound, *SCRIPTED, "--speed", "4", "--json", str(tmp_path / "d.json"))
    assert result.exit_code == 0, result.output
    assert "ok    Words: 5 committed" in result.stdout
    written = json.loads((tmp_path / "d.json").read_text("utf-8"))
    assert written["text"] == SAYS
    assert {verdict["level"] for verdict in written["verdicts"]} == {"ok"}


def test_diagnose_silence(manifest: Path, run: Run) -> None:
    sound = str(manifest.parent / "noise.wav")
    result = run("diagnose", sound, "--backend", "scripted", "--speed", "0")
    assert result.exit_code == 1
    assert "fail  Speech: none was found" in result.stdout
    assert "-> Check that the file has speech in it" in result.stdout


def test_diagnose_garbage(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(b"not a recording at all")
    result = run("diagnose", str(path), *SCRIPTED)
    assert result.exit_code == 2
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("width", [30, 80, 200])
def test_figures_of_speakers_are_never_cut(width: int) -> None:
    result = Scores(
        *("meeting", 30.0, 2, 2, 0.1, True, 0.036, 0.0, 1.0, 90),
        *(0.875, None, 0.25, 0.0, 0.81, 1.29),
    )
    console = Console(width=width, file=StringIO(), record=True)
    drawn = list(tables("a title", [result] * 9, console.width, delays=True))
    for table in drawn:
        console.print(table)
    said = console.export_text()
    assert "…" not in said.replace("a title", "")
    for figure in ("2/2", "3.6%", "100.0%", "87.5%", "25.0%", "0.81 s", "1.29 s"):
        assert said.count(figure) == 9, said
