"""Cache-aware streaming transducers on PyTorch: Nemotron Speech Streaming and its relatives.

A native engine: each audio frame is encoded once, by chunks of 80 to 1120 ms, and what the model
has written stays written. So every word but the last, which the next symbol may still lengthen,
is committed at once.

State is replaced, never changed, and a batch's new states are kept only when all of it has
succeeded: a failed batch leaves its streams as they were, and each job can be asked again.
"""

from __future__ import annotations

import logging
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import torch

from livestt.engines import Capabilities, EngineSettings, Hypothesis, Job, StreamOptions
from livestt.engines.transducer.decoder import Decoder, DecoderState
from livestt.engines.transducer.encoder import Encoder, EncoderState
from livestt.engines.transducer.features import Features, Pending
from livestt.engines.transducer.loading import load
from livestt.engines.transducer.words import NOTHING, Heard, Symbol, heard, within
from livestt.errors import EngineError, UnsupportedOption
from livestt.timebase import SAMPLES_PER_MS

log = logging.getLogger(__name__)

MAX_BATCH = 16
MAX_UTTERANCE = 600.0
"""Seconds. State does not grow with an utterance, but each answer lists all its words."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """What a stream knows of the utterance being spoken. Never changed, only replaced."""

    origin: int
    """Session sample index of its first sample."""
    pending: Pending
    encoder: EncoderState
    decoder: DecoderState
    frames: int = 0
    """Encoder frames decoded."""
    symbols: tuple[Symbol, ...] = ()
    heard: Heard = NOTHING
    """What has been read of the symbols."""

    @property
    def end(self) -> int:
        """Session sample up to which it has been heard."""
        return self.origin + self.pending.heard


@dataclass(eq=False, slots=True)
class TransducerStream:
    """One session's state; None between utterances."""

    utterance: Utterance | None = None


class TransducerEngine:
    """A streaming transducer shared by all sessions.

    Raises:
        BadModel: the model is of another kind.
        ModelUnavailable: it would have to be downloaded, and cannot be.
        UnsupportedOption: it cannot do what the settings ask.
        EngineError: it does not load.
    """

    weights: ClassVar[Literal["ctranslate2"] | None] = None

    def __init__(self, settings: EngineSettings) -> None:
        if settings.threads:
            torch.set_num_threads(settings.threads)
        loaded = load(settings, log.info)
        self._device = loaded.device
        self._tokenizer: Any = loaded.processor.tokenizer
        self._features = Features(loaded.processor.feature_extractor)
        config = loaded.model.config
        self._frame = int(config.encoder_config.subsampling_factor) * self._features.hop
        chunk = self._chunk(settings.chunk_ms, loaded.processor)
        with torch.inference_mode():
            self._encoder = Encoder(loaded.model, chunk)
            self._decoder = Decoder(loaded.model)
        self._dtype = next(loaded.model.parameters()).dtype
        self._prompts = _by_code(getattr(loaded.processor, "prompt_dictionary", {}))
        self._any_language = int(getattr(config, "default_prompt_id", 0))
        self.capabilities = Capabilities(
            name="transducer",
            model=f"{loaded.name}, {chunk * self._frame // SAMPLES_PER_MS} ms",
            streaming="native",
            languages=frozenset(self._prompts) or frozenset({"en"}),
            detects_language=bool(self._prompts),
            max_window_seconds=MAX_UTTERANCE,
            max_batch=MAX_BATCH,
            device=self._device,
        )

    def open(self, options: StreamOptions) -> TransducerStream:
        return TransducerStream()

    def release(self, stream: TransducerStream) -> None:
        stream.utterance = None

    def reset(self, stream: TransducerStream) -> None:
        stream.utterance = None

    def batch_key(self, job: Job) -> Hashable:
        """Any jobs can run together."""
        return None

    def run(self, jobs: Sequence[Job]) -> list[Hypothesis]:
        try:
            with torch.inference_mode():
                utterances = self._run(jobs)
        except (RuntimeError, ValueError) as error:
            raise EngineError(f"PyTorch failed: {error}") from error
        answers = []
        for job, utterance in zip(jobs, utterances, strict=True):
            found = self._read(job, utterance)
            job.stream.utterance = None if job.final else replace(utterance, heard=found)
            answers.append(_hypothesis(job, utterance, found))
        return answers

    def close(self) -> None:
        del self._encoder, self._decoder
        if self._device == "cuda":
            torch.cuda.empty_cache()

    def _run(self, jobs: Sequence[Job]) -> list[Utterance]:
        """Where each job's utterance stands after it."""
        utterances = [self._begun(job) for job in jobs]
        waiting = list(range(len(jobs)))
        while waiting := [i for i in waiting if self._has_chunk(utterances[i], jobs[i].final)]:
            prompts = [self._prompt(jobs[i].options) for i in waiting]
            stepped = self._step([utterances[i] for i in waiting], prompts)
            for i, utterance in zip(waiting, stepped, strict=True):
                utterances[i] = utterance
        return utterances

    def _begun(self, job: Job) -> Utterance:
        """The job's utterance with its audio added.

        Audio that does not continue where the stream stopped starts an utterance: after a
        failure a session asks for the whole of it again.
        """
        before: Utterance | None = job.stream.utterance
        if before is None or before.end != job.start:
            start = self._features.start()
            before = Utterance(job.start, start, EncoderState(), self._decoder.start)
        return replace(before, pending=before.pending.add(job.audio))

    def _has_chunk(self, utterance: Utterance, final: bool) -> bool:
        """Whether there is a whole chunk to encode; at the end, whether anything is left."""
        if final:
            # Frame k of the encoder is about the audio up to k * frame.
            whole = utterance.pending.heard // self._frame + 1
            return utterance.frames < whole and utterance.pending.heard >= self._frame
        frames = self._encoder.mel_frames(first=utterance.encoder.first)
        return self._features.ready(utterance.pending, frames)

    def _step(self, utterances: Sequence[Utterance], prompts: Sequence[int]) -> list[Utterance]:
        """One chunk of each; the last of an utterance is completed with silence."""
        features: list[Any] = [None] * len(utterances)
        pending = [utterance.pending for utterance in utterances]
        for first in (True, False):
            rows = [i for i, one in enumerate(utterances) if one.encoder.first is first]
            if not rows:
                continue
            frames = self._encoder.mel_frames(first=first)
            padded = [self._features.padded(pending[i], frames) for i in rows]
            computed, rest = self._features.take(padded, frames)
            computed = computed.to(self._device, self._dtype)
            for i, row, left in zip(rows, computed, rest, strict=True):
                features[i], pending[i] = row, left
        encoded, encoders = self._encoder.step(features, [u.encoder for u in utterances], prompts)
        emitted, decoders = self._decoder.step(encoded, [u.decoder for u in utterances])
        return [
            replace(
                utterance,
                pending=pending[i],
                encoder=encoders[i],
                decoder=decoders[i],
                frames=utterance.frames + self._encoder.chunk,
                symbols=utterance.symbols + self._symbols(utterance, emitted[i]),
            )
            for i, utterance in enumerate(utterances)
        ]

    def _symbols(self, utterance: Utterance, emitted: Sequence[Any]) -> tuple[Symbol, ...]:
        pieces = self._tokenizer.convert_ids_to_tokens([one.token for one in emitted])
        symbols = []
        for one, piece in zip(emitted, pieces, strict=True):
            at = utterance.origin + (utterance.frames + one.frame + one.place) * self._frame
            end = at + one.room * self._frame
            symbols.append(Symbol(one.token, piece or "", at, end, one.score))
        return tuple(symbols)

    def _read(self, job: Job, utterance: Utterance) -> Heard:
        asked = job.options.language if self._prompts else "en"
        return heard(utterance.symbols, self._spell, asked, utterance.heard)

    def _spell(self, tokens: Sequence[int]) -> str:
        # Without group_tokens=False a Parakeet tokenizer would merge "ll", as CTC needs it.
        text = self._tokenizer.decode(
            list(tokens),
            group_tokens=False,
            skip_special_tokens=True,
            clean_up_tokenization_spaces=False,
        )
        return str(text)

    def _prompt(self, options: StreamOptions) -> int:
        return self._prompts.get(options.language or "", self._any_language)

    def _chunk(self, milliseconds: int, processor: Any) -> int:
        """Encoder frames per step."""
        looks: list[int] = sorted(processor.supported_num_lookahead_tokens)
        if not milliseconds:
            return int(processor.default_num_lookahead_tokens) + 1
        spans = {(look + 1) * self._frame // SAMPLES_PER_MS: look + 1 for look in looks}
        if milliseconds not in spans:
            known = ", ".join(map(str, spans))
            raise UnsupportedOption(
                f"--chunk-ms {milliseconds}: this model works in steps of {known} ms."
            )
        return spans[milliseconds]


def _hypothesis(job: Job, utterance: Utterance, found: Heard) -> Hypothesis:
    return Hypothesis(
        within(found.words, job.end),
        stable=len(found.words) if job.final else found.finished,
        language=found.language,
        details={"frames": float(utterance.frames)},
    )


def _by_code(prompts: Mapping[str, int]) -> dict[str, int]:
    """Language prompts by ISO 639 code: ``th-TH`` serves ``th`` unless ``th`` has its own."""
    codes: dict[str, int] = {}
    for name, prompt in prompts.items():
        code = name.partition("-")[0]
        if len(code) in (2, 3) and (code == name or code not in prompts):
            codes.setdefault(code, prompt)
    return codes
