"""What is wrong is said in one line, and before anything is loaded for nothing."""

from __future__ import annotations

import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import Result
from server.engines import Watched
from server.running import Running

from livestt.cli import preflight
from livestt.engines import registry
from livestt.errors import SetupError
from livestt.models import conversions
from livestt.server.access import self_signed
from livestt.server.timing import Timing
from livestt.settings import Settings
from livestt.speakers import embedder_registry
from livestt.speakers import registry as speakers

Run = Callable[..., Result]

MODEL = Path(__file__).parents[1] / "fixtures" / "whisper-synth"


@pytest.fixture
def refused(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., str]:
    """What `serve` says instead of loading something."""

    def nothing(*_: object) -> None:
        pytest.fail("loaded for nothing")

    monkeypatch.setattr(registry, "load_engine", nothing)
    monkeypatch.setattr(speakers, "load_diarizer", nothing)
    monkeypatch.setattr(embedder_registry, "load_embedder", nothing)
    store = str(tmp_path / "transcripts.db")

    def start(*options: str) -> str:
        result = run("serve", "--port", "0", *options, LIVESTT_STORE=store)
        assert result.exit_code == 2, result.output
        assert result.stderr.startswith("Error: ")
        assert result.stderr.count("\n") == 1
        return result.stderr.removeprefix("Error: ")

    return start


@pytest.fixture
def taken() -> Iterator[str]:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        yield str(listener.getsockname()[1])


def test_a_livestt_that_runs_there_already_is_named(refused: Callable[..., str]) -> None:
    with Running(Watched(), Settings(port=0, vad=False, store="none"), Timing()) as server:
        told = refused("--port", str(server.port))
    assert f"(scripted scripted) runs on 127.0.0.1 port {server.port} already" in told
    assert "--port" in told


@pytest.fixture
def pair(tmp_path: Path) -> self_signed.Pair:
    return self_signed.certificate(tmp_path / "tls", "127.0.0.1")


def test_addresses(refused: Callable[..., str], taken: str) -> None:
    said = refused("--port", taken)
    assert said.startswith(f"Cannot listen on 127.0.0.1 port {taken}: ")
    assert "--port" in said
    said = refused("--wyoming-port", taken)
    assert said.startswith(f"Cannot listen on 127.0.0.1 port {taken}: ")
    assert "--wyoming-port" in said
    both = refused("--port", "10300", "--wyoming-port", "10300")
    assert both == "--port and --wyoming-port are both 10300.\n"


def test_an_unknown_host() -> None:
    with pytest.raises(SetupError, match=r"Cannot listen on no\.such\.host\.invalid"):
        preflight.check_port(Settings(host="no.such.host.invalid"))


def test_certificates(refused: Callable[..., str], tmp_path: Path, pair: self_signed.Pair) -> None:
    other = self_signed.certificate(tmp_path / "other", "127.0.0.1")
    junk = tmp_path / "junk.pem"
    junk.write_text("junk")
    assert refused("--ssl-certfile", "none.pem") == "There is no file none.pem.\n"
    for files in ([junk], [junk, pair.key], [pair.certificate], [pair.certificate, other.key]):
        options = zip(("--ssl-certfile", "--ssl-keyfile"), map(str, files), strict=False)
        said = refused(*(word for option in options for word in option))
        assert said.startswith(f"The certificate {files[0]} with the key ")


def test_a_good_certificate(pair: self_signed.Pair) -> None:
    files = {"ssl_certfile": str(pair.certificate), "ssl_keyfile": str(pair.key)}
    preflight.check_certificate(Settings(**files))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--no-store", "--record-dir", "audio"], "--record-dir needs a store"),
        (["--no-store", "--voices"], "--voices keeps voice profiles in the store"),
        (["--voices"], "--voices keeps voice profiles, and nothing here compares voices"),
        (["--record-dir", "/dev/null/audio"], "Recordings cannot be kept in /dev/null/audio: "),
        (["--store", "mysql://host/db"], "--store cannot be mysql"),
        (["--store", "/dev/null/x.db"], "transcripts cannot be kept in "),
        (["--store", "postgresql://127.0.0.1:1/x"], "transcripts cannot be kept in "),
        (["--api-keys-file", "/nowhere"], "Cannot read the keys in /nowhere"),
        (["--model-path", "./nowhere"], "There is no folder ./nowhere."),
        (["--model", "bas"], "There is no model or folder called 'bas'."),
        (["--model", "turbo", "--task", "translate"], "--task translate: "),
        (["--model", "base.en", "--lan", "fr"], "--language fr: "),
        (["--lora-path", "adapter"], "--lora-path: "),
        (["--backend", "remote", "--lora-path", "adapter"], "--lora-path: "),
        (["--device", "mps"], "--device mps: "),
    ],
)
def test_parts(options: list[str], said: str, refused: Callable[..., str]) -> None:
    if "--store" in options and "postgresql" in options[1]:
        pytest.importorskip("psycopg")
    assert refused(*options).startswith(said)


def test_diarizers_that_are_not_there(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "livestt.speakers.pyannote", None)
    said = refused("--diarization", "--diarization-file-backend", "pyannote")
    assert said.startswith("The diarizer pyannote ")


def test_programs_that_are_not_there(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert refused("--decoder", "ffmpeg").startswith("decoding by a child process needs ")


def test_models_for_files_that_there_are_not(refused: Callable[..., str]) -> None:
    asked = "--model-path", str(MODEL), "--file-model", str(MODEL), "--file-model", "/nowhere"
    assert refused(*asked) == "--file-model /nowhere: There is no folder /nowhere.\n"


def test_models_for_files_that_cannot_be_had(refused: Callable[..., str]) -> None:
    said = refused("--model-path", str(MODEL), "--file-model", "small")
    assert said.startswith(
        "--file-model small: Model small is not on this machine and cannot be downloaded: "
        "HF_HUB_OFFLINE is set. Check the network, or run `livestt pull small` on another machine"
    )
    assert said.endswith(", or leave --file-model small out.\n")


def test_models_for_files_that_would_have_to_be_converted(
    refused: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "whisper"}')
    for name in ("model.safetensors", "tokenizer.json", "preprocessor_config.json"):
        (tmp_path / name).write_text("{}")
    monkeypatch.setattr(conversions, "find_spec", lambda name: None)
    said = refused("--model-path", str(MODEL), "--file-model", str(tmp_path))
    assert said.startswith(f"--file-model {tmp_path}: Converting {tmp_path} to CTranslate2 format ")
    assert "./scripts/install torch" in said


def test_the_engine_is_loaded_last(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "load_engine", lambda *_: pytest.fail("loaded for nothing"))
    result = run("--port", "0", "--no-store", "--diarization", "--diarization-model", "/nowhere")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: There is no diarizer /nowhere.")


def test_what_can_be_loaded_is(monkeypatch: pytest.MonkeyPatch) -> None:
    preflight.check_parts(Settings(model_path=str(MODEL), store="none", language="en"))
