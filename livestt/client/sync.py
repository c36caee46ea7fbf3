"""The blocking client."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from threading import Thread
from typing import Literal

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection
from websockets.sync.client import connect as open_socket

from livestt.client.address import refusal, session_url
from livestt.client.state import CaptionState, OutOfSync


def transcribe(
    url: str,
    audio: Iterable[bytes],
    *,
    language: str | None = None,
    encoding: Literal["auto", "s16le", "f32le", "mulaw", "alaw"] = "s16le",
    sample_rate: int = 16_000,
    channels: int = 1,
) -> Iterator[CaptionState]:
    """Send audio and yield the captions each time they change, until all is transcribed.

    The audio is consumed in a thread of its own, as fast as the server takes it; an iterable
    that waits for a microphone makes this live.

    Args:
        url: the server, e.g. ``ws://127.0.0.1:8000/asr``.
        audio: pieces of any size.
        language: ISO 639-1 code or ``auto``; None takes the server's setting.
        encoding: of the audio; ``auto`` is a container such as WebM, or WAV.
        sample_rate: Hz, for raw encodings.
        channels: interleaved channels, for raw encodings.

    Yields:
        The same `CaptionState`, updated; its last ``finished`` is True unless the connection was
        lost before everything was transcribed.

    Raises:
        Refused: the server does not want this session.
        OSError: there is no server at that address.
        Exception: whatever ``audio`` raised, once the audio before it is transcribed.
    """
    parameters: dict[str, object] = {
        "language": language,
        "encoding": encoding,
        "sample_rate": sample_rate,
        "channels": channels,
        "mode": "diff",
        "words": True,
    }
    try:
        socket = open_socket(session_url(url, parameters), compression=None, max_size=None)
    except InvalidStatus as error:
        raise refusal(error) from error
    sender = _Sender(socket, audio)
    with socket:
        sender.start()
        yield from _states(socket)
    if sender.failure is not None:
        raise sender.failure


def _states(socket: ClientConnection) -> Iterator[CaptionState]:
    state = CaptionState()
    with suppress(ConnectionClosed):
        for text in socket:
            try:
                changed = state.apply(json.loads(text))
            except OutOfSync:
                socket.send(json.dumps({"type": "resync"}))
                continue
            if changed or state.finished:
                yield state
            if state.finished:
                return


class _Sender(Thread):
    """Sends audio until it ends, fails, or nobody takes it any more."""

    def __init__(self, socket: ClientConnection, audio: Iterable[bytes]) -> None:
        super().__init__(name="livestt-sender", daemon=True)
        self._socket = socket
        self._audio = audio
        self.failure: Exception | None = None

    def run(self) -> None:
        with suppress(ConnectionClosed):
            try:
                self._send_all()
            except ConnectionClosed:
                raise
            except Exception as failure:  # noqa: BLE001 - the caller's own error goes back to it
                self.failure = failure
            self._socket.send(b"")

    def _send_all(self) -> None:
        for piece in self._audio:
            if piece:
                self._socket.send(piece)
