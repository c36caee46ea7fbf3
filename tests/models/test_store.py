"""Models on this machine, in a cache that other programs use too."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_hub import FakeHub
from model_folders import CTRANSLATE2, TRANSFORMERS, fill

from livestt.models import resolve, store, translators

COMMIT = "f" * 40


def cached_repo(cache: str, repo: str, files: dict[str, bytes]) -> Path:
    """A repository as the hub's own library leaves it."""
    root = Path(cache) / f"models--{repo.replace('/', '--')}"
    blobs, snapshot = root / "blobs", root / "snapshots" / COMMIT
    fill(blobs, {f"{name}-blob": data for name, data in files.items()})
    snapshot.mkdir(parents=True)
    for name in files:
        (snapshot / name).symlink_to(Path("../../blobs") / f"{name}-blob")
    fill(root / "refs", {"main": COMMIT.encode()})
    return snapshot


def test_list_find_and_remove(cache: str) -> None:
    base = cached_repo(cache, "Systran/faster-whisper-base", CTRANSLATE2)
    cached_repo(cache, "me/mine", TRANSFORMERS)
    cached_repo(cache, "google/bert", {"config.json": b'{"model_type": "bert"}'})
    fill(Path(cache) / "livestt-converted" / "mine-0123", CTRANSLATE2)
    found = store.stored(cache)
    assert [(m.name, m.repo, m.complete) for m in found] == [
        ("base", "Systran/faster-whisper-base", True),
        ("me/mine", "me/mine", True),
        ("mine-0123", None, True),
    ]
    assert found[0].bytes == sum(map(len, CTRANSLATE2.values()))
    assert store.find("Systran/faster-whisper-base", cache) == found[0] == store.find("base", cache)
    assert resolve("base", cache) == base
    for model in found:
        store.remove(model)
    assert store.stored(cache) == []
    assert store.find("base", cache) is None
    assert (Path(cache) / "models--google--bert").exists(), "somebody else's"


def test_half_a_download(cache: str) -> None:
    cached_repo(cache, "Systran/faster-whisper-base", {"config.json": b"{}"})
    model = store.find("base", cache)
    assert model is not None
    assert not model.complete


@pytest.mark.usefixtures("hub")
def test_a_real_download_is_found_and_removed(cache: str) -> None:
    folder = resolve("tiny", cache)
    model = store.find("tiny", cache)
    assert model is not None
    assert model.complete
    store.remove(model)
    assert not folder.exists()


def test_no_cache_at_all(tmp_path: Path) -> None:
    assert store.stored(str(tmp_path / "none")) == []
    (tmp_path / "file").touch()
    assert store.stored(str(tmp_path / "file")) == []


def test_fake_hub_knows_what_was_fetched(hub: FakeHub, cache: str) -> None:
    resolve("tiny", cache)
    assert "model.bin" in hub.fetched


def test_converted_translators_are_models_of_their_own(tmp_path: Path) -> None:
    kept = [translators.folder(str(tmp_path)) / name for name in ("nllb-1", "nllb-2")]
    for folder in kept:
        folder.mkdir(parents=True)
        (folder / "model.bin").write_bytes(b"weights")
    assert [(m.name, m.bytes, m.complete) for m in store.stored(str(tmp_path))] == [
        ("nllb-1", 7, True),
        ("nllb-2", 7, True),
    ]
    found = store.find("nllb-1", str(tmp_path))
    assert found is not None
    store.remove(found)
    assert [folder.is_dir() for folder in kept] == [False, True]
    assert store.find("translators", str(tmp_path)) is None
