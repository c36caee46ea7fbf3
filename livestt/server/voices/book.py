"""The voices that speakers are compared with: in memory, and kept in the store.

Each key has voices of its own; without keys everybody shares them. Several servers on one
PostgreSQL learn of each other's voices within a minute.
"""

from __future__ import annotations

import io
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import BinaryIO

import anyio
from anyio import to_thread

from livestt.errors import BadAudio, BadRequest, StoreUnavailable, UnusableSample, VoicesOff
from livestt.pipeline import Pipeline
from livestt.protocols.data_urls import decoded
from livestt.server.access import asking
from livestt.speakers.embeddings import cosine
from livestt.speakers.enrolment import Listener, enrolled
from livestt.speakers.heard_voice import HeardVoice
from livestt.speakers.profiles import Profile
from livestt.store import Store
from livestt.store.voices import StoredVoice

EVERY = 60.0
"""Seconds between looks at what other servers have written."""
MOST = 1_000
"""Voices of one owner."""
MAX_NAME = 100
"""Characters of a name."""

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

    async def enrol(self, owner: str, name: str, samples: Sequence[BinaryIO]) -> StoredVoice:
        """Keep the voice of these recordings under a name.

        Raises:
            LivesttError: see `livestt.speakers.enrolment.enrolled` and `add`.
        """
        self._check_room(owner)
        heard = await to_thread.run_sync(enrolled, samples, self._listener())
        return await self.add(owner, name, heard, len(samples))

    async def add(self, owner: str, name: str, heard: HeardVoice, samples: int = 1) -> StoredVoice:
        """Keep a voice that was heard under a name.

        Raises:
            BadRequest: the name is none, or there are too many voices.
            NameTaken: there is a voice of that name.
            StoreUnavailable: it cannot be written just now.
            VoicesOff: this server keeps no voices.
        """
        store = self._check_room(owner)
        add = partial(store.voices.add, owner, name_of(name), heard, samples, self.model)
        voice = await to_thread.run_sync(add)
        self._put({**self._voices, voice.id: voice})
        return voice

    async def rename(self, voice_id: str, owner: str | None, name: str) -> StoredVoice:
        """Raises as `add`, and `UnknownVoice`."""
        voice = await to_thread.run_sync(self._open().voices.rename, voice_id, owner, name_of(name))
        self._put({**self._voices, voice.id: voice})
        return voice

    async def delete(self, voice_id: str, owner: str | None) -> None:
        """Raises as `add`, and `UnknownVoice`."""
        await to_thread.run_sync(self._open().voices.delete, voice_id, owner)
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
                file = io.BytesIO(decoded(sample))
                heard = await to_thread.run_sync(enrolled, [file], self._listener())
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
        await self._read()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._follow)
            yield
            tasks.cancel_scope.cancel()

    async def _follow(self) -> None:
        while True:
            await anyio.sleep(EVERY)
            try:
                await self._read()
            except Exception:  # the top of a worker: the server goes on
                log.exception("the voices could not be read again")

    async def _read(self) -> None:
        try:
            found = await to_thread.run_sync(self._open().voices.all)
        except StoreUnavailable as error:
            log.warning("voices: %s", error)
            return
        self._put({voice.id: voice for voice in found})
        strange = [voice.name for voice in found if not self.is_usable(voice)]
        if strange:
            log.warning(
                "%d voices were made by another speaker model and are not compared", len(strange)
            )

    def _listener(self) -> Listener:
        assert self._pipeline.embedder is not None, "the book is open"
        return Listener.of(self._pipeline.settings, self._pipeline.embedder)

    def _put(self, voices: dict[str, StoredVoice]) -> None:
        self._voices = voices
        known: dict[str, list[Profile]] = {}
        for voice in filter(self.is_usable, voices.values()):
            known.setdefault(voice.owner, []).append(voice.profile)
        self._known = {owner: tuple(profiles) for owner, profiles in known.items()}

    def _check_room(self, owner: str) -> Store:
        store = self._open()
        if len(self.of(owner)) >= MOST:
            raise BadRequest(f"there are {MOST} voices, the most: delete some")
        return store

    def _open(self) -> Store:
        if not self.enabled or self._store is None:
            raise VoicesOff(
                "this server keeps no voices: start it with --voices and a speaker model"
            )
        return self._store


def name_of(name: str) -> str:
    """A name without superfluous blanks.

    Raises:
        BadRequest: it is empty, too long, or no text.
    """
    plain = " ".join(name.split())
    odd = "\0" in plain or any("\ud800" <= char <= "\udfff" for char in plain)
    if not plain or len(plain) > MAX_NAME or odd:
        raise BadRequest(f"a voice needs a name of 1 to {MAX_NAME} characters", param="name")
    return plain
