"""The fixtures are what their manifest and their README say they are."""

from __future__ import annotations

import json
import shutil
import subprocess
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from random import Random

import jiwer
import numpy as np
import pytest
import soundfile
from ctranslate2 import StorageView
from faster_whisper import WhisperModel

FIXTURES = Path(__file__).parent / "fixtures"
SPEECH = FIXTURES / "speech"
NOISE = FIXTURES / "noise"
RECIPE = Path(__file__).parents[1] / "scripts" / "whisper_synth"

SAMPLE_RATE = 16_000
WINDOW_S = 30
VOICES = ("awb", "rms", "slt")
PROMPT = [50_258, 50_259, 50_359, 50_363]
WORDLESS = ("white", "clicks", "hum")  # music fools the model, as it fools bigger ones
FLITE_VERSION = "flite-2.2"
MEGABYTE = 1_000_000

ROWS = [json.loads(line) for line in (SPEECH / "manifest.jsonl").read_text("utf-8").splitlines()]
SENTENCES = [row for row in ROWS if len(row["segments"]) == 1]
STREAMS = {row["id"]: row for row in ROWS if len(row["segments"]) > 1}


def by_id(row: dict) -> str:
    return row["id"]


@pytest.fixture(scope="module")
def model() -> WhisperModel:
    return WhisperModel(
        str(FIXTURES / "whisper-synth"), device="cpu", compute_type="int8", cpu_threads=2
    )


def spelled(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum() or c == " ").strip()


class TestManifest:
    def test_names_every_file_once(self) -> None:
        assert sorted(row["file"] for row in ROWS) == sorted(p.name for p in SPEECH.glob("*.flac"))

    @pytest.mark.parametrize("row", ROWS, ids=by_id)
    def test_length_and_format(self, row: dict) -> None:
        info = soundfile.info(SPEECH / row["file"])
        assert (info.samplerate, info.channels) == (SAMPLE_RATE, 1)
        assert info.frames / SAMPLE_RATE == pytest.approx(row["seconds"], abs=0.001)

    @pytest.mark.parametrize("row", ROWS, ids=by_id)
    def test_words_are_the_text_in_order_and_inside(self, row: dict) -> None:
        assert " ".join(word for word, _, _ in row["words"]) == row["text"]
        edges = [edge for _, start, end in row["words"] for edge in (start, end)]
        assert edges == sorted(edges)
        assert edges[0] > 0
        assert edges[-1] < row["seconds"]

    @pytest.mark.parametrize("row", ROWS, ids=by_id)
    def test_segments_are_the_same_words(self, row: dict) -> None:
        assert " ".join(segment["text"] for segment in row["segments"]) == row["text"]
        assert {segment["voice"] for segment in row["segments"]} == set(row["voices"])
        starts = {start for _, start, _ in row["words"]}
        ends = {end for _, _, end in row["words"]}
        assert all(s["start"] in starts and s["end"] in ends for s in row["segments"])

    @pytest.mark.parametrize("row", ROWS, ids=by_id)
    def test_speech_is_where_the_words_are(self, row: dict) -> None:
        samples, _ = soundfile.read(SPEECH / row["file"])
        for (_, _, end), (_, start, _) in pairwise(row["words"]):
            if start - end > 0.5:
                pause = samples[int((end + 0.1) * SAMPLE_RATE) : int((start - 0.1) * SAMPLE_RATE)]
                assert np.abs(pause).max() < 0.01
        for segment in row["segments"]:
            span = slice(*(int(segment[edge] * SAMPLE_RATE) for edge in ("start", "end")))
            assert np.abs(samples[span]).max() > 0.3


class TestSelection:
    @pytest.mark.parametrize("voice", VOICES)
    def test_eight_sentences_of_each_voice(self, voice: str) -> None:
        assert sum(row["voices"] == [voice] for row in SENTENCES) == 8

    def test_sentences_are_short_and_different(self) -> None:
        assert all(2 <= row["seconds"] <= 6 for row in SENTENCES)
        assert len({row["text"] for row in SENTENCES}) == len(SENTENCES)

    def test_streams_last_most_of_a_minute(self) -> None:
        assert len(STREAMS) == 3
        assert all(40 <= row["seconds"] <= 60 for row in STREAMS.values())

    def test_two_voices_take_turns(self) -> None:
        segments = STREAMS["stream-two-voices"]["segments"]
        assert all(one["voice"] != next_one["voice"] for one, next_one in pairwise(segments))

    def test_pauses(self) -> None:
        longest = {
            name: max(after["start"] - one["end"] for one, after in pairwise(row["segments"]))
            for name, row in STREAMS.items()
        }
        assert longest.pop("stream-long-pause") > 7
        assert all(1 < pause < 3 for pause in longest.values())


class TestModel:
    @pytest.mark.parametrize("voice", VOICES)
    def test_transcribes_its_voices(self, model: WhisperModel, voice: str) -> None:
        rows = [row for row in SENTENCES if row["voices"] == [voice]][:3]
        heard = [self.transcribe(model, row) for row in rows]
        assert jiwer.wer([spelled(row["text"]) for row in rows], heard) <= 0.05

    @pytest.mark.parametrize("name", WORDLESS)
    def test_hears_no_speech_in_noise(self, model: WhisperModel, name: str) -> None:
        samples, _ = soundfile.read(NOISE / f"{name}.flac", dtype="float32")
        window = np.pad(samples, (0, WINDOW_S * SAMPLE_RATE - len(samples)))
        features = model.feature_extractor(window, padding=0)[None, :, : WINDOW_S * 100]
        encoded = StorageView.from_array(np.ascontiguousarray(features))
        (result,) = model.model.generate(encoded, [PROMPT], return_no_speech_prob=True)
        assert result.no_speech_prob > 0.6

    @staticmethod
    def transcribe(model: WhisperModel, row: dict) -> str:
        samples, _ = soundfile.read(SPEECH / row["file"], dtype="float32")
        segments, _ = model.transcribe(samples, language="en", beam_size=1)
        return spelled("".join(segment.text for segment in segments))


def test_noise_is_short() -> None:
    names = {path.stem for path in NOISE.glob("*.flac")}
    assert names == {*WORDLESS, "music"}
    assert all(soundfile.info(NOISE / f"{name}.flac").duration == 3 for name in names)


@pytest.mark.parametrize(
    ("folder", "limit"), [(".", 20 * MEGABYTE), ("speech", 5 * MEGABYTE), ("noise", 300_000)]
)
def test_size(folder: str, limit: int) -> None:
    files = (path for path in (FIXTURES / folder).rglob("*") if path.is_file())
    assert sum(path.stat().st_size for path in files) < limit


def has_flite() -> bool:
    if shutil.which("flite") is None:
        return False
    banner = subprocess.run(["flite", "--version"], capture_output=True, text=True, check=False)
    return FLITE_VERSION in banner.stdout


@pytest.mark.skipif(not has_flite(), reason=f"needs {FLITE_VERSION}")
def test_the_recipe_gives_the_same_sentences(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(RECIPE)
    recordings = import_module("recordings")
    rows = recordings.build_sentences(Random(recordings.SEED), tmp_path, "slt", 3)
    for row in rows:
        rebuilt, _ = soundfile.read(tmp_path / row["file"], dtype="int16")
        committed, _ = soundfile.read(SPEECH / row["file"], dtype="int16")
        assert np.array_equal(rebuilt, committed)
