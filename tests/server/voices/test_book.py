"""The voices in memory, while the store and other servers change them."""

from __future__ import annotations

import logging
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from speakers.choir import Choir, sound_of

from livestt.engines.scripted import ScriptedEngine
from livestt.pipeline import Pipeline
from livestt.server.voices.book import VoiceBook
from livestt.settings import Settings
from livestt.speakers.heard_voice import HeardVoice
from livestt.speakers.scheduler import EmbedderScheduler
from livestt.store import Store
from livestt.store.voices import StoredVoice

HEARD = HeardVoice.of(sound_of(1), 32_000)
Ask = Callable[[VoiceBook, Store], Coroutine[None, None, None]]


@pytest.fixture
def with_book(tmp_path: Path) -> Callable[[Ask], None]:
    @asynccontextmanager
    async def opened() -> AsyncIterator[tuple[VoiceBook, Store]]:
        store, scheduler = Store(str(tmp_path / "voices.db")), EmbedderScheduler(Choir())
        capabilities = ScriptedEngine().capabilities
        settings = Settings(vad=False, voices=True)
        try:
            yield VoiceBook(Pipeline(settings, capabilities, embedder=scheduler), store), store
        finally:
            scheduler.close()
            store.close()

    def run(ask: Ask) -> None:
        async def inside() -> None:
            async with opened() as (book, store):
                with anyio.fail_after(30):
                    await ask(book, store)

        anyio.run(inside)

    return run


def test_a_look_at_the_store_does_not_bring_back_what_is_deleted_meanwhile(
    with_book: Callable[[Ask], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ask(book: VoiceBook, store: Store) -> None:
        voice = await book.add("", "Ada", HEARD)
        read, deleted = threading.Event(), threading.Event()
        look, forget = store.voices.all, store.voices.delete

        def slowly() -> list[StoredVoice]:
            found = look()
            read.set()
            deleted.wait(0.2)  # long enough for a deletion that does not wait for this
            return found

        def delete(voice_id: str, owner: str | None) -> None:
            forget(voice_id, owner)
            deleted.set()

        monkeypatch.setattr(store.voices, "all", slowly)
        monkeypatch.setattr(store.voices, "delete", delete)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(book.refresh)
            await anyio.to_thread.run_sync(read.wait)
            tasks.start_soon(book.delete, voice.id, "")
        assert book.of("") == []
        assert book.known("") == ()

    with_book(ask)


def test_voices_of_another_model_are_told_of_when_their_number_changes(
    with_book: Callable[[Ask], None], caplog: pytest.LogCaptureFixture
) -> None:
    async def ask(book: VoiceBook, store: Store) -> None:
        for name in ("Ada", "Eve"):
            store.voices.add("", name, HEARD, 1, "another choir")
            await book.refresh()
            await book.refresh()

    with caplog.at_level(logging.WARNING, "livestt.server.voices"):
        with_book(ask)
    assert [message[:8] for message in caplog.messages] == ["1 voices", "2 voices"]
