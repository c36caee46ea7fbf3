"""A finished transcript as the one answer of ``POST /v1/listen``. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from livestt.audio.format import AudioFormat
from livestt.engines import Capabilities, StreamOptions
from livestt.events import Word
from livestt.protocols.deepgram.about import About
from livestt.protocols.deepgram.query import (
    RAW,
    Query,
    invalid,
    live_sound,
    refuse_promises,
    stream_options,
    word_form,
)
from livestt.protocols.deepgram.words import (
    WordForm,
    alternative,
    confidence,
    transcript,
    word_entry,
    written,
)
from livestt.segments import joined, main_language
from livestt.timebase import from_seconds, to_seconds
from livestt.writing import ends_sentence

MAX_SENTENCES = 5
"""Sentences of a paragraph."""
PARAGRAPH_PAUSE = from_seconds(2)
"""Silence between two paragraphs."""


@dataclass(frozen=True, slots=True)
class FileRequest:
    """What one client of ``POST /v1/listen`` asks for."""

    options: StreamOptions
    form: WordForm
    audio: AudioFormat = field(default_factory=AudioFormat)
    multichannel: bool = False
    candidates: tuple[str, ...] = ()
    """Languages to choose from; empty for all."""
    detect_language: bool = False
    utterances: bool = False
    utterance_pause: int = from_seconds(0.8)
    paragraphs: bool = False
    extra: dict[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HeardChannel:
    """All that was said in one channel of a file."""

    words: Sequence[Word]
    language: str | None = None
    language_probability: float = 1.0
    names: Mapping[int, str] = field(default_factory=dict)
    """Of the speakers who are known, by number."""


def parse_file(
    pairs: Iterable[tuple[str, str]], engine: Capabilities, defaults: StreamOptions
) -> FileRequest:
    """Read the parameters of ``POST /v1/listen``.

    Raises:
        BadRequest: a value that cannot be honoured; names the parameter and what it may be.
    """
    pairs = list(pairs)
    query = Query(pairs)
    refuse_promises(query)
    candidates = _candidates(query, engine)
    split = query.number("utt_split", 0, 60)
    options = stream_options(query, engine, defaults)
    if query.text("language").lower() in ("", "multi") and len(candidates) == 1:
        options = replace(options, language=candidates[0])
    return FileRequest(
        options=options,
        form=word_form(query),
        audio=_audio(pairs, query),
        multichannel=query.flag("multichannel"),
        candidates=candidates,
        detect_language=_detects(query),
        utterances=query.flag("utterances"),
        utterance_pause=from_seconds(0.8 if split is None else split),
        paragraphs=query.flag("paragraphs") or query.flag("smart_format"),
        extra=query.mapping("extra"),
        tags=tuple(query.all("tag")),
    )


def answer(
    request: FileRequest,
    about: About,
    channels: Sequence[HeardChannel],
    *,
    sha256: str,
    created: str,
    duration: float,
) -> dict[str, Any]:
    """The body of the answer.

    Args:
        request: what was asked.
        about: who answers.
        channels: what was said in each.
        sha256: of the body received.
        created: ISO 8601 time of the request.
        duration: seconds of audio.
    """
    asked = [_named(request, heard.names) for heard in channels]
    told = list(zip(channels, asked, strict=True))
    results: dict[str, Any] = {"channels": [_channel(heard, named) for heard, named in told]}
    if request.utterances:
        results["utterances"] = [
            entry
            for index, (heard, named) in enumerate(told)
            for entry in _utterances(heard.words, named, about, index)
        ]
        results["utterances"].sort(key=lambda entry: (entry["start"], entry["channel"]))
    return {
        "metadata": about.metadata(
            sha256=sha256, created=created, duration=duration, channels=len(channels)
        ),
        "results": results,
    }


def _named(request: FileRequest, names: Mapping[int, str]) -> FileRequest:
    return replace(request, form=replace(request.form, names=names))


def _channel(heard: HeardChannel, request: FileRequest) -> dict[str, Any]:
    entry = alternative(heard.words, request.form)
    if request.paragraphs:
        entry["paragraphs"] = paragraphs(written(heard.words, request.form), request.form)
    channel: dict[str, Any] = {"alternatives": [entry]}
    if request.detect_language:
        channel["detected_language"] = heard.language or main_language(heard.words) or "en"
        channel["language_confidence"] = round(heard.language_probability, 4)
    return channel


def _utterances(
    words: Sequence[Word], request: FileRequest, about: About, channel: int
) -> list[dict[str, Any]]:
    """Stretches of speech without a longer pause or another speaker."""
    told = written(words, request.form)
    entries = []
    for run in _runs(told, request.utterance_pause):
        entry: dict[str, Any] = {
            "start": to_seconds(run[0].start),
            "end": to_seconds(run[-1].end),
            "confidence": confidence(run),
            "channel": channel,
            "transcript": transcript(run, request.form),
            "words": [word_entry(word, request.form) for word in run],
            "id": _id(about, channel, run[0].start),
        }
        if request.form.speakers and run[0].speaker is not None:
            entry["speaker"] = run[0].speaker - 1
        entries.append(entry)
    return entries


def paragraphs(told: Sequence[Word], form: WordForm) -> dict[str, Any]:
    """The transcript in paragraphs: of one speaker, and not too long."""
    entries, texts = [], []
    for run in _runs(told, PARAGRAPH_PAUSE):
        sentences = list(_sentences(run))
        for first in range(0, len(sentences), MAX_SENTENCES):
            part = sentences[first : first + MAX_SENTENCES]
            text = " ".join(joined(sentence) for sentence in part)
            entry: dict[str, Any] = {
                "sentences": [
                    {
                        "text": joined(sentence),
                        "start": to_seconds(sentence[0].start),
                        "end": to_seconds(sentence[-1].end),
                    }
                    for sentence in part
                ],
                "num_words": sum(map(len, part)),
                "start": to_seconds(part[0][0].start),
                "end": to_seconds(part[-1][-1].end),
            }
            speaker = run[0].speaker
            if form.speakers and speaker is not None:
                entry["speaker"] = speaker - 1
                text = f"Speaker {speaker - 1}: {text}"
            entries.append(entry)
            texts.append(text)
    return {"transcript": "\n" + "\n\n".join(texts), "paragraphs": entries}


def _runs(words: Sequence[Word], pause: int) -> Iterable[list[Word]]:
    """Consecutive words of one speaker with no longer pause between them."""
    run: list[Word] = []
    for word in words:
        if run and (word.start - run[-1].end >= pause or word.speaker != run[-1].speaker):
            yield run
            run = []
        run.append(word)
    if run:
        yield run


def _sentences(words: Sequence[Word]) -> Iterable[list[Word]]:
    sentence: list[Word] = []
    for word in words:
        sentence.append(word)
        if ends_sentence(word.text):
            yield sentence
            sentence = []
    if sentence:
        yield sentence


def _id(about: About, channel: int, start: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{about.request_id}/{channel}/{start}"))


def _detects(query: Query) -> bool:
    return query.text("detect_language", "false").lower() not in ("false", "0")


def _candidates(query: Query, engine: Capabilities) -> tuple[str, ...]:
    """The languages named in ``detect_language`` and ``language_hint`` that the engine knows."""
    named = [*query.all("detect_language"), *query.all("language_hint")]
    codes = [value.strip().lower().split("-")[0] for value in named]
    switches = ("true", "1", "false", "0")
    for code in codes:
        if code not in switches and code not in engine.languages:
            known = ", ".join(sorted(engine.languages))
            raise invalid("detect_language", code, f"write true, or some of {known}")
    return tuple(dict.fromkeys(code for code in codes if code in engine.languages))


def _audio(pairs: list[tuple[str, str]], query: Query) -> AudioFormat:
    """A file is read by its content, unless it says to be raw and at what rate."""
    if query.text("encoding").lower() not in RAW or not query.text("sample_rate"):
        return AudioFormat()
    return live_sound(Query([pair for pair in pairs if pair[0] != "multichannel"]))[0].audio
