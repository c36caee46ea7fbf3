"""What both pipecat clients do: play a recording to a service, as a microphone would."""

import asyncio
import wave
from collections.abc import Callable

from pipecat.frames.frames import (
    EndFrame,
    InputAudioRawFrame,
    TranscriptionFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.workers.runner import WorkerRunner


class Collector(FrameProcessor):
    """Keeps what was understood, until it is enough."""

    def __init__(self, enough: Callable[[TranscriptionFrame], bool]) -> None:
        super().__init__()
        self.finals = []
        self.done = asyncio.Event()
        self._enough = enough

    async def process_frame(self, frame: object, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TranscriptionFrame):
            self.finals.append(frame.text)
            if self._enough(frame):
                self.done.set()
        await self.push_frame(frame, direction)


def recording(path: str, *, cut: int = 0) -> bytes:
    """The samples of a WAV file, 16 bits at 16 kHz, without its last ``cut``."""
    with wave.open(path) as file:
        return file.readframes(file.getnframes() - cut)


async def heard(
    service: FrameProcessor,
    audio: bytes,
    enough: Callable[[TranscriptionFrame], bool],
    *,
    stops: bool = True,
) -> str:
    """What the service understands; ``stops`` says at the end that the speaker did."""
    collector = Collector(enough)
    worker = PipelineWorker(
        Pipeline([service, collector]), params=PipelineParams(audio_in_sample_rate=16_000)
    )

    async def speak() -> None:
        await asyncio.sleep(1)
        for at in range(0, len(audio), 640):
            await worker.queue_frame(InputAudioRawFrame(audio[at : at + 640], 16_000, 1))
            await asyncio.sleep(0.02)  # as a microphone: the frame below overtakes audio
        if stops:
            await worker.queue_frame(VADUserStoppedSpeakingFrame())
        await asyncio.wait_for(collector.done.wait(), 30)
        await worker.queue_frame(EndFrame())

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await asyncio.gather(runner.run(), speak())
    return " ".join(collector.finals)
