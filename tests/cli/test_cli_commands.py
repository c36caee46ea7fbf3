"""The commands that look after models and machine."""

from __future__ import annotations

import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import Result
from server.engines import Watched
from server.running import Running

from livestt import __version__
from livestt.cli import COMMANDS, check, doctor, neighbour
from livestt.cli.spec import Spec, parse
from livestt.cli.units import size
from livestt.engines import registry
from livestt.server.timing import Timing
from livestt.settings import Settings
from livestt.store import Store
from livestt.store.schema import newest

Run = Callable[..., Result]

ROOT = Path(__file__).parent.parent.parent
SPEAKER = Path(__file__).parents[1] / "fixtures" / "speaker"
TRANSLATOR = Path(__file__).parents[1] / "fixtures" / "translator-synth"
MODEL = ROOT / "tests" / "fixtures" / "whisper-synth"


def livestt(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    """A process of its own."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "livestt", *args],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), **env},
        check=False,
    )


@pytest.fixture
def taken() -> Iterator[int]:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        yield listener.getsockname()[1]


def test_version(run: Run) -> None:
    assert run("version").stdout == f"livestt {__version__}\n"
    assert run("--version").stdout == f"livestt {__version__}\n"
    assert livestt("version").stdout == f"livestt {__version__}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_shows_examples(command: str, run: Run) -> None:
    shown = run(command, "--help").stdout
    assert f"\n  livestt {command}" in shown


def test_help_and_version_stay_fast() -> None:
    code = (
        "import sys, livestt.cli.serve, livestt.cli.version; "
        "print([m for m in ('numpy', 'ctranslate2', 'huggingface_hub', 'rich', 'av') "
        "if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("base", Spec(None, "base")),
        ("whisper:tiny", Spec("faster-whisper", "tiny")),
        ("faster-whisper:org/name", Spec("faster-whisper", "org/name")),
        ("pocketsphinx", Spec("pocketsphinx", None)),
        ("C:\\models\\base", Spec(None, "C:\\models\\base")),
        ("auto:base", Spec(None, "auto:base")),
    ],
)
def test_spec(text: str, spec: Spec) -> None:
    assert parse(text) == spec


@pytest.mark.parametrize(
    ("count", "text"),
    [(12, "12 bytes"), (78_000_000, "78 MB"), (3_090_000_000, "3.1 GB"), (1500, "2 kB")],
)
def test_size(count: int, text: str) -> None:
    assert size(count) == text


def test_run_serves_the_spec(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    from livestt.cli import run as module

    started: list[Settings] = []
    monkeypatch.setattr(module, "start", started.append)
    run("run", "whisper:tiny", "--port", "9000", "--lan", "fr")
    run("run", "pocketsphinx")
    run("run", "small")
    assert started == [
        Settings(backend="faster-whisper", model="tiny", port=9000, language="fr"),
        Settings(backend="pocketsphinx"),
        Settings(backend="faster-whisper", model="small"),
    ]


def test_serve_loads_then_serves(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    calls: list[object] = []
    app, server = ModuleType("app"), ModuleType("run")
    app.create_app = lambda engine, settings, **others: f"app of {engine}"  # type: ignore[attr-defined]
    server.serve = lambda app, settings: calls.append((app, settings.port))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "livestt.server.app", app)
    monkeypatch.setitem(sys.modules, "livestt.server.run", server)
    monkeypatch.setattr(registry, "load_engine", lambda settings, progress: "an engine")
    result = run("--port", "0")
    assert result.exit_code == 0, result.output
    assert calls == [("app of an engine", 0)]


def test_models_lists_engines_and_sizes(run: Run) -> None:
    result = run("models")
    assert result.exit_code == 0
    for text in ("faster-whisper", "pocketsphinx", "large-v3-turbo", "about 100", "3.1 GB"):
        assert text in result.stdout
    assert "nvidia/Nemotron-3-Diarization" in result.stdout


def test_models_says_what_to_install(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("livestt.plugins.find_spec", lambda module: None)
    monkeypatch.setattr("livestt.models.diarizers.find_spec", lambda module: None)
    said = run("models").stdout
    for extra in ("mlx", "nemotron", "pyannote", "voices", "resemblyzer"):
        assert f"./scripts/install {extra}" in said


def test_models_says_what_speakers_and_voices_have(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("livestt.plugins.find_spec", lambda module: object())
    monkeypatch.setattr("livestt.models.diarizers.find_spec", lambda module: object())
    said = run("models").stdout
    rows = [row.split() for row in said[: said.index("Models (")].splitlines()]
    for name in ("nemotron", "pyannote", "scripted", "sortformer", "onnx", "resemblyzer"):
        assert [name, "yes"] in rows


def test_pull_without_network_is_one_line(run: Run) -> None:
    result = run("pull", "base")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("Error: Model base is not on this machine and cannot be")
    assert "HF_HUB_OFFLINE is set" in result.stderr
    assert "--model-path" in result.stderr
    assert result.stderr.count("\n") == 1


def test_pull_from_a_hub_that_is_down_is_quick_and_quiet(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    result = livestt(
        "pull", "base", HF_ENDPOINT=f"http://127.0.0.1:{port}", HF_HUB_CACHE=str(tmp_path)
    )
    assert result.returncode == 2
    assert "cannot be reached" in result.stderr
    assert result.stderr.count("\n") == 1, result.stderr
    assert "Traceback" not in result.stderr


def test_pull_of_what_is_here(run: Run) -> None:
    result = run("pull", str(MODEL))
    assert (result.exit_code, result.stdout) == (0, f"{MODEL}\n")
    assert "is installed already" in result.stderr
    assert "nothing to download" in run("pull", "pocketsphinx").stderr


def test_pull_fetches_what_the_engine_loads(run: Run) -> None:
    result = run("pull", "mlx-whisper:large-v3-turbo")
    assert result.exit_code == 2
    assert "`livestt pull mlx-whisper:large-v3-turbo` on another machine" in result.stderr


@pytest.mark.parametrize("command", ["pull", "run"])
@pytest.mark.parametrize("spec", ["voxtral", "qwen3:1.7b"])
def test_engines_of_another_server_get_advice(command: str, spec: str, run: Run) -> None:
    result = run(command, spec)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"Error: {spec}: serve that model with a program that speaks")


def test_rm_of_what_is_not_here(run: Run) -> None:
    result = run("rm", "base")
    assert result.exit_code == 2
    assert result.stderr == "Error: base is not on this machine, which has: no models.\n"


def test_rm_asks(run: Run, tmp_path: Path) -> None:
    kept = tmp_path / "livestt-converted" / "mine-0123"
    kept.mkdir(parents=True)
    for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt"):
        (kept / name).write_text("x")
    cache = ("--model-cache-dir", str(tmp_path))
    assert "mine-0123" in run("models", *cache).stdout
    asked = run("rm", "mine-0123", *cache)
    assert asked.exit_code == 1
    assert "Delete mine-0123 (4 bytes) from" in asked.stdout
    assert kept.exists()
    done = run("rm", "--yes", "mine-0123", *cache)
    assert done.stdout == "Deleted mine-0123, 4 bytes freed.\n"
    assert not kept.exists()


def test_check_on_this_machine(run: Run) -> None:
    result = run("check", "--model-path", str(MODEL), "--device", "cpu", "--port", "0")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    for subject in ("Python", "Packages", "Device", "Voice detection", "Model", "Port"):
        assert any(line.startswith(f"ok    {subject}: ") for line in lines), subject
    assert "warn  Hub: HF_HUB_OFFLINE is set" in lines


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (["--model-path", "./nowhere"], "fail  Model: There is no folder ./nowhere."),
        (["--model", "bas"], "fail  Model: There is no model or folder called 'bas'."),
        (["--backend", "faster-whisper"], "fail  Model: base is not installed"),
        (["--backend", "mlx-whisper"], "fail  Model: base is not installed"),
        (["--backend", "transducer"], "fail  Model: nvidia/nemotron-speech-streaming-en-0.6b is"),
        (["--backend", "remote"], "-> Give --remote-url."),
        (["--backend", "pocketsphinx", "--model", "small"], "fail  Model: --model: the engine"),
        (["--file-model", "small"], "fail  Model for files: --file-model small: Model small is"),
        (["--compute-type", "int8_bfloat16", "--device", "cpu"], "fail  Compute type: int8_bf"),
    ],
)
def test_check_fails_with_advice(args: list[str], line: str, run: Run) -> None:
    result = run("check", *args, "--port", "0")
    assert result.exit_code == 1
    assert line in result.stdout


def test_check_says_what_stands_in(run: Run) -> None:
    shown = run("check", "--port", "0").stdout
    assert "warn  Model: base is not installed; the low-accuracy engine pocketsphinx" in shown


@pytest.mark.parametrize(
    ("args", "line"),
    [
        ([], "ok    Speakers: off, --diarization turns it on; nvidia/Nemotron-3-Diarization is"),
        (
            ["--diarization"],
            "fail  Speakers: nvidia/Nemotron-3-Diarization is not installed, and ",
        ),
        (["--diarization", "--diarization-model", "x"], "fail  Speakers: There is no diarizer x."),
        (["--diarization", "--diarization-backend", "scripted"], "ok    Speakers: scripted is"),
        ([], "ok    Voices: not compared"),
        (["--voices"], "fail  Voices: --voices keeps voice profiles, and nothing here compares"),
        (["--embedding-model", "a/b"], "fail  Voices: a/b is not installed, and HF_HUB_OFFLINE"),
        (["--embedding-model", str(SPEAKER)], f"ok    Voices: {SPEAKER}"),
        ([], "ok    Translation: off, --target-language turns it on; facebook/nllb-200-distilled"),
        (["--target-language", "de"], "fail  Translation: facebook/nllb-200-distilled-600M is not"),
        (
            ["--target-language", "de", "--translation-model", str(TRANSLATOR)],
            f"ok    Translation: {TRANSLATOR} is in {TRANSLATOR}",
        ),
        (["--no-store"], "ok    Store: nothing is kept"),
        (["--store", __file__], f"fail  Store: transcripts cannot be kept in sqlite:///{__file__}"),
        (["--store", f"{__file__}/deep/t.db"], "is no folder"),
        (["--store", "mysql://x/y"], "fail  Store: --store cannot be mysql"),
        ([], "ok    Keys: none; the server listens to this machine alone"),
        (["--host", "0.0.0.0"], "warn  Keys: none: anybody who reaches 0.0.0.0 can use the server"),
        (["--api-keys-file", __file__], f"fail  Keys: {__file__}"),
    ],
)
def test_check_tells_of_the_other_parts(args: list[str], line: str, run: Run) -> None:
    result = run("check", "--backend", "scripted", *args, "--port", "0")
    assert line in result.stdout
    assert result.exit_code == int("fail  " in result.stdout)
    assert "fail  " in line or line == "is no folder" or result.exit_code == 0


def test_check_names_who_is_let_in(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "keys"
    assert run("key", "new", "alice", "--api-keys-file", str(path)).exit_code == 0
    asked = ("check", "--backend", "scripted", "--api-keys-file", str(path), "--port", "0")
    assert "ok    Keys: alice (transcribe+view)\n" in run(*asked).stdout


def test_check_leaves_a_store_as_it_is(run: Run, tmp_path: Path) -> None:
    place = tmp_path / "deep" / "transcripts.db"
    asked = ("check", "--backend", "scripted", "--store", str(place), "--port", "0")
    assert f"ok    Store: sqlite:///{place}, made at the first start" in run(*asked).stdout
    assert not place.parent.exists()
    Store(str(place)).close()
    before = place.read_bytes()
    assert f"ok    Store: sqlite:///{place}\n" in run(*asked).stdout
    assert place.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "status", "says"),
    [
        (-1, 0, "warn  Store: sqlite:///{place} is of an older livestt (version {version}, this"),
        (1, 1, "fail  Store: the database was written by a newer livestt (version {version}, this"),
    ],
)
def test_check_tells_of_a_store_of_another_livestt(
    run: Run, tmp_path: Path, change: int, status: int, says: str
) -> None:
    place, version = tmp_path / "transcripts.db", newest() + change
    Store(str(place)).close()
    with closing(sqlite3.connect(place)) as database:
        database.execute("UPDATE livestt SET version = ?", (version,))
        database.commit()
    asked = ("check", "--backend", "scripted", "--store", str(place), "--port", "0")
    result = run(*asked)
    assert says.format(place=place, version=version) in result.stdout
    assert result.exit_code == status
    with closing(sqlite3.connect(place)) as database:
        assert database.execute("SELECT version FROM livestt").fetchone() == (version,)


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_check_knows_another_livestt(host: str) -> None:
    settings = Settings(port=0, vad=False, store="none")
    with Running(Watched(), settings, Timing()) as server:
        [found] = doctor.port(Settings(host=host, port=server.port))
    assert found.level == "warn"
    assert f"(scripted scripted) runs on {host} port {server.port} already" in found.says


def test_check_notices_what_is_missing(monkeypatch: pytest.MonkeyPatch, taken: int) -> None:
    monkeypatch.setattr(doctor, "PACKAGES", ("numpy", "no-such-package"))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(doctor, "OLDEST_PYTHON", (4, 0))
    monkeypatch.setattr(neighbour, "SECONDS", 0.05)
    settings = Settings(decoder="ffmpeg", port=taken, model_path=str(MODEL))
    failed = {finding.subject for finding in doctor.examine(settings) if finding.level == "fail"}
    assert failed >= {"Python", "Packages", "ffmpeg program", "Port"}
    assert set(check.COLOURS) == {"ok", "warn", "fail"}
