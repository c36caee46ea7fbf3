"""pipecat's Deepgram service: live, with Finalize at the end of a turn."""

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
from pipecat.services.deepgram.stt import DeepgramSTTService
from pipecat.workers.runner import WorkerRunner

base, path = sys.argv[1:3]


class Collector(FrameProcessor):
    """Keeps what was understood."""

    def __init__(self) -> None:
        super().__init__()
        self.finals = []
        self.finalized = asyncio.Event()

    async def process_frame(self, frame: object, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TranscriptionFrame):
            self.finals.append(frame.text)
            if frame.finalized:
                self.finalized.set()
        await self.push_frame(frame, direction)


async def main() -> None:
    collector = Collector()
    service = DeepgramSTTService(api_key="any", base_url=base)
    worker = PipelineWorker(
        Pipeline([service, collector]), params=PipelineParams(audio_in_sample_rate=16_000)
    )

    async def speak() -> None:
        await asyncio.sleep(1)
        with wave.open(path) as file:
            while data := file.readframes(320):
                await worker.queue_frame(InputAudioRawFrame(data, 16_000, 1))
                await asyncio.sleep(0.02)  # as a microphone: the frame below overtakes audio
        await worker.queue_frame(VADUserStoppedSpeakingFrame())
        await asyncio.wait_for(collector.finalized.wait(), 30)
        await worker.queue_frame(EndFrame())

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await asyncio.gather(runner.run(), speak())
    print("live:", " ".join(collector.finals))


asyncio.run(main())
