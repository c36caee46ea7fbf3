"""From names to folders, through a real download from a hub on this machine."""

from __future__ import annotations

import socket
import time
from contextlib import closing
from pathlib import Path

import pytest
from fake_hub import COMMIT, FakeHub
from huggingface_hub import constants
from huggingface_hub.errors import LocalEntryNotFoundError

from livestt.errors import BadModel, MissingExtra, ModelUnavailable
from livestt.models import catalog, conversions, locate, resolve
from livestt.models import hub as hub_module


def test_a_size_is_downloaded_once_and_only_what_is_needed(hub: FakeHub, cache: str) -> None:
    said: list[str] = []
    folder = resolve("tiny", cache, said.append)
    assert folder.name == COMMIT
    assert {path.name for path in folder.iterdir()} == {
        "model.bin",
        "config.json",
        "tokenizer.json",
        "vocabulary.json",
    }
    assert said == ["Downloading Systran/faster-whisper-tiny (about 78 MB)"]
    assert "README.md" not in hub.fetched
    asked = len(hub.asked)
    assert resolve("tiny", cache, said.append) == folder
    assert resolve("Systran/faster-whisper-tiny", cache) == folder
    assert locate.ready("tiny", cache)
    assert len(hub.asked) == asked, "the cache answers without the network"


def test_half_a_snapshot_is_completed(hub: FakeHub, cache: str) -> None:
    folder = resolve("tiny", cache)
    (folder / "model.bin").unlink()
    assert not locate.ready("tiny", cache)
    assert (resolve("tiny", cache) / "model.bin").is_file()


@pytest.mark.usefixtures("hub")
def test_a_hugging_face_repository_is_fetched_and_converted(
    cache: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversions, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"\./scripts/install torch"):
        resolve("openai/whisper-tiny", cache)
    folder = locate.local("openai/whisper-tiny", cache)
    assert folder is not None
    names = {path.name for path in folder.iterdir()}
    assert "model.safetensors" in names
    assert names.isdisjoint({"README.md", "pytorch_model.bin"})
    assert not locate.ready("openai/whisper-tiny", cache)


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("org/nothing", "There is no repository org/nothing on http://127.0.0.1:"),
        ("org/poem", "org/poem holds no Whisper model"),
        ("larg-v3", "Did you mean large-v3?"),
        ("./nowhere", "There is no folder ./nowhere."),
        ("/no/where/at/all", "There is no folder /no/where/at/all."),
        ("base;rm", "There is no model or folder called 'base;rm'."),
    ],
)
def test_what_does_not_exist(spec: str, says: str, cache: str) -> None:
    with pytest.raises(BadModel) as error:
        resolve(spec, cache)
    assert says in str(error.value)
    assert not locate.ready(spec, cache)


def test_folders(ctranslate2_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolve(str(ctranslate2_folder)) == ctranslate2_folder
    monkeypatch.chdir(tmp_path)
    assert resolve("ct2") == Path("ct2")
    (tmp_path / "tiny").mkdir()
    assert locate.local("tiny", str(tmp_path)) is None, "a size is not the folder beside it"
    assert locate.local("./tiny") == Path("tiny")


def test_offline_is_honoured(hub: FakeHub, cache: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelUnavailable, match="HF_HUB_OFFLINE is set"):
        resolve("tiny", cache)
    assert hub.asked == []


def test_a_hub_that_is_down(
    hub: FakeHub, cache: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{port}")
    with pytest.raises(ModelUnavailable) as error:
        resolve("tiny", cache)
    assert f"http://127.0.0.1:{port} cannot be reached" in str(error.value)
    assert "`livestt pull tiny`" in str(error.value)
    assert "\n" not in str(error.value)
    assert caplog.records == []


def test_a_hub_that_says_nothing(hub: FakeHub, cache: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "CONNECT_SECONDS", 0.2)
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{listener.getsockname()[1]}")
        began = time.monotonic()
        with pytest.raises(ModelUnavailable):
            resolve("tiny", cache)
        assert time.monotonic() - began < 3


def test_a_hub_that_breaks_off(hub: FakeHub, cache: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_off(*_: object, **__: object) -> None:
        raise LocalEntryNotFoundError("Try again.") from OSError("Connection reset by peer.")

    monkeypatch.setattr(hub_module, "snapshot_download", break_off)
    with pytest.raises(ModelUnavailable, match=r"downloaded: Connection reset by peer\. Check"):
        resolve("tiny", cache)


def test_catalog() -> None:
    assert catalog.find("turbo") == catalog.KNOWN["large-v3-turbo"]
    assert catalog.find("large") == catalog.KNOWN["large-v3"]
    assert catalog.find("Systran/faster-whisper-base") == catalog.KNOWN["base"]
    assert catalog.find("org/name") is None
    turbo = catalog.KNOWN["large-v3-turbo"]
    assert "distil" not in turbo.repo
    assert not turbo.translates
    for model in catalog.KNOWN.values():
        assert model.english_only == (model.name.endswith(".en") or "distil" in model.name)
        assert model.translates <= (not model.english_only)


def test_catalog_agrees_with_the_library_that_loads_them() -> None:
    from faster_whisper.utils import _MODELS

    known = {**{m.name: m.repo for m in catalog.KNOWN.values()}}
    known |= {alias: known[name] for alias, name in catalog.ALIASES.items()}
    assert known == _MODELS
