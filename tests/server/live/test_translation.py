"""Translations over a real socket: captions at once, what they mean a moment later."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import soundfile
from websockets.asyncio.client import connect

from livestt.engines.scripted import script_of
from livestt.errors import EngineError
from livestt.store import Store
from livestt.translation import TranslationJob, TranslatorSettings, driving
from livestt.translation.ctranslate2_translator import CTranslate2Translator
from livestt.translation.scripted import ScriptedTranslator

from ..conftest import FIXTURES, Lent, Serve
from ..engines import Steered, Watched
from ..running import Dialogue, Running, listen

TEXT = "My name is Ada Lovelace, and I wrote this. What is yours, I wonder, if I may ask at all?"
GERMAN = [
    "[de] yM eman si adA ecalevoL, dna I etorw siht.",
    "[de] tahW si sruoy, I rednow, fi I yam ksa ta lla?",
]
AUDIO = bytes(32_000) * 10
RAW = {"encoding": "s16le", "mode": "diff", "language": "en"}


class WatchedTranslator(Steered, ScriptedTranslator):
    """Keeps what it was asked; fails or hangs where it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[TranslationJob] = []

    def run(self, jobs: Sequence[TranslationJob]) -> list[str]:
        self.asked += jobs
        return super().run(jobs)


@pytest.fixture
def translator() -> WatchedTranslator:
    return WatchedTranslator()


@pytest.fixture
def server(serve: Serve, translator: WatchedTranslator) -> Running:
    return serve(Watched(script_of(TEXT)), translator=translator)


def translations(told: Dialogue) -> list[str | None]:
    return [line.translation for line in told.state.lines]


@pytest.mark.parametrize("mode", ["full", "diff"])
def test_lines_are_translated(server: Running, mode: str) -> None:
    told = server.talk(AUDIO, **{**RAW, "mode": mode}, target_language="de")
    assert translations(told) == GERMAN
    assert told.text == TEXT
    assert told.kinds[-1] == "ready_to_stop"
    config = told.messages[0]
    assert (config["target_language"], config["target_languages"]) == (
        "de", ["de", "en", "es", "fr"],
    )  # fmt: skip


def test_nothing_is_translated_unless_asked(server: Running, translator: WatchedTranslator) -> None:
    told = server.talk(AUDIO, **RAW)
    assert translations(told) == [None, None]
    assert told.messages[0]["target_language"] == ""
    assert translator.asked == []


def test_the_servers_own_language(serve: Serve, translator: WatchedTranslator) -> None:
    server = serve(Watched(script_of(TEXT)), translator=translator, target_language="de")
    assert translations(server.talk(AUDIO, **RAW)) == GERMAN
    assert translations(server.talk(AUDIO, **RAW, target_language="none")) == [None, None]


def test_what_the_line_that_grows_means(server: Running, translator: WatchedTranslator) -> None:
    """Before it is closed, as far as it is committed."""

    async def talk() -> str:
        url = server.url(**RAW, target_language="de")
        async with connect(url, compression=None) as socket:
            await socket.send(AUDIO[: 32_000 * 2])
            while True:
                buffer = json.loads(await socket.recv()).get("buffer_translation")
                if buffer:
                    await socket.send(b"")
                    await listen(socket)
                    return str(buffer)

    assert asyncio.run(talk()).startswith("[de] yM eman si")
    assert not translator.asked[0].whole


def test_another_language_in_the_middle(server: Running) -> None:
    async def talk() -> Dialogue:
        url = server.url(**RAW, target_language="fr")
        async with connect(url, compression=None) as socket:
            await socket.send(AUDIO[: 32_000 * 5])
            told = Dialogue()
            while not any(told.state.lines):
                told.messages.append(json.loads(await socket.recv()))
            await socket.send(json.dumps({"type": "configure", "target_language": "de"}))
            await socket.send(json.dumps({"type": "configure", "target_language": "tlh"}))
            await socket.send(AUDIO[32_000 * 5 :])
            await socket.send(b"")
            rest = await listen(socket)
            return Dialogue([*told.messages, *rest.messages])

    told = asyncio.run(talk())
    assert translations(told) == [GERMAN[0].replace("[de]", "[fr]"), GERMAN[1]]
    assert ["tlh" in error["message"] for error in told.of("error")] == [True]


@pytest.mark.parametrize("value", ["tlh", "x" * 1000])
def test_a_language_that_cannot_be_had_is_refused(server: Running, value: str) -> None:
    with pytest.raises(Exception, match="HTTP 400"):
        server.talk(AUDIO, **RAW, target_language=value)


def test_a_server_that_translates_nothing_says_so(serve: Serve) -> None:
    server = serve(Watched(script_of(TEXT)))
    with pytest.raises(Exception, match="HTTP 400"):
        server.talk(AUDIO, **RAW, target_language="de")
    assert translations(server.talk(AUDIO, **RAW, target_language="")) == [None, None]


def test_a_translator_that_fails_costs_translations_alone(
    server: Running, translator: WatchedTranslator
) -> None:
    translator.broken = True
    told = server.talk(AUDIO, **RAW, target_language="de")
    assert told.text == TEXT
    assert translations(told) == [None, None]
    assert [warning["code"] for warning in told.of("warning")] == ["translation_error"]
    assert told.kinds[-1] == "ready_to_stop"


def test_a_translator_that_hangs_keeps_no_session_open(
    server: Running, translator: WatchedTranslator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driving, "ANSWER_TIMEOUT", 0.05)
    translator.may_run.clear()
    try:
        told = server.talk(AUDIO, **RAW, target_language="de")
    finally:
        translator.may_run.set()
    assert told.text == TEXT
    assert "translation_error" in [warning["code"] for warning in told.of("warning")]


class Garbling(WatchedTranslator):
    """Answers whatever it likes."""

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self.answer = answer

    def run(self, jobs: Sequence[TranslationJob]) -> list[str]:
        return [self.answer for _ in jobs]


@pytest.mark.parametrize(
    ("answer", "shown"), [(None, None), (5, None), ("", None), ("\ud800 \0", "? \0")]
)
def test_a_translator_that_answers_nonsense(
    serve: Serve, tmp_path: Path, answer: Any, shown: str | None
) -> None:
    kept = Store(f"{tmp_path}/t.db")
    server = serve(Watched(script_of(TEXT)), kept=kept, translator=Garbling(answer))
    told = server.talk(AUDIO, **RAW, target_language="de")
    assert told.text == TEXT
    assert told.kinds[-1] == "ready_to_stop"
    assert translations(told) == [shown, shown]
    segments = kept.read(told.messages[0]["session"]).segments
    assert "".join(segment.text or "" for segment in segments)
    stored = [s.translation and s.translation.text for s in segments]
    assert stored == [shown and shown.replace("\0", "")] * 2


def test_what_is_left_as_it_was_said_is_kept_so(serve: Serve, tmp_path: Path) -> None:
    """The beginning of a line is translated; of the whole line nobody can say what it means."""

    class Short(WatchedTranslator):
        def run(self, jobs: Sequence[TranslationJob]) -> list[str]:
            if any(job.whole for job in jobs):
                raise EngineError("too long")
            return super().run(jobs)

    kept, translator = Store(f"{tmp_path}/t.db"), Short()
    server = serve(Watched(script_of(TEXT)), kept=kept, translator=translator)

    async def talk() -> Dialogue:
        async with connect(server.url(**RAW, target_language="de"), compression=None) as socket:
            config = json.loads(await socket.recv())
            await socket.send(AUDIO[: 32_000 * 3])
            while not json.loads(await socket.recv()).get("buffer_translation"):
                pass
            await socket.send(json.dumps({"type": "resync"}))
            await socket.send(AUDIO[32_000 * 3 :])
            await socket.send(b"")
            told = await listen(socket)
            return Dialogue([config, *told.messages])

    told = asyncio.run(talk())
    assert translations(told) == [None, None]
    texts = [segment.translation for segment in kept.read(told.messages[0]["session"]).segments]
    assert texts == [None, None]


def test_who_reads_along_reads_translations_too(server: Running) -> None:
    async def talk() -> Dialogue:
        url = server.url(**RAW, target_language="de")
        async with connect(url, compression=None) as socket:
            session = json.loads(await socket.recv())["session"]
            viewing = server.url(session=session, role="viewer", mode="diff")
            async with connect(viewing, compression=None) as viewer:
                await viewer.recv()
                await socket.send(AUDIO)
                await socket.send(b"")
                told, _ = await asyncio.gather(listen(viewer), listen(socket))
                return told

    assert translations(asyncio.run(talk())) == GERMAN


def test_translations_are_kept(serve: Serve, translator: WatchedTranslator, tmp_path: Path) -> None:
    with_store = serve(
        Watched(script_of(TEXT)), kept=Store(f"{tmp_path}/t.db"), translator=translator
    )
    told = with_store.talk(AUDIO, **RAW, target_language="de")
    assert translations(told) == GERMAN
    address = f"{with_store.http}/transcripts/{told.messages[0]['session']}"
    with urlopen(address) as answer:
        lines = json.load(answer)["lines"]
    assert [line["translation"] for line in lines] == GERMAN
    assert {line["translation_language"] for line in lines} == {"de"}
    with urlopen(f"{address}?format=txt&translated=true") as answer:
        assert answer.read().decode().split("\n\n")[0].split("\n")[0] == GERMAN[0]
    with urlopen(f"{address}?format=srt&translated=true") as answer:
        assert "[de] tahW si sruoy" in answer.read().decode()
    with urlopen(f"{address}?format=txt") as answer:
        assert "Ada Lovelace" in answer.read().decode()


def test_from_speech_to_german(
    serve: Serve, lent_whisper: Lent, recordings: list[dict[str, Any]]
) -> None:
    """The whole way: sound, words, lines, and what they mean."""
    settings = TranslatorSettings(str(FIXTURES / "translator-synth"), threads=1, device="cpu")
    server = serve(lent_whisper, translator=CTranslate2Translator(settings), vad=True)
    row = next(row for row in recordings if row["id"] == "slt-03")
    audio, _ = soundfile.read(FIXTURES / "speech" / row["file"], dtype="int16")
    told = server.talk(audio.tobytes() + bytes(32_000), **RAW, target_language="de")
    assert told.text == "Good morning, they moved this number."
    assert translations(told) == ["Gut Morgen, diese bewegte dies Zahl."]


def test_another_server_goes_on_translating(serve: Serve, tmp_path: Path) -> None:
    raw = {**RAW, "target_language": "de"}

    def start() -> Running:
        kept = Store(f"{tmp_path}/t.db")
        models = {"kept": kept, "translator": WatchedTranslator(), "resume_seconds": 60}
        return serve(Watched(script_of(TEXT)), **models)

    async def begin(server: Running) -> Dialogue:
        async with connect(server.url(**raw), compression=None) as socket:
            await socket.send(AUDIO[: 32_000 * 6])
            told = Dialogue()
            while translations(told) != GERMAN[:1]:
                told.messages.append(json.loads(await socket.recv()))
            server.server.should_exit = True
            rest = await listen(socket)
            return Dialogue([*told.messages, *rest.messages])

    before = asyncio.run(begin(start()))
    told = start().talk(AUDIO[32_000 * 6 :], **raw, session=before.messages[0]["session"])
    assert told.messages[0]["session"] == before.messages[0]["session"]
    assert told.state.lines[0] == before.state.lines[0]
    assert len(told.state.lines) > 1
    assert all(line.translation for line in told.state.lines)


def test_a_session_whose_model_writes_english(serve: Serve) -> None:
    """What is said is English then, whatever is spoken."""
    server = serve(Watched(script_of(TEXT)), translator=WatchedTranslator())
    told = server.talk(AUDIO, **RAW, task="translate", target_language="en")
    config = told.messages[0]
    assert (config["task"], config["translates"]) == ("translate", True)
    assert translations(told) == [None, None]
    told = server.talk(AUDIO, **{**RAW, "language": "fr"}, task="translate", target_language="de")
    assert translations(told) == GERMAN


def test_a_task_in_the_middle(server: Running) -> None:
    async def talk() -> list[str]:
        async with connect(server.url(**RAW), compression=None) as socket:
            await socket.send(AUDIO)
            await socket.send(json.dumps({"type": "flush", "id": "1"}))
            while json.loads(await socket.recv()).get("type") != "flushed":
                pass
            await socket.send(json.dumps({"type": "configure", "task": "translate"}))
            await socket.send(json.dumps({"type": "configure", "task": "sing"}))
            await socket.send(b"")
            told = await listen(socket)
            return [error["message"] for error in told.of("error")]

    assert asyncio.run(talk()) == ["task must be one of: transcribe, translate"]
