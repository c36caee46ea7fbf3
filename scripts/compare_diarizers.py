"""Compares livestt's diarizers with the programs their models come from.

    python scripts/compare_diarizers.py CHECKPOINT... [--audio FILE] [--minutes 5]

A ``.nemo`` file is compared with NeMo's synchronous streaming, a folder in Hugging Face format
with transformers' streaming and offline modes. livestt gets the audio in pieces of random size,
first one session alone, then several that start at different times and share batches. Needs the
extra ``sortformer``.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from livestt.models.convert_diarizer import convert
from livestt.speakers import Diarizer, DiarizerJob, DiarizerSettings
from livestt.speakers.model_card import ModelCard, Preset, read
from livestt.speakers.nemotron import NemotronDiarizer
from livestt.speakers.sortformer import SortformerDiarizer

Array = npt.NDArray[np.float32]
TOLERANCE = 1e-4
AUDIO = Path(__file__).parents[1] / "tests/fixtures/speech/stream-two-voices.flac"


@dataclass(frozen=True)
class Reference:
    """Another program's probabilities, float32 ``[frames, speakers]``, by latency preset."""

    name: str
    stream: Callable[[Array, Preset], Array]


def main() -> int:
    options = arguments()
    audio = load(options.audio, options.minutes)
    worst = 0.0
    for checkpoint in options.checkpoints:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "converted"
            convert(checkpoint, folder, checkpoint.stem)
            if options.small:
                shrink(folder)
            worst = max(worst, compare(checkpoint, folder, audio, options))
    say(f"largest difference {worst:.1e}, allowed {TOLERANCE:.0e}")
    return int(worst > TOLERANCE)


def say(sentence: str) -> None:
    sys.stdout.write(sentence + "\n")
    sys.stdout.flush()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoints", nargs="+", type=Path)
    parser.add_argument("--audio", type=Path, default=AUDIO)
    parser.add_argument("--minutes", type=float, default=5.0, help="the audio is repeated")
    parser.add_argument(
        "--small",
        action="store_true",
        help="queues a quarter as long, so that the cache is compressed much more often",
    )
    parser.add_argument("--latency", action="append", help="repeatable; all unless given")
    parser.add_argument("--sessions", type=int, default=5, help="that share batches")
    return parser.parse_args()


def load(path: Path, minutes: float) -> Array:
    """Mono at 16 kHz, repeated at changing loudness."""
    import soundfile

    once, rate = soundfile.read(path, dtype="float32")
    if rate != 16_000:
        raise SystemExit(f"{path} has {rate} samples per second, not 16000.")
    wanted = int(minutes * 60 * rate) + 77
    times = math.ceil(wanted / len(once))
    loud = np.repeat(np.linspace(0.3, 1.0, times, dtype=np.float32), len(once))
    return np.asarray((np.tile(once, times) * loud)[:wanted], np.float32)


def shrink(folder: Path) -> None:
    path = folder / "diarizer.json"
    facts = json.loads(path.read_text())
    for preset in facts["presets"].values():
        preset["fifo"] //= 4
        preset["update"] //= 4
    path.write_text(json.dumps(facts))


def compare(checkpoint: Path, folder: Path, audio: Array, options: argparse.Namespace) -> float:
    card = read(folder)
    references = nemo(checkpoint) if card.kind == "sortformer" else transformers(checkpoint, card)
    factory = SortformerDiarizer if card.kind == "sortformer" else NemotronDiarizer
    worst = 0.0
    presets = {name: card.preset(name) for name in options.latency or card.presets}
    for (latency, preset), reference in itertools.product(presets.items(), references):
        diarizer = factory(DiarizerSettings(model=str(folder), latency=latency, threads=1))
        begun = time.process_time()
        theirs = reference.stream(audio, preset)
        middle = time.process_time()
        ours = alone(diarizer, audio)
        done = time.process_time()
        together = staggered(diarizer, audio, options.sessions)
        if len(ours) != len(theirs):
            raise SystemExit(f"{reference.name}: {len(theirs)} frames, livestt: {len(ours)}")
        single = difference(ours, theirs)
        batched = max(difference(one, ours) for one in together)
        worst = max(worst, single, batched)
        say(
            f"{card.name} {latency:>5} s: {len(ours)} frames, from {reference.name} {single:.1e}, "
            f"batched from alone {batched:.1e}, active {(ours > 0.5).mean():.2f}, CPU time "
            f"{(done - middle) / (middle - begun):.2f} of theirs"
        )
    return worst


def difference(a: Array, b: Array) -> float:
    return float(np.abs(a - b).max())


def pieces(audio: Array, seed: int) -> Iterator[tuple[Array, bool]]:
    """The audio in pieces of 0 to 3 s, and whether each is the last."""
    rng = np.random.default_rng(seed)
    at = 0
    while at < len(audio):
        size = int(rng.integers(0, 48_000))
        yield audio[at : at + size], at + size >= len(audio)
        at += size


def alone(diarizer: Diarizer, audio: Array) -> Array:
    stream = diarizer.open()
    rows = []
    for piece, final in pieces(audio, 0):
        (answer,) = diarizer.run([DiarizerJob(stream, piece, final)])
        rows.append(answer.probabilities)
    return np.concatenate(rows)


def staggered(diarizer: Diarizer, audio: Array, sessions: int) -> list[Array]:
    """Sessions that start ten turns apart and share batches from then on."""
    feeds = {i: pieces(audio, i + 1) for i in range(sessions)}
    streams = {i: diarizer.open() for i in feeds}
    rows: dict[int, list[Array]] = {i: [] for i in feeds}
    for turn in itertools.count():
        jobs = {}
        for i in [i for i in feeds if turn >= 10 * i]:
            piece, final = next(feeds[i])
            jobs[i] = DiarizerJob(streams[i], piece, final)
            if final:
                del feeds[i]
        for i, answer in zip(jobs, diarizer.run(list(jobs.values())), strict=True):
            rows[i].append(answer.probabilities)
        if not feeds:
            return [np.concatenate(one) for one in rows.values()]
    raise AssertionError("unreachable")


def nemo(checkpoint: Path) -> list[Reference]:
    import nemo.collections.asr.models.sortformer_diar_models as package
    import torch
    from nemo.utils import logging

    logging.setLevel(logging.ERROR)
    package.tqdm = lambda steps, **_: steps
    model: Any = package.SortformerEncLabelModel.restore_from(str(checkpoint), map_location="cpu")
    model.eval()
    torch.set_num_threads(1)

    def stream(audio: Array, preset: Preset) -> Array:
        modules = model.sortformer_modules
        modules.chunk_len, modules.chunk_right_context = preset.chunk, preset.right
        modules.fifo_len, modules.spkcache_update_period = preset.fifo, preset.update
        model.async_streaming = False
        with torch.inference_mode():
            samples, count = torch.tensor(audio)[None], torch.tensor([len(audio)])
            features, length = model.preprocessor(input_signal=samples, length=count)
            rows = model.forward_streaming(features[:, :, : int(length.max())], length)
        return np.asarray(rows[0].numpy(), np.float32)

    return [Reference("NeMo", stream)]


def transformers(checkpoint: Path, card: ModelCard) -> list[Reference]:
    import torch
    from transformers import Nemotron3DiarizationForAudioFrameClassification as Model
    from transformers import NemotronAsrStreamingFeatureExtractor as Extractor
    from transformers.models.nemotron3_diarization.modeling_nemotron3_diarization import (
        Nemotron3DiarizationSpeakerCache as Cache,
    )

    torch.set_num_threads(1)
    model = Model.from_pretrained(checkpoint, dtype=torch.float32).eval()
    extract = Extractor(feature_size=card.mels)

    def features(audio: Array) -> Any:
        got = extract(audio, sampling_rate=16_000, return_tensors="pt")
        return got["input_features"][:, : int(got["attention_mask"].sum())]

    def stream(audio: Array, preset: Preset) -> Array:
        """A forward per chunk with an own cache, as a streaming client does it; at the end the
        look-ahead shrinks, as in offline mode."""
        frames = features(audio)
        cache = Cache(model.config.streaming_config, preset.fifo, preset.update)
        step, right = preset.chunk * 8, preset.right * 8
        rows = []
        with torch.inference_mode():
            for start in range(0, frames.shape[1], step):
                end = min(start + step, frames.shape[1])
                ahead = min(right, frames.shape[1] - end)
                answer = model(
                    frames[:, start : end + ahead],
                    speaker_cache=cache,
                    num_lookahead_frames=math.ceil(ahead / 8),
                )
                rows.append(answer.logits.sigmoid()[0])
        return np.asarray(torch.cat(rows).numpy(), np.float32)

    def offline(audio: Array, preset: Preset) -> Array:
        config = model.config
        config.chunk_length, config.chunk_right_context = preset.chunk, preset.right
        config.fifo_length, config.speaker_cache_update_period = preset.fifo, preset.update
        with torch.inference_mode():
            return np.asarray(model(features(audio)).logits.sigmoid()[0].numpy(), np.float32)

    return [Reference("transformers streaming", stream), Reference("its offline mode", offline)]


if __name__ == "__main__":
    sys.exit(main())
