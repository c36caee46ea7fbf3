"""Whisper on PyTorch. Skipped without the extra; scripts/test-engines installs it."""

from __future__ import annotations

import json
import runpy
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from attentive import FIXTURES, AttentiveTests, ask, job, need, sentences, text
from ct2_weights import export

from livestt.engines import EngineSettings
from livestt.errors import BadModel, UnsupportedOption
from livestt.models.conversions import to_ctranslate2

torch: Any = need("torch", "torch")
transformers: Any = need("transformers", "torch")

from livestt.engines.transformers_whisper import TransformersWhisperEngine  # noqa: E402

# peft uses what a newer transformers calls by another name.
pytestmark = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(FIXTURES / "whisper-synth", tmp_path_factory.mktemp("hf"))


@pytest.fixture(scope="module")
def engine(folder: Path) -> Iterator[TransformersWhisperEngine]:
    engine = load(folder)
    yield engine
    engine.close()


def load(folder: Path, **more: Any) -> TransformersWhisperEngine:
    return TransformersWhisperEngine(EngineSettings(str(folder), device="cpu", **more))


class TestTransformers(AttentiveTests):
    pass


def test_agrees_with_transformers_itself(folder: Path, engine: TransformersWhisperEngine) -> None:
    """Logits and attention of the whole model, in a 30 s window, by its own forward pass."""
    whisper = transformers.WhisperForConditionalGeneration.from_pretrained(
        str(folder), attn_implementation="eager", dtype=torch.float32
    ).eval()
    features = np.random.default_rng(0).normal(size=(2, 80, 3000)).astype(np.float32)
    ids = np.array([[50258, 50259, 50359, 50363, 440, 1200]] * 2)
    with torch.inference_mode():
        theirs = whisper(
            torch.from_numpy(features),
            decoder_input_ids=torch.from_numpy(ids),
            output_attentions=True,
        )
    model = engine._loaded.model
    cache = model.new_cache()
    none = np.zeros(2, np.int64)
    with torch.inference_mode():
        encoded = model.encode(features)
        model.decode(encoded, ids[:, :4], none, cache, 4)
        logits, attention = model.decode(encoded, ids[:, 4:], none, cache, 2)
    assert torch.allclose(logits, theirs.logits[:, 4:], atol=1e-3)
    assert torch.allclose(attention, theirs.cross_attentions[1][:, :, 4:], atol=1e-5)


class TestDraft:
    def test_the_answer_is_the_same_in_fewer_passes(
        self, folder: Path, engine: TransformersWhisperEngine
    ) -> None:
        drafted = load(folder, assistant_model=str(folder))
        model: Any = drafted._loaded.model
        passes, decode = [], model.decode
        model.decode = lambda *args: passes.append(1) or decode(*args)
        for row in sentences()[:4]:
            passes.clear()
            question = job(row["audio"])
            plain, answer = ask(engine, question), ask(drafted, question)
            assert answer.words == plain.words
            assert answer.attended == plain.attended
            assert len(passes) <= len(row["words"]) / 2

    def test_a_bad_draft_changes_nothing(
        self, folder: Path, engine: TransformersWhisperEngine
    ) -> None:
        drafted = load(folder, assistant_model=str(folder))
        assert drafted._draft is not None
        bad: Any = drafted._draft.model
        pick = bad.pick
        bad.pick = lambda logits: (np.minimum(pick(logits)[0] + 1, 50000), pick(logits)[1])
        question = job(sentences()[3]["audio"])
        assert ask(drafted, question).words == ask(engine, question).words

    def test_a_draft_with_other_tokens_is_refused(self, folder: Path, tmp_path: Path) -> None:
        other = Path(shutil.copytree(folder, tmp_path / "other"))
        tokens = json.loads((other / "tokenizer.json").read_text())
        for token in tokens["added_tokens"]:
            if token["content"] == "<|yi|>":
                token["content"] = "<|xx|>"
        (other / "tokenizer.json").write_text(json.dumps(tokens))
        with pytest.raises(UnsupportedOption, match=r"--assistant-model .* same family"):
            load(folder, assistant_model=str(other))


@pytest.fixture(scope="module")
def adapter(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter that drowns the encoder's first layer, so that nothing is understood."""
    peft: Any = need("peft", "torch")
    whisper = transformers.WhisperForConditionalGeneration.from_pretrained(str(folder))
    config = peft.LoraConfig(r=4, target_modules=["q_proj", "fc2"], init_lora_weights=False)
    torch.manual_seed(0)
    adapted = peft.get_peft_model(whisper, config)
    for name, weight in adapted.named_parameters():
        if "lora_B" in name:
            weight.data *= 50
    path = tmp_path_factory.mktemp("lora")
    adapted.save_pretrained(path)
    return path


class TestAdapter:
    def test_is_merged(self, folder: Path, adapter: Path) -> None:
        row = sentences()[0]
        engine = load(folder, lora_path=str(adapter))
        assert text(ask(engine, job(row["audio"]))) != row["text"]

    def test_of_another_model_is_refused(self, folder: Path, adapter: Path, tmp_path: Path) -> None:
        other = Path(shutil.copytree(adapter, tmp_path / "other"))
        config = json.loads((other / "adapter_config.json").read_text())
        config["target_modules"] = ["nothing_like_it"]
        (other / "adapter_config.json").write_text(json.dumps(config))
        with pytest.raises(BadModel, match=r"--lora-path .* does not fit"):
            load(folder, lora_path=str(other))

    def test_that_is_none(self, folder: Path, tmp_path: Path) -> None:
        with pytest.raises(BadModel, match=r"there is no adapter_config\.json"):
            load(folder, lora_path=str(tmp_path))


class TestSettings:
    def test_heads_can_be_named(self, folder: Path) -> None:
        engine = load(folder, alignment_heads="0:1")
        row = sentences()[0]
        answer = ask(engine, job(row["audio"]))
        assert text(answer) == row["text"]
        with pytest.raises(UnsupportedOption, match="no head 7:7"):
            load(folder, alignment_heads="7:7")

    def test_half_precision(self, folder: Path) -> None:
        row = sentences()[0]
        engine = load(folder, compute_type="bfloat16")
        assert text(ask(engine, job(row["audio"]))) == row["text"]

    @pytest.mark.parametrize(
        ("more", "says"),
        [
            ({"compute_type": "int8"}, "use --backend faster-whisper"),
            ({"device": "mps"}, "--device cpu"),
        ],
    )
    def test_what_cannot_be_had(self, folder: Path, more: dict[str, str], says: str) -> None:
        with pytest.raises(UnsupportedOption, match=says):
            TransformersWhisperEngine(EngineSettings(str(folder), **more))

    def test_a_folder_that_is_no_model(self, tmp_path: Path) -> None:
        with pytest.raises(BadModel, match="cannot be loaded"):
            load(tmp_path)

    def test_weights_that_are_cut_off(self, folder: Path, tmp_path: Path) -> None:
        for path in folder.iterdir():
            (tmp_path / path.name).write_bytes(path.read_bytes()[:5_000_000])
        weights = tmp_path / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:5_000])
        with pytest.raises(BadModel, match="cannot be loaded"):
            load(tmp_path)
        with pytest.raises(BadModel, match="could not be converted"):
            to_ctranslate2(tmp_path, tmp_path / "converted", (), "float16")


class TestFindingHeads:
    """scripts/find_alignment_heads.py on the model whose heads are known."""

    @pytest.mark.parametrize("timed", [True, False])
    def test_finds_those_of_the_model(
        self, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], timed: bool
    ) -> None:
        script = runpy.run_path(str(FIXTURES.parents[1] / "scripts" / "find_alignment_heads.py"))
        rows = [
            {"file": str(FIXTURES / "speech" / row["file"]), "text": row["text"]}
            | ({"words": row["words"]} if timed else {})
            for row in sentences()[::6]
        ]
        manifest, picture = tmp_path / "manifest.jsonl", tmp_path / "heads.png"
        manifest.write_text("\n".join(map(json.dumps, rows)))
        arguments = [str(folder), str(manifest), "--picture", str(picture)]
        assert script["main"](arguments) == 0
        assert "--alignment-heads 1:0,1:1\n" in capsys.readouterr().out
        with av.open(str(picture)) as image:
            frame = next(image.decode(video=0)).to_ndarray(format="rgb24")
        framed = (frame == script["FRAME_COLOUR"]).all(axis=-1)
        middle = frame.shape[0] // 2
        assert framed[middle:].any()
        assert not framed[:middle].any()

    def test_says_what_is_wrong(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        script = runpy.run_path(str(FIXTURES.parents[1] / "scripts" / "find_alignment_heads.py"))
        assert script["main"]([str(tmp_path), str(tmp_path / "none.jsonl")]) == 2
        assert "cannot be loaded" in capsys.readouterr().err.replace("\n", " ")
