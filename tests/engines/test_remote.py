"""The remote engine against a real server on a loopback port."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

pytest.importorskip("httpx2", reason="the remote engine needs the extra 'remote'")

from fake_openai import FakeOpenAI, listens, says, serving
from starlette.responses import JSONResponse, PlainTextResponse

from livestt.engines import EngineSettings, Hypothesis, Job, Samples, StreamOptions, remote_http
from livestt.engines.conformance import LAWS, Law
from livestt.engines.faster_whisper import FasterWhisperEngine
from livestt.engines.registry import load_engine
from livestt.engines.remote import KEY_VARIABLE, RemoteEngine
from livestt.engines.support import check_support
from livestt.errors import EngineError, UnsupportedOption
from livestt.events import Word
from livestt.policies import LocalAgreement, choose
from livestt.settings import Settings
from livestt.testing import Harness

FIXTURES = Path(__file__).parents[1] / "fixtures"
OPTIONS = StreamOptions(language="en")
SECOND = 16_000
AUDIO = np.zeros(4 * SECOND, np.float32)
HELLO = says(("Hello", 0.5, 1.0), ("dear", 1.0, 1.5), ("world", 2.0, 2.6))


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeOpenAI]:
    with serving(HELLO) as fake:
        yield fake


@pytest.fixture(autouse=True)
def fresh_fake(fake: FakeOpenAI, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.hear, fake.delay, fake.at_once = HELLO, 0.0, 0
    fake.replies.clear()
    fake.received.clear()
    monkeypatch.setattr(remote_http, "BACK_OFF", 0.01)


@pytest.fixture
def engine(fake: FakeOpenAI) -> Iterator[RemoteEngine]:
    engine = RemoteEngine(EngineSettings(remote_url=fake.url, remote_timeout=5))
    yield engine
    engine.close()


def ask(engine: RemoteEngine, audio: Samples = AUDIO, start: int = 0, **more: Any) -> Hypothesis:
    options = more.pop("options", OPTIONS)
    job = Job(engine.open(options), audio, start, True, options, **more)
    [answer] = engine.run([job])
    return answer


def speech_of(name: str) -> Samples:
    audio, _ = soundfile.read(FIXTURES / "speech" / f"{name}.flac", dtype="float32")
    return audio  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def over_whisper() -> Iterator[RemoteEngine]:
    whisper = FasterWhisperEngine(EngineSettings(str(FIXTURES / "whisper-synth"), device="cpu"))
    with serving(listens(whisper)) as fake:
        engine = RemoteEngine(EngineSettings(remote_url=fake.url))
        yield engine
        engine.close()
    whisper.close()


class TestOverWhisper:
    """The other server hears with the small Whisper that ships for tests."""

    @pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
    def test_keeps(self, law: Law, over_whisper: RemoteEngine) -> None:
        law(over_whisper, speech_of("slt-02"))

    @pytest.fixture
    def anyio_backend(self) -> str:
        return "asyncio"

    @pytest.mark.anyio
    async def test_a_session_commits_each_word_once(self, over_whisper: RemoteEngine) -> None:
        pause = np.zeros(SECOND, np.float32)
        audio = np.concatenate([speech_of("slt-01"), pause, speech_of("slt-02"), pause])
        async with Harness(over_whisper, Settings(min_chunk_size=1.0), OPTIONS) as harness:
            await harness.feed(audio, speed=2)
            state = await harness.finish()
        assert state.committed_text == (
            "Good morning, everybody did not take our red building. "
            "Nobody moved our picture across the street."
        )


class TestRequest:
    def test_is_a_form_as_openai_documents_it(self, engine: RemoteEngine, fake: FakeOpenAI) -> None:
        tone = np.sin(np.arange(4 * SECOND) / 10).astype(np.float32)
        ask(engine, tone)
        [received] = fake.received
        assert received.path == "/v1/audio/transcriptions"
        assert received.fields == {
            "model": ["whisper-1"],
            "response_format": ["verbose_json"],
            "temperature": ["0"],
            "timestamp_granularities[]": ["word", "segment"],
            "language": ["en"],
        }
        assert np.abs(received.audio - tone).max() < 1e-4
        assert "authorization" not in received.headers

    def test_shows_prompt_hotwords_and_what_was_said_before(
        self, engine: RemoteEngine, fake: FakeOpenAI
    ) -> None:
        options = StreamOptions(None, prompt="Minutes.", hotwords=("Kiruna", "Luleå"))
        context = (Word(" We", 0, 10), Word(" met.", 10, 20))
        ask(engine, start=SECOND, options=options, context=context)
        [received] = fake.received
        assert received.fields["prompt"] == ["Glossary: Kiruna, Luleå. Minutes. We met."]
        assert "language" not in received.fields

    def test_long_context_is_cut_at_a_word(self, engine: RemoteEngine, fake: FakeOpenAI) -> None:
        context = tuple(Word(f" word{i}", i, i + 1) for i in range(500))
        ask(engine, start=SECOND, context=context)
        [prompt] = fake.received[0].fields["prompt"]
        assert len(prompt) <= 600
        assert prompt.startswith("word4")
        assert prompt.endswith("word499")

    def test_translation_has_an_address_of_its_own(
        self, engine: RemoteEngine, fake: FakeOpenAI
    ) -> None:
        answer = ask(engine, options=StreamOptions("fr", task="translate"))
        [received] = fake.received
        assert received.path == "/v1/audio/translations"
        assert set(received.fields) == {"model", "response_format", "temperature"}
        assert {word.language for word in answer.words} == {"en"}

    def test_nothing_is_sent_for_a_tenth_of_a_second(
        self, engine: RemoteEngine, fake: FakeOpenAI
    ) -> None:
        assert ask(engine, AUDIO[:1000]).words == ()
        assert not fake.received

    def test_key_comes_from_the_environment_and_goes_nowhere_else(
        self, fake: FakeOpenAI, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setenv(KEY_VARIABLE, "sk-secret")
        caplog.set_level(logging.DEBUG)
        engine = RemoteEngine(EngineSettings(remote_url=fake.url))
        fake.replies.append(JSONResponse({"error": {"message": "no"}}, 401))
        with pytest.raises(EngineError) as raised:
            ask(engine)
        assert fake.received[0].headers["authorization"] == "Bearer sk-secret"
        assert "secret" not in str(raised.value) + caplog.text + repr(engine.capabilities)
        engine.close()

    @pytest.mark.parametrize("status", [401, 422, 500])
    def test_nothing_of_it_comes_back_in_a_reason(
        self, fake: FakeOpenAI, monkeypatch: pytest.MonkeyPatch, status: int
    ) -> None:
        monkeypatch.setenv(KEY_VARIABLE, "sk-0123456789abcdef")
        engine = RemoteEngine(EngineSettings(remote_url=fake.url))
        context = tuple(Word(f" hushed{i}", i, i + 1) for i in range(50))
        answers: list[Any] = [
            {
                "detail": [
                    {"loc": ["body", "prompt"], "msg": "too long", "input": "hushed7 hushed8"}
                ]
            },
            {"error": {"message": "Incorrect API key provided: sk-0123456789abc***"}},
        ]
        for answer in answers:
            fake.replies += [JSONResponse(answer, status)] * remote_http.ATTEMPTS
            with pytest.raises(EngineError) as raised:
                ask(engine, start=SECOND, context=context)
            assert "left out" in str(raised.value)
            assert "hushed" not in str(raised.value)
            assert "0123" not in str(raised.value)
            fake.replies.clear()
        engine.close()


class TestBatch:
    def test_requests_go_at_once_up_to_the_limit(self, fake: FakeOpenAI) -> None:
        engine = RemoteEngine(EngineSettings(remote_url=fake.url, remote_requests=3))
        assert engine.capabilities.max_batch == 3
        fake.delay = 0.3
        jobs = [Job(engine.open(OPTIONS), AUDIO, 0, True, OPTIONS) for _ in range(3)]
        assert len(engine.run(jobs)) == 3
        assert fake.at_once == 3
        engine.close()

    def test_answers_of_a_half_failed_batch_are_not_asked_for_twice(
        self, engine: RemoteEngine, fake: FakeOpenAI
    ) -> None:
        fake.replies.append(JSONResponse({"error": {"message": "too odd"}}, 400))
        jobs = [Job(engine.open(OPTIONS), AUDIO, 0, True, OPTIONS) for _ in range(3)]
        with pytest.raises(EngineError, match="400 Bad Request: too odd"):
            engine.run(jobs)
        for job in jobs:
            assert len(engine.run([job])[0].words) == 3
        assert len(fake.received) == 4


class TestFailure:
    @pytest.mark.parametrize("status", [408, 429, 500, 503])
    def test_is_tried_again(self, engine: RemoteEngine, fake: FakeOpenAI, status: int) -> None:
        fake.replies += [PlainTextResponse("busy", status)] * 2
        assert len(ask(engine).words) == 3
        assert len(fake.received) == 3

    def test_not_for_ever(self, engine: RemoteEngine, fake: FakeOpenAI) -> None:
        fake.replies += [PlainTextResponse("overloaded", 503)] * 3
        with pytest.raises(EngineError, match="503 Service Unavailable: overloaded"):
            ask(engine)
        assert len(fake.received) == 3

    @pytest.mark.parametrize(
        ("reply", "says"),
        [
            (JSONResponse({"detail": "model unknown"}, 404), "model unknown.*--remote-url"),
            (JSONResponse({"error": {"message": "bad key"}}, 401), f"bad key.*{KEY_VARIABLE}"),
            (PlainTextResponse("", 400), "no reason given"),
            (PlainTextResponse("hello"), "other than a JSON object"),
            (JSONResponse([]), "other than a JSON object"),
        ],
    )
    def test_that_will_not_pass_is_not_tried_again(
        self, engine: RemoteEngine, fake: FakeOpenAI, reply: Any, says: str
    ) -> None:
        fake.replies.append(reply)
        with pytest.raises(EngineError, match=says):
            ask(engine)
        assert len(fake.received) == 1

    def test_retry_after_is_kept(self, engine: RemoteEngine, fake: FakeOpenAI) -> None:
        fake.replies.append(PlainTextResponse("slow down", 429, headers={"Retry-After": "0.4"}))
        begun = time.monotonic()
        assert ask(engine).words
        assert time.monotonic() - begun >= 0.4

    def test_a_long_retry_after_holds_for_everybody(
        self, engine: RemoteEngine, fake: FakeOpenAI
    ) -> None:
        fake.replies.append(PlainTextResponse("come back", 429, headers={"Retry-After": "300"}))
        with pytest.raises(EngineError, match=r"come back\. It asks to wait 300 s"):
            ask(engine)
        with pytest.raises(EngineError, match="wants no request for another"):
            ask(engine)
        assert len(fake.received) == 1

    def test_no_answer_in_time(self, fake: FakeOpenAI) -> None:
        fake.delay = 0.6
        engine = RemoteEngine(EngineSettings(remote_url=fake.url, remote_timeout=0.1))
        with pytest.raises(EngineError, match=r"did not answer within 0.1 s"):
            ask(engine)
        engine.close()
        fake.delay = 0.0

    def test_nobody_there(self) -> None:
        engine = RemoteEngine(EngineSettings(remote_url="http://127.0.0.1:9/v1"))
        with pytest.raises(EngineError, match=r"127\.0\.0\.1:9/v1/audio/transcriptions cannot be"):
            ask(engine)
        engine.close()

    def test_close_ends_the_wait_for_another_attempt(
        self, engine: RemoteEngine, fake: FakeOpenAI
    ) -> None:
        fake.replies.append(PlainTextResponse("wait", 429, headers={"Retry-After": "20"}))
        begun = time.monotonic()
        threading.Timer(0.3, engine.close).start()
        with pytest.raises(EngineError, match="shutting down"):
            ask(engine)
        assert time.monotonic() - begun < 15


@pytest.mark.parametrize(
    ("header", "seconds"), [(None, None), ("7", 7), ("-1", 0), ("soon", None), ("1.5", 1.5)]
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert remote_http.retry_after(header) == seconds


def test_retry_after_as_a_date() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert remote_http.retry_after(date) == pytest.approx(60, abs=5)


class TestSettings:
    @pytest.mark.parametrize(
        ("url", "says"),
        [
            (None, "needs --remote-url"),
            ("host:8000/v1", "whole address"),
            ("ftp://host/v1", "whole address"),
            ("https://me:secret@host/v1", "no password"),
        ],
    )
    def test_refuses(self, url: str | None, says: str) -> None:
        with pytest.raises(UnsupportedOption, match=says):
            RemoteEngine(EngineSettings(remote_url=url))

    def test_are_passed_on(self, fake: FakeOpenAI) -> None:
        settings = Settings(
            backend="remote", remote_url=fake.url, remote_model="large-v3", remote_requests=2
        )
        engine = load_engine(settings)
        assert engine.capabilities.model == f"large-v3 at {fake.url[7:-3]}"
        assert engine.capabilities.max_batch == 2
        engine.close()

    def test_policy_is_local_agreement(self, engine: RemoteEngine) -> None:
        assert isinstance(choose("auto", engine.capabilities), LocalAgreement)
        with pytest.raises(UnsupportedOption, match="localagreement"):
            check_support(engine.capabilities, Settings(backend_policy="alignatt"))

    def test_openai_api_is_pointed_here(self) -> None:
        with pytest.raises(UnsupportedOption, match="write remote"):
            Settings(backend="openai-api")
