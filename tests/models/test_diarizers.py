"""From what people write to a diarizer that can be loaded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fake_hub import FakeHub
from model_folders import fill

from livestt.errors import BadModel, MissingExtra, ModelUnavailable, UnsupportedOption
from livestt.models import convert_diarizer, diarizers, store
from livestt.models.convert_diarizer import convert, kind_of_source
from livestt.settings import Settings
from livestt.settings.speakers import DEFAULT_MODELS, FILES_ONLY
from livestt.speakers import model_card
from livestt.speakers.registry import load_diarizer

CONVERTED = Path(__file__).parents[1] / "fixtures/diarizers/sortformer"
HF = {"config.json": json.dumps({"model_type": "nemotron3_diarization"}).encode()}
NEMO = {"a.nemo": b"an archive"}


class Exporter:
    """Stands in for NeMo and transformers: what comes out is always the fixture."""

    def __init__(self) -> None:
        self.made: list[tuple[str, str, str]] = []
        self.trouble: Exception | None = None

    def __call__(self, kind: str, source: Path, target: Path, name: str) -> None:
        self.made.append((kind, source.name, name))
        if self.trouble is not None:
            (target / "pre.onnx").write_bytes(b"half")
            raise BadModel("broken") from self.trouble
        for file in CONVERTED.iterdir():
            (target / file.name).write_bytes(file.read_bytes())


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Exporter:
    made = Exporter()
    monkeypatch.setattr(convert_diarizer, "find_spec", lambda name: name)
    monkeypatch.setattr(convert_diarizer, "_export", made)
    return made


def quiet(sentence: str) -> None: ...


class TestResolving:
    def test_a_converted_folder_is_used_as_it_is(self, cache: str) -> None:
        assert diarizers.resolve(str(CONVERTED), cache, quiet) == CONVERTED
        assert diarizers.kind_of(CONVERTED) == "sortformer"

    def test_a_checkpoint_is_converted_once(
        self, tmp_path: Path, cache: str, exporter: Exporter
    ) -> None:
        source = fill(tmp_path / "down", NEMO) / "a.nemo"
        said: list[str] = []
        first = diarizers.resolve(str(source), cache, said.append)
        assert diarizers.resolve(str(source.parent), cache, said.append).parent == first.parent
        assert diarizers.resolve(str(source), cache, said.append) == first
        assert exporter.made[0] == ("sortformer", "a.nemo", "a")
        assert said[0] == f"Converting {source}, once"
        assert first.is_relative_to(diarizers.folder(cache))

    def test_again_after_a_change(self, tmp_path: Path, cache: str, exporter: Exporter) -> None:
        source = fill(tmp_path / "hf", HF)
        first = diarizers.resolve(str(source), cache, quiet)
        (source / "config.json").write_bytes(HF["config.json"] + b"\n")
        assert diarizers.resolve(str(source), cache, quiet) != first
        assert [kind for kind, _, _ in exporter.made] == ["nemotron", "nemotron"]

    def test_from_the_hub(self, hub: FakeHub, cache: str, exporter: Exporter) -> None:
        hub.repos["nvidia/voices"] = {**NEMO, "README.md": b"# read me"}
        said: list[str] = []
        made = diarizers.resolve("nvidia/voices", cache, said.append)
        assert hub.fetched == {"a.nemo"}
        assert said == ["Downloading nvidia/voices", "Converting nvidia/voices, once"]
        hub.asked.clear()
        assert diarizers.resolve("nvidia/voices", cache, said.append) == made
        assert hub.asked == []

    def test_a_repository_without_a_diarizer(self, hub: FakeHub, cache: str) -> None:
        with pytest.raises(BadModel, match="org/poem holds no diarizer"):
            diarizers.resolve("org/poem", cache, quiet)

    def test_without_a_network(self, cache: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(diarizers.hub, "unreachable", lambda: "there is no network")
        with pytest.raises(
            ModelUnavailable, match=r"there is no network.*livestt convert org/x .*--diarization-mo"
        ):
            diarizers.resolve("org/x", cache, quiet)

    @pytest.mark.parametrize("spec", ["nothing", "./nothing", "/no/such/thing.nemo"])
    def test_nothing_there(self, spec: str, cache: str) -> None:
        with pytest.raises(BadModel, match="There is no diarizer"):
            diarizers.resolve(spec, cache, quiet)

    def test_a_folder_of_something_else(self, tmp_path: Path, cache: str) -> None:
        with pytest.raises(BadModel, match="holds no diarizer"):
            diarizers.resolve(str(fill(tmp_path / "x", {"config.json": b"[]"})), cache, quiet)

    def test_two_checkpoints_in_a_folder(self, tmp_path: Path, cache: str) -> None:
        two = fill(tmp_path / "x", {**NEMO, "b.nemo": b"another"})
        with pytest.raises(BadModel, match=r"a single \.nemo file"):
            diarizers.resolve(str(two), cache, quiet)


class TestConverting:
    def test_says_what_to_install(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(convert_diarizer, "find_spec", lambda name: None)
        source = fill(tmp_path / "x", NEMO) / "a.nemo"
        with pytest.raises(MissingExtra, match=r"\./scripts/install sortformer"):
            convert(source, tmp_path / "out", "a")
        with pytest.raises(MissingExtra, match=r"\./scripts/install nemotron"):
            convert(fill(tmp_path / "hf", HF), tmp_path / "out", "a")

    def test_a_failure_leaves_nothing(self, tmp_path: Path, exporter: Exporter) -> None:
        exporter.trouble = RuntimeError("no such layer")
        source = fill(tmp_path / "x", NEMO) / "a.nemo"
        with pytest.raises(BadModel, match="broken"):
            convert(source, tmp_path / "out/model", "a")
        assert list((tmp_path / "out").iterdir()) == []

    def test_what_libraries_raise_is_a_bad_model(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With transformers or without: this folder has no weights."""
        monkeypatch.setattr(convert_diarizer, "find_spec", lambda name: name)
        with pytest.raises(BadModel, match="could not be converted"):
            convert(fill(tmp_path / "hf", HF), tmp_path / "out", "a")

    def test_never_over_something(self, tmp_path: Path, exporter: Exporter) -> None:
        with pytest.raises(BadModel, match="already exists"):
            convert(fill(tmp_path / "hf", HF), fill(tmp_path / "out", {}), "a")

    def test_what_is_converted_needs_no_conversion(self, tmp_path: Path) -> None:
        with pytest.raises(BadModel, match="converted already"):
            convert(CONVERTED, tmp_path / "out", "a")

    def test_knows_its_sources(self, tmp_path: Path) -> None:
        assert kind_of_source(fill(tmp_path / "hf", HF)) == "nemotron"
        assert kind_of_source(fill(tmp_path / "x", NEMO) / "a.nemo") == "sortformer"
        assert kind_of_source(tmp_path / "no.nemo") is None


class TestLoading:
    def test_by_what_the_model_is_for(self) -> None:
        diarizer = load_diarizer(Settings(diarization_model=str(CONVERTED)))
        assert diarizer.capabilities.name == "sortformer"
        assert diarizer.capabilities.preset == "1.04"

    def test_a_backend_that_is_for_other_models(self) -> None:
        settings = Settings(diarization_model=str(CONVERTED), diarization_backend="nemotron")
        with pytest.raises(UnsupportedOption, match="is a model for sortformer"):
            load_diarizer(settings)

    def test_each_backend_has_a_model_of_its_own(
        self, cache: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(diarizers.hub, "unreachable", lambda: "there is no network")
        for backend in DEFAULT_MODELS.keys() - FILES_ONLY:
            model = DEFAULT_MODELS[backend]
            settings = Settings(diarization_backend=backend, model_cache_dir=cache)
            with pytest.raises(ModelUnavailable, match=model):
                load_diarizer(settings)


class TestCards:
    def test_written_as_read(self, tmp_path: Path) -> None:
        card = model_card.read(CONVERTED)
        fill(tmp_path, {"pre.onnx": b"", "head.onnx": b""})
        model_card.write(card, tmp_path)
        assert model_card.read(tmp_path) == card

    @pytest.mark.parametrize("text", ["{", "[]", "{}", '{"format": 1, "presets": {"1": 2}}'])
    def test_one_that_is_none(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "diarizer.json").write_text(text)
        with pytest.raises(BadModel, match="livestt convert SRC"):
            model_card.read(tmp_path)

    def test_of_another_time(self, tmp_path: Path) -> None:
        facts = json.loads((CONVERTED / "diarizer.json").read_text()) | {"format": 99}
        (tmp_path / "diarizer.json").write_text(json.dumps(facts))
        with pytest.raises(BadModel, match="convert the model again"):
            model_card.read(tmp_path)

    def test_with_a_queue_longer_than_the_model_takes(self, tmp_path: Path) -> None:
        facts = json.loads((CONVERTED / "diarizer.json").read_text())
        facts["presets"]["1.04"]["fifo"] = 500
        (tmp_path / "diarizer.json").write_text(json.dumps(facts))
        with pytest.raises(BadModel, match=r"preset 1\.04 .*562 frames.*at most 469"):
            model_card.read(tmp_path)

    def test_without_its_graphs(self, tmp_path: Path) -> None:
        (tmp_path / "diarizer.json").write_bytes((CONVERTED / "diarizer.json").read_bytes())
        with pytest.raises(BadModel, match=r"lacks: pre\.onnx, head\.onnx"):
            model_card.read(tmp_path)


def test_converted_diarizers_are_listed_and_removed(
    tmp_path: Path, cache: str, exporter: Exporter
) -> None:
    made = diarizers.resolve(str(fill(tmp_path / "hf", HF)), cache, quiet)
    (listed,) = store.stored(cache)
    assert (listed.name, listed.path, listed.complete) == (made.name, made, True)
    store.remove(listed)
    assert store.stored(cache) == []
