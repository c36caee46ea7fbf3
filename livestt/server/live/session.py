"""A session on the server: it outlives the connection that feeds it, and many may watch it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import anyio

from livestt.audio.format import AudioFormat
from livestt.engines import StreamOptions
from livestt.engines.scheduler import Scheduler
from livestt.errors import BadAudio, DiskFull, LivesttError, UnknownSession, any_of
from livestt.events import Ended, Event, Flushed, Warned
from livestt.people import Told
from livestt.pipeline import Manner, Pipeline, layout
from livestt.server.access import asking
from livestt.server.live.audience import BUG, Audience
from livestt.server.live.feed import Feed, Listener
from livestt.server.live.inbox import End, Flush
from livestt.server.live.interpreter import Interpreter
from livestt.server.live.ladder import RUNGS
from livestt.server.live.origin import Origin, resumed_from
from livestt.server.live.transcriber import Transcriber
from livestt.server.operations.tally import Count, Tally
from livestt.server.storing.archive import Archive
from livestt.server.storing.recordings import Recordings
from livestt.speakers.heard_voice import HeardVoice
from livestt.store import Resumed, Store
from livestt.store.handing_over import HandingOver
from livestt.store.recorder import Recorder
from livestt.timebase import to_seconds
from livestt.vad.endpointing import EndpointingOptions

log = logging.getLogger(__name__)


class LiveSession:
    """One audio stream, from whoever publishes it to everybody who reads along.

    The publisher's side (`push`, `flush`, `configure`, `end`) never waits; `ready` is where a
    publisher that is too fast is held up. When its connection is lost the session waits a grace
    time for it to come back, so a network that fails for a moment costs nothing.

    Args:
        pipeline: settings and voice detection, shared.
        scheduler: runs the jobs, shared.
        audio: what will be pushed.
        options: what is asked of the engine.
        manner: how this session differs from the settings.
        grace: seconds to wait for a lost publisher.
        patience: asked for the seconds of audio to gather before it is decoded: many small
            pieces cost much more than few large ones.
        level: of load, see `livestt.server.live.ladder`.
        count: adds up what is done, for the operator.
        store: where its words are kept; None keeps them in memory alone.
        owner: name of the key it was opened with; empty without keys.
        resumed: how another process left it, if it is not new.
        recordings: where its audio is kept; None does not keep it.

    Attributes:
        id: unguessable; who knows it may read along or resume.
        owner: name of the key it was opened with; empty without keys.
        epoch: with which it writes to the store, see `livestt.store.Store.reopen`.
        audio: what is pushed.
        options: what is asked of the engine now.
        owed_flushes: flushes not answered yet.
        newest_arrival: number of the handshake whose connection feeds it, where they are numbered.
        transcript: what has been said.
        ended: set when the last word is committed, or none can be.
        failure: why the session ended early, if it did.
        archive: where what is said is kept.
        closed: whether the publisher has said its last, or nothing more is expected of it.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        scheduler: Scheduler,
        audio: AudioFormat,
        options: StreamOptions,
        manner: Manner,
        *,
        grace: float = 0.0,
        patience: Callable[[], float] = lambda: 0.0,
        level: int = 0,
        count: Count | None = None,
        store: Store | None = None,
        owner: str = "",
        resumed: Resumed | None = None,
        recordings: Recordings | None = None,
    ) -> None:
        origin = Origin() if resumed is None else resumed_from(resumed, audio, pipeline, manner)
        manner, lines = origin.continued(manner), layout(pipeline.settings)
        self.id = origin.id
        self.owner = owner
        self.audio = audio
        self.epoch = origin.epoch
        self.started = origin.started
        self.transcript = origin.view(lines)
        self.ended = anyio.Event()
        self.failure: LivesttError | None = None
        self.options = options
        self.owed_flushes = 0
        self.newest_arrival = 0
        self._count = count or Tally().count("live")
        self._count.progress = self.transcript.progress
        self._manner = manner
        self._pipeline = pipeline
        self._grace = grace
        self._transcriber = Transcriber(
            pipeline, scheduler, audio, options, manner, patience, level
        )
        self._resumption = origin.resumption
        self._handing_over = HandingOver(origin.next_word)
        self._feed = Feed(audio, origin.first_sample, grace)
        self._audience = Audience(
            self.id, self._feed, self.transcript.progress, self._lose_broken_publisher
        )
        self.closed = False
        self._all_said = anyio.Event()
        self._whole = anyio.CancelScope()
        self.archive = archive = Archive(self._publish, self.disown, self._all_said.set)
        if store is not None:
            opening = origin.opening(audio, options, pipeline.engine, owner, manner.title)
            self.archive.keep_words(store, Recorder(lines, opening, origin.resumed))
        if recordings is not None and manner.record:
            self.archive.keep_audio(recordings, self.id, origin.recorded)
        view, target = origin.view(lines), manner.target_language
        self._interpreter = Interpreter(pipeline, view, archive.receive_events, options, target)

    @property
    def speakers(self) -> int:
        """How many speakers are told apart at most; 0 if none are."""
        return self._pipeline.most_speakers(self._manner)

    @property
    def recording(self) -> bool:
        """Whether its audio is kept."""
        return self.archive.recording

    @property
    def trouble(self) -> Warned | None:
        """What anybody who joins has to know about the store; None if all is well."""
        return self.archive.trouble

    @property
    def target_language(self) -> str | None:
        """What lines are translated into; None if they are not."""
        return self._interpreter.target

    @property
    def resumable(self) -> bool:
        """Whether a lost publisher may come back: only raw PCM can be cut anywhere."""
        return self.audio.encoding != "auto" and not self.closed

    def publish_to(self, publisher: Listener) -> int:
        """Let this connection feed the session, instead of the one before it.

        Returns:
            The next sample, in the publisher's own rate, that the session needs.
        """
        return self._feed.take_over(publisher)

    def is_fed_by(self, publisher: Listener) -> bool:
        """Whether this connection's audio counts: what one that was replaced still had to say is
        sent again by the one that replaced it."""
        return publisher is self._feed.publisher

    def lose(self, publisher: Listener) -> None:
        """This connection is gone without having said that it was done."""
        if self._feed.lose(publisher, resumable=self.resumable):
            self.end()

    def watch(self, viewer: Listener) -> None:
        """Tell this listener about changes until `unwatch`."""
        self._audience.watch(viewer)

    def unwatch(self, viewer: Listener) -> None:
        self._audience.unwatch(viewer)

    def push(self, data: bytes) -> None:
        """The next bytes of audio; ignored once the session takes no more."""
        if not self.closed and (fresh := self._feed.receive(data)):
            self._transcriber.put(fresh)

    def flush(self, flush_id: str | None = None) -> None:
        """Commit what was pushed before this, then answer; ignored after the end."""
        if self.closed:
            return
        self.owed_flushes += 1
        self._transcriber.put(Flush(flush_id))

    def configure(self, options: StreamOptions) -> None:
        """Options for what is pushed after this."""
        self.options = options
        self._interpreter.configure(options)
        if not self.closed:
            self._transcriber.put(options)

    def translate(self, target: str | None) -> None:
        """The language that lines are translated into from now on; None translates nothing."""
        self._interpreter.translate(target)

    def listen(self, endpointing: EndpointingOptions) -> None:
        """When speech starts and ends in what is pushed after this."""
        if not self.closed:
            self._transcriber.put(endpointing)

    def say(self, *told: Told) -> None:
        """Somebody knows more about the speakers."""
        self._interpreter.receive_events(list(told))
        for event in told:
            self._transcriber.tell(event)

    def learn(self, notes: Sequence[Told]) -> None:
        """Another server was told more about the speakers; see `livestt.store.notes`. What was said
        here meanwhile is newer."""
        self.say(*notes, *(replace(event, noted=True) for event in self.archive.telling))

    def voice(self, speaker: int) -> HeardVoice:
        """What a speaker sounds like so far.

        Raises:
            TooLittleSpeech: nobody knows yet, or ever will.
        """
        return self._transcriber.voice(speaker)

    def ease(self, level: int) -> None:
        """Work as this level of load asks for, and say so."""
        self._transcriber.ease(level)
        self._tell_level()

    def end(self) -> None:
        """Nothing more will be pushed."""
        if not self.closed:
            self.closed = True
            self._transcriber.put(End())

    def hand_over(self) -> None:
        """This server stops: end, but so that the publisher may go on at the next."""
        self._stay_open()
        self.end()

    def cancel(self) -> None:
        """End at once, last words or not."""
        self._stay_open()
        self.closed = True
        self._whole.cancel()

    def disown(self) -> None:
        """Somebody deleted the session, or its publisher went to another server."""
        if self.failure is None:
            self._fail(UnknownSession("this session was deleted, or continues on another server"))
            self.archive.lose()
            self._whole.cancel()

    async def ready(self) -> None:
        """Wait until the session can take more."""
        await self._transcriber.ready()

    async def run(self) -> None:
        """Transcribe until the last word. No error escapes."""
        asking.session.set(self.id)
        log.info("session %s starts", self.id)
        try:
            with self._whole:
                async with anyio.create_task_group() as tasks:
                    if self._resumption is not None:
                        self._interpreter.receive_events(self._resumption.first_events)
                    tasks.start_soon(self._mourn)
                    tasks.start_soon(self.archive.run)
                    tasks.start_soon(self._interpreter.run)
                    await self._transcribe()
                    tasks.cancel_scope.cancel()
        except* LivesttError as group:
            self._fail(any_of(group))
        except* Exception:  # the top of a session: it fails alone
            log.exception("session %s failed", self.id)
            self._fail(LivesttError(BUG))
        finally:
            with anyio.CancelScope(shield=True):
                await self._store_rest()
        log.info("session %s ended", self.id)

    def give_up(self) -> None:
        """Something around the session failed: if it has not run, it never will."""
        if not self.ended.is_set():
            self._fail(LivesttError(BUG))
            self._finish()

    def summary(self) -> dict[str, Any]:
        """One row of the list of sessions."""
        return {
            "id": self.id,
            "started": self.started.isoformat(timespec="seconds"),
            "seconds": to_seconds(self.transcript.duration),
            "language": self.options.language or self.transcript.language or "auto",
            "publishing": self._feed.publisher is not None,
            "viewers": len(self._audience),
        }

    async def _store_rest(self) -> None:
        try:
            await self.archive.finish(complete=self._all_said.is_set())
        except Exception:  # the top of a session, too
            log.exception("session %s failed at its last words", self.id)
            self._fail(LivesttError(BUG))
        finally:
            self._finish()

    def _finish(self) -> None:
        self.closed = True
        self._count.end()
        self.ended.set()
        self._transcriber.clear()

    async def _transcribe(self) -> None:
        running = self._transcriber.running(self._receive_heard, self.archive.on_audio)
        async with running as driver:
            if self._transcriber.level:
                self._tell_level()
            try:
                await self._transcriber.work_off(driver)
            except (BadAudio, DiskFull) as error:
                self._fail(error)
                driver.abandon()
            await self._all_said.wait()

    async def _mourn(self) -> None:
        """End the session when a lost publisher does not come back in time."""
        await self._feed.given_up()
        log.info("session %s: its publisher did not come back", self.id)
        self.end()

    def _receive_heard(self, events: list[Event]) -> None:
        resumption = self._resumption
        if resumption is not None:
            events = resumption.continued(events)
        self._interpreter.receive_events(self._handing_over.follow(events))

    def _publish(self, events: list[Event]) -> None:
        """Nothing of this can be lost any more: tell everybody."""
        self.transcript.apply(events)
        self._count.receive_events(events)
        for event in events:
            if isinstance(event, Flushed):
                self.owed_flushes -= 1
            elif isinstance(event, Ended):
                self._all_said.set()
        self._audience.follow(events, self.transcript.progress)

    def _stay_open(self) -> None:
        if self.resumable and self._grace and self.archive.stay_open():
            self._handing_over.begun = True

    def _tell_level(self) -> None:
        rung = RUNGS[self._transcriber.level]
        self._audience.announce([Warned(rung.code, rung.message)])

    def _lose_broken_publisher(self) -> None:
        """What feeds the session has a bug: it cannot go on."""
        self._fail(LivesttError(BUG))
        self._feed.publisher = None
        self._whole.cancel()

    def _fail(self, error: LivesttError) -> None:
        log.info("session %s: %s: %s", self.id, error.code, error)
        self.failure = error
        self.closed = True
        if self._feed.publisher is not None:
            self._feed.publisher.failed(error)
