"""The blocking client."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from threading import Thread
from typing import Literal

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection
from websockets.sync.client import connect as open_socket

from livestt.client.address import refusal, session_url
from livestt.client.state import CaptionState


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
        The same `CaptionState`, updated; its last ``finished`` is True unless the server failed.

    Raises:
        Refused: the server does not want this session.
        OSError: there is no server at that address.
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
    with socket:
        sender = Thread(target=_send, args=(socket, audio), daemon=True)
        sender.start()
        yield from _states(socket)


def _states(socket: ClientConnection) -> Iterator[CaptionState]:
    state = CaptionState()
    try:
        for text in socket:
            if state.apply(json.loads(text)) or state.finished:
                yield state
            if state.finished:
                return
    except ConnectionClosed:
        return


def _send(socket: ClientConnection, audio: Iterable[bytes]) -> None:
    try:
        for piece in audio:
            if piece:
                socket.send(piece)
        socket.send(b"")
    except ConnectionClosed:
        return
