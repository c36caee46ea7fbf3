"""A small client of the native protocol, ``WS /asr``, asyncio and blocking.

::

    async with connect("ws://127.0.0.1:8000/asr", language="en") as captions:
        await captions.send(pcm)           # from another task, as the audio comes
        async for state in captions:       # the newest captions, each time they change
            print(state.text)

    for state in transcribe("ws://127.0.0.1:8000/asr", chunks):    # the same, blocking
        print(state.text)
"""

from livestt.client.aio import connect
from livestt.client.captions import Captions
from livestt.client.state import CaptionState, Line, OutOfSync, WordState
from livestt.client.sync import transcribe

__all__ = [
    "CaptionState",
    "Captions",
    "Line",
    "OutOfSync",
    "WordState",
    "connect",
    "transcribe",
]
