"""The voices that speakers are compared with: in memory, and in the store.

Each key has voices of its own; without keys everybody shares them. Several servers on one
PostgreSQL learn of each other's voices within a minute.
"""

from __future__ import annotations

import io
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import BinaryIO

import anyio
from anyio import to_thread

from livestt.errors import (
    BadAudio,
    BadRequest,
    StoreUnavailable,
    TooManyUploads,
    UnusableSample,
    VoicesOff,
)
from livestt.pipeline import Pipeline
from livestt.protocols.data_urls import decoded
from livestt.server.access import asking
from livestt.speakers.embeddings import cosine
from livestt.speakers.enrolment import Listener, enrolled
from livestt.speakers.heard_voice import HeardVoice
from livestt.speakers.profiles import Profile, name_of
from livestt.store import Store
from livestt.store.voices import StoredVoice

EVERY = 60.0
"""Seconds after which the store is asked again what other servers have written."""
MOST = 1_000
"""Voices of one owner."""
LISTENING = 2
"""Samples that are heard at once, in threads of their own: each may wait for the embedder."""
WAITING = 8
"""Enrolments beyond those; whoever comes then is turned away."""

log = logging.getLogger(__name__)


class VoiceBook:
    """The voice profiles of this server.

    Args:
        pipeline: with the embedder that compares.
        store: where profiles are kept; None keeps none.
    """

    def __init__(self, pipeline: Pipeline, store: Store | None) -> None:
        self._pipeline = pipeline
        self._store = store
        self._voices: dict[str, StoredVoice] = {}
        self._known: dict[str, tuple[Profile, ...]] = {}
        self._strange = 0
        self._changing = anyio.Lock()  # or a look at the store might undo what has just changed
        self._listening = anyio.CapacityLimiter(LISTENING)
        self._enrolling = 0

    @property
    def enabled(self) -> bool:
        """Whether profiles are kept here."""
        wanted = self._pipeline.settings.voices and self._store is not None
        return wanted and self._pipeline.embedder is not None

    @property
    def model(self) -> str:
        """What compares voices; empty if nothing does."""
        embedder = self._pipeline.embedder
        return "" if embedder is None else embedder.engine.capabilities.model

    def check(self) -> None:
        """Find out whether voices are kept here.

        Raises:
            VoicesOff: they are not.
        """
        self._open()

    def known(self, owner: str) -> Sequence[Profile]:
        """The profiles that this owner's speakers are compared with, as they are now."""
        return self._known.get(owner, ())

    def of(self, owner: str | None) -> list[StoredVoice]:
        """The voices of this owner, or of all, oldest first."""
        return [voice for voice in self._voices.values() if owner in (None, voice.owner)]

    def is_usable(self, voice: StoredVoice) -> bool:
        """Whether the embedder that is loaded made it."""
        return voice.model == self.model

    @contextmanager
    def admit(self) -> Iterator[None]:
        """Take a place among those who enrol for the length of the block.

        Raises:
            TooManyUploads: there is none.
        """
        if self._enrolling >= LISTENING + WAITING:
            raise TooManyUploads(
                f"this server has the samples of {self._enrolling} voices to listen to, its "
                "limit; try again later"
            )
        self._enrolling += 1
        try:
            yield
        finally:
            self._enrolling -= 1

    async def enrol(self, owner: str, name: str, samples: Sequence[BinaryIO]) -> StoredVoice:
        """Keep the voice of these recordings under a name.

        Raises:
            LivesttError: see `livestt.speakers.enrolment.enrolled` and `add`.
        """
        self._check_room(owner)
        plain = name_of(name)
        return await self.add(owner, plain, await self._heard(samples), len(samples))

    async def add(self, owner: str, name: str, heard: HeardVoice, samples: int = 1) -> StoredVoice:
        """Keep a voice that was heard under a name.

        Raises:
            BadRequest: the name is none, or there are too many voices.
            NameTaken: there is a voice of that name.
            StoreUnavailable: it cannot be written just now.
            VoicesOff: this server keeps no voices.
        """
        plain = name_of(name)
        async with self._changing:
            store = self._check_room(owner)
            add = partial(store.voices.add, owner, plain, heard, samples, self.model)
            voice = await to_thread.run_sync(add)
            self._put({**self._voices, voice.id: voice})
        return voice

    async def rename(self, voice_id: str, owner: str | None, name: str) -> StoredVoice:
        """Call a voice by another name; ``owner`` None may rename anybody's.

        Raises:
            LivesttError: as `add`.
            UnknownVoice: there is none, or it is another owner's.
        """
        kept, plain = self._open().voices, name_of(name)
        async with self._changing:
            voice = await to_thread.run_sync(kept.rename, voice_id, owner, plain)
            self._put({**self._voices, voice.id: voice})
        return voice

    async def delete(self, voice_id: str, owner: str | None) -> None:
        """Forget a voice; ``owner`` None may delete anybody's. Raises as `rename`."""
        kept = self._open().voices
        async with self._changing:
            await to_thread.run_sync(kept.delete, voice_id, owner)
            self._put({key: voice for key, voice in self._voices.items() if key != voice_id})

    async def known_in(self, names: Sequence[str], samples: Sequence[str]) -> Sequence[Profile]:
        """The profiles that the speakers of an upload are compared with: those it brings, and
        those of its key that are other people.

        Args:
            names: of the people it brings.
            samples: a recording of each, as data URLs.

        Raises:
            BadRequest: one of them is no data URL, or cannot be used; says why.
        """
        brought = []
        for i, (name, sample) in enumerate(zip(names, samples, strict=True)):
            try:
                audio = await to_thread.run_sync(
                    decoded, sample
                )  # up to 4 MiB, maybe percent-encoded
                heard = await self._heard([io.BytesIO(audio)])
            except (BadAudio, BadRequest, UnusableSample) as error:
                raise BadRequest(
                    f"known_speaker_references[{i}]: {error}", param="known_speaker_references"
                ) from error
            brought.append(Profile(f"sample:{i}", name, heard.embedding))
        kept = self.known(asking.grant.get().name)
        least = self._pipeline.voice_threshold
        own = [one.embedding for one in brought]
        others = [k for k in kept if all(cosine(k.embedding, one) < least for one in own)]
        return (*brought, *(profile for profile in others if profile.name not in names))

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Inside the block the book is up to date."""
        if not self.enabled:
            yield
            return
        await self.refresh()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._follow)
            yield
            tasks.cancel_scope.cancel()

    async def refresh(self) -> None:
        """Learn what others have written; while the store does not answer, nothing changes."""
        kept = self._open().voices
        async with self._changing:
            try:
                found = await to_thread.run_sync(kept.all)
            except StoreUnavailable as error:
                log.warning("voices: %s", error)
                return
            self._put({voice.id: voice for voice in found})
        strange = sum(not self.is_usable(voice) for voice in found)
        if strange and strange != self._strange:
            log.warning(
                "%d voices were made by another speaker model and are not compared", strange
            )
        self._strange = strange

    async def _follow(self) -> None:
        while True:
            await anyio.sleep(EVERY)
            try:
                await self.refresh()
            except Exception:  # the top of a worker: the server goes on
                log.exception("the voices could not be read again")

    async def _heard(self, samples: Sequence[BinaryIO]) -> HeardVoice:
        pipeline, embedder = self._pipeline, self._pipeline.embedder
        assert embedder is not None, "the book is open"
        listener = Listener.of(pipeline.settings, embedder, pipeline.open_vad)
        return await to_thread.run_sync(enrolled, samples, listener, limiter=self._listening)

    def _put(self, voices: dict[str, StoredVoice]) -> None:
        self._voices = voices
        known: dict[str, list[Profile]] = {}
        for voice in filter(self.is_usable, voices.values()):
            known.setdefault(voice.owner, []).append(voice.profile)
        self._known = {owner: tuple(profiles) for owner, profiles in known.items()}

    def _check_room(self, owner: str) -> Store:
        store = self._open()
        if len(self.of(owner)) >= MOST:
            raise BadRequest(f"there are {MOST} voices, the maximum: delete some")
        return store

    def _open(self) -> Store:
        if not self.enabled or self._store is None:
            raise VoicesOff(
                "this server keeps no voices: start it with --voices and a speaker model"
            )
        return self._store
