"""The blocking client: the asyncio one, with an event loop in a thread of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import ExitStack
from ssl import SSLContext
from threading import Event, Thread
from typing import Literal

from anyio.from_thread import BlockingPortal, start_blocking_portal

from livestt.client.aio import connect
from livestt.client.captions import Captions
from livestt.client.state import CaptionState


def transcribe(
    url: str,
    audio: Iterable[bytes],
    *,
    key: str | None = None,
    language: str | None = None,
    task: Literal["transcribe", "translate"] | None = None,
    target_language: str | None = None,
    prompt: str | None = None,
    hotwords: Sequence[str] | None = None,
    encoding: Literal["auto", "s16le", "f32le", "mulaw", "alaw"] = "s16le",
    sample_rate: int = 16_000,
    channels: int = 1,
    reconnect: float = 30.0,
    ssl: SSLContext | None = None,
) -> Iterator[CaptionState]:
    """Send audio and yield the captions each time they change, until all is transcribed.

    The audio is consumed in a thread of its own, as fast as the server takes it; an iterable
    that waits for a microphone makes this live. When the connection is lost the session is taken
    up again where the server has got to, and nothing is lost or doubled; meanwhile no audio is
    asked for.

    Args:
        url: the server, e.g. ``ws://127.0.0.1:8000/asr``.
        audio: pieces of any size.
        key: of a server that asks for one; goes into a header, not into the address.
        language: ISO 639-1 code or ``auto``; None takes the server's setting.
        task: ``translate`` writes English; None takes the server's setting.
        target_language: code of a language that lines are translated into; None likewise.
        prompt: text as if it had been said before; None likewise.
        hotwords: terms to listen for; None likewise.
        encoding: of the audio; ``auto`` is a container such as WebM, or WAV.
        sample_rate: Hz, for raw encodings.
        channels: interleaved channels, for raw encodings.
        reconnect: seconds for which a lost connection is tried again; raw encodings only.
        ssl: for a ``wss:`` server with a certificate of its own.

    Yields:
        The same `CaptionState`, updated; its last ``finished`` is True unless the connection was
        lost, and not restored, before everything was transcribed.

    Raises:
        Refused: the server does not want this session.
        OSError: there is no server at that address.
        Exception: whatever ``audio`` raised, once the audio before it is transcribed.
    """
    session = connect(
        url,
        key=key,
        language=language,
        task=task,
        target_language=target_language,
        prompt=prompt,
        hotwords=hotwords,
        encoding=encoding,
        sample_rate=sample_rate,
        channels=channels,
        reconnect=reconnect,
        ssl=ssl,
    )
    with start_blocking_portal() as portal, ExitStack() as stack:
        manager = portal.wrap_async_context_manager(session)
        captions = manager.__enter__()
        # Why the caller leaves, be it a GeneratorExit, is none of the event loop's business.
        stack.callback(manager.__exit__, None, None, None)
        sender = _Sender(portal, captions, audio)
        stack.callback(sender.over.set)
        sender.start()
        states = captions.__aiter__()
        while (state := portal.call(anext, states, None)) is not None:
            yield state
    if sender.failure is not None:
        raise sender.failure


class _Sender(Thread):
    """Sends audio until it ends, fails, or nobody takes it any more."""

    def __init__(self, portal: BlockingPortal, captions: Captions, audio: Iterable[bytes]) -> None:
        super().__init__(name="livestt-sender", daemon=True)
        self.over = Event()
        self.failure: Exception | None = None
        self._portal = portal
        self._captions = captions
        self._audio = audio

    def run(self) -> None:
        try:
            for piece in self._audio:
                if not self._send(piece):
                    return
        except Exception as failure:  # noqa: BLE001 - the caller's own error goes back to it
            self.failure = failure
        self._end()

    def _send(self, piece: bytes) -> bool:
        """Wait until the server has taken a piece; False if nobody listens any more."""
        if self.over.is_set():
            return False
        try:
            self._portal.call(self._captions.send, piece)
        except (CancelledError, RuntimeError):  # the portal was left just now
            return False
        return True

    def _end(self) -> None:
        if not self.over.is_set():
            try:
                self._portal.call(self._captions.end)
            except (CancelledError, RuntimeError):
                return
