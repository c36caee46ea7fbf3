"""The asyncio client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from ssl import SSLContext
from typing import Any, Literal

from livestt.client.captions import Captions
from livestt.client.sent import Sent


@asynccontextmanager
async def connect(
    url: str,
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
    mode: Literal["full", "diff"] = "diff",
    words: bool = True,
    reconnect: float = 30.0,
    ssl: SSLContext | None = None,
) -> AsyncIterator[Captions]:
    """Open a session.

    Args:
        url: the server, e.g. ``ws://127.0.0.1:8000/asr``.
        key: of a server that asks for one; goes into a header, not into the address.
        language: ISO 639-1 code or ``auto``; None takes the server's setting.
        task: ``translate`` writes English; None takes the server's setting.
        target_language: code of a language that lines are translated into; None likewise.
        prompt: text as if it had been said before; None likewise.
        hotwords: terms to listen for; None likewise.
        encoding: of the audio sent; ``auto`` is a container such as WebM, or WAV.
        sample_rate: Hz, for raw encodings.
        channels: interleaved channels, for raw encodings.
        mode: how the server reports; the states are the same.
        words: whether lines carry their words.
        reconnect: seconds for which a lost connection is tried again; raw encodings only.
        ssl: for a ``wss:`` server with a certificate of its own.

    Raises:
        Refused: the server does not want this session.
        OSError: there is no server at that address.
    """
    parameters: dict[str, object] = {
        "language": language,
        "task": task,
        "target_language": target_language,
        "prompt": prompt,
        "hotwords": None if hotwords is None else ",".join(hotwords),
        "encoding": encoding,
        "sample_rate": sample_rate,
        "channels": channels,
        "mode": mode,
        "words": words,
    }
    sent = Sent(encoding, sample_rate, channels)
    options: dict[str, Any] = {} if ssl is None else {"ssl": ssl}
    if key is not None:
        options["additional_headers"] = {"Authorization": f"Bearer {key}"}
    captions = Captions(url, parameters, sent, reconnect=reconnect, options=options)
    await captions.open()
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(captions.pump())
            try:
                yield captions
            finally:
                await captions.close()
    except ExceptionGroup as group:
        # A single error need not know that it passed through a task group.
        raise (group.exceptions[0] if len(group.exceptions) == 1 else group) from None
