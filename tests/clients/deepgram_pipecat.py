"""pipecat's Deepgram services: live, with Finalize at the end of a turn, and turns."""

import asyncio
import sys

from pipecat.frames.frames import TranscriptionFrame
from pipecat.services.deepgram.flux.stt import DeepgramFluxSTTService
from pipecat.services.deepgram.stt import DeepgramSTTService
from pipecat_pipeline import heard, recording

base, path = sys.argv[1:3]


def finalized(frame: TranscriptionFrame) -> bool:
    return bool(frame.finalized)


async def main() -> None:
    live = DeepgramSTTService(api_key="any", base_url=base)
    # The turn ends before the server could tell, as pipecat's own detection is quick.
    print("live:", await heard(live, recording(path, cut=8_000), finalized))
    socket = base.replace("http", "ws", 1)
    turns = DeepgramFluxSTTService(api_key="any", url=f"{socket}/v2/listen")
    print("turns:", await heard(turns, recording(path), finalized))


asyncio.run(main())
