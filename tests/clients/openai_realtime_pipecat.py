"""pipecat's OpenAI Realtime service: it commits when its own voice detection says so, or leaves
turns to the server."""

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
from pipecat.services.openai.stt import OpenAIRealtimeSTTService
from pipecat.workers.runner import WorkerRunner

base, path = sys.argv[1:3]
socket = f"{base.replace('http', 'ws', 1)}/v1/realtime"


class Collector(FrameProcessor):
    """Keeps what was understood."""

    def __init__(self) -> None:
        super().__init__()
        self.finals = []
        self.told = asyncio.Event()

    async def process_frame(self, frame: object, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TranscriptionFrame):
            self.finals.append(frame.text)
            self.told.set()
        await self.push_frame(frame, direction)


async def live(turn_detection: object) -> str:
    collector = Collector()
    service = OpenAIRealtimeSTTService(
        api_key="any", base_url=socket, turn_detection=turn_detection
    )
    worker = PipelineWorker(
        Pipeline([service, collector]), params=PipelineParams(audio_in_sample_rate=16_000)
    )

    async def speak() -> None:
        await asyncio.sleep(1)
        with wave.open(path) as file:
            audio = file.readframes(file.getnframes()) + bytes(32_000)
        for start in range(0, len(audio), 640):
            await worker.queue_frame(InputAudioRawFrame(audio[start : start + 640], 16_000, 1))
            await asyncio.sleep(0.02)  # as a microphone: the frame below overtakes audio
        if not turn_detection:
            await worker.queue_frame(VADUserStoppedSpeakingFrame())
        await asyncio.wait_for(collector.told.wait(), 30)
        await worker.queue_frame(EndFrame())

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await asyncio.gather(runner.run(), speak())
    return " ".join(collector.finals)


async def main() -> None:
    print("own vad:", await live(False))
    print("server vad:", await live({"type": "server_vad"}))


asyncio.run(main())
