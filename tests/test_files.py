"""Files through the engine: words, times, failures and how they end."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from server.engines import Faulty, Watched

from livestt.engines import Engine
from livestt.engines.scripted import script_of
from livestt.errors import BadAudio, EngineError
from livestt.files import transcribe_file
from livestt.settings import Settings
from livestt.testing import Harness

SPEECH = Path(__file__).parent / "fixtures" / "speech"
TEXT = " ".join(f"word{i}" for i in range(20))


def folded(text: str) -> list[str]:
    return [word.strip(".,?!").lower() for word in text.split()]


def agreement(a: str, b: str) -> float:
    same = sum(x == y for x, y in zip(folded(a), folded(b), strict=False))
    return same / max(len(folded(a)), len(folded(b)))


@pytest.fixture
def silence(tmp_path: Path) -> Path:
    """Nine seconds of nothing in a raw-looking file: a WAVE."""
    import wave

    path = tmp_path / "nine.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(2 * 16_000 * 9))
    return path


def test_a_file_gives_what_is_said_in_it(whisper: Engine, recordings: list[dict[str, Any]]) -> None:
    settings = Settings(language="en")
    for entry in recordings[:4]:
        transcript = transcribe_file(SPEECH / entry["file"], whisper, settings)
        assert agreement(transcript.text, entry["text"]) > 0.75, transcript.text


def test_the_same_file_gives_the_same_transcript(whisper: Engine) -> None:
    settings = Settings(language="en")
    twice = [transcribe_file(SPEECH / "slt-02.flac", whisper, settings) for _ in range(2)]
    assert list(twice[0].segments) == list(twice[1].segments)
    assert twice[0].text


def test_live_and_file_agree(whisper: Engine) -> None:
    path, settings = SPEECH / "rms-01.flac", Settings(language="en")

    async def live() -> str:
        async with Harness(whisper, settings) as harness:
            await harness.feed(path)
            return (await harness.finish()).committed_text

    assert agreement(asyncio.run(live()), transcribe_file(path, whisper, settings).text) > 0.75


def test_progress_never_goes_back_and_reaches_the_end(silence: Path) -> None:
    seconds: list[float] = []
    engine = Watched(script_of(TEXT))
    transcript = transcribe_file(silence, engine, Settings(vad=False), seconds.append)
    assert seconds == sorted(seconds)
    assert seconds[-1] == 9
    assert transcript.text == TEXT
    assert all(stream.releases == 1 for stream in engine.streams)


def test_bad_audio_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "letter.mp3"
    path.write_bytes(b"Dear Sir or Madam, " * 1000)
    engine = Watched()
    with pytest.raises(BadAudio, match=r"letter\.mp3"):
        transcribe_file(path, engine, Settings())
    assert all(stream.releases == 1 for stream in engine.streams)


def test_an_empty_file_is_bad_audio(tmp_path: Path) -> None:
    path = tmp_path / "empty.wav"
    path.touch()
    with pytest.raises(BadAudio, match=r"empty\.wav"):
        transcribe_file(path, Watched(), Settings())


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        transcribe_file(tmp_path / "none.wav", Watched(), Settings())


@pytest.mark.parametrize("kind", ["engine error", "too few", "too many"])
def test_a_file_that_the_engine_fails_on_is_an_error_not_a_gap(silence: Path, kind: str) -> None:
    engine = Faulty(script_of(TEXT), kind=kind, times=99)
    with pytest.raises(EngineError, match=r"nine\.wav"):
        transcribe_file(silence, engine, Settings(vad=False))
    assert all(stream.releases == 1 for stream in engine.streams)
    again = Faulty(script_of(TEXT), kind=kind, times=2)
    assert transcribe_file(silence, again, Settings(vad=False)).text == TEXT
