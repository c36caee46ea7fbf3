"""pipecat's Deepgram services: live, with Finalize at the end of a turn, and turns."""

import asyncio
import sys
import wave

from pipecat.frames.frames import (
    EndFrame,
    InputAudioRawFrame,
    TranscriptionFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.deepgram.flux.stt import DeepgramFluxSTTService
from pipecat.services.deepgram.stt import DeepgramSTTService
from pipecat.workers.runner import WorkerRunner

base, path = sys.argv[1:3]


class Collector(FrameProcessor):
    """Keeps what was understood."""

    def __init__(self) -> None:
        super().__init__()
        self.finals = []
        self.done = asyncio.Event()

    async def process_frame(self, frame: object, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TranscriptionFrame):
            self.finals.append(frame.text)
            if frame.finalized:
                self.done.set()
        await self.push_frame(frame, direction)


async def heard(service: FrameProcessor, *, cut: int) -> str:
    """What the service understands of the recording without its last ``cut`` samples."""
    collector = Collector()
    worker = PipelineWorker(
        Pipeline([service, collector]), params=PipelineParams(audio_in_sample_rate=16_000)
    )

    async def speak() -> None:
        await asyncio.sleep(1)
        with wave.open(path) as file:
            audio = file.readframes(file.getnframes() - cut)
        for at in range(0, len(audio), 640):
            await worker.queue_frame(InputAudioRawFrame(audio[at : at + 640], 16_000, 1))
            await asyncio.sleep(0.02)  # as a microphone: the frame below overtakes audio
        await worker.queue_frame(VADUserStoppedSpeakingFrame())
        await asyncio.wait_for(collector.done.wait(), 30)
        await worker.queue_frame(EndFrame())

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await asyncio.gather(runner.run(), speak())
    return " ".join(collector.finals)


async def main() -> None:
    live = DeepgramSTTService(api_key="any", base_url=base)
    # The turn ends before the server could tell, as pipecat's own detection is quick.
    print("live:", await heard(live, cut=8_000))
    socket = base.replace("http", "ws", 1)
    turns = DeepgramFluxSTTService(api_key="any", url=f"{socket}/v2/listen")
    print("turns:", await heard(turns, cut=0))


asyncio.run(main())
