# /// script
# requires-python = ">=3.11"
# dependencies = ["pipecat-ai[deepgram,silero]>=1.14"]
# ///
"""A pipecat bot whose ears are livestt: it hears turns and answers each with a sentence.

    uv run examples/pipecat_bot.py speech.wav [http://localhost:8000]

To keep it in one file and free of other services, it hears a WAV file (16 bits, mono) in place
of a call, and its brain says back what it heard. In a bot of your own, put a transport at both
ends of the pipeline and an LLM in the place of `Brain`; the service stays as it is.
"""

import asyncio
import os
import sys
import wave

from loguru import logger
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import (
    EndFrame,
    ErrorFrame,
    Frame,
    InputAudioRawFrame,
    TranscriptionFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker, ProcessorUnusablePolicy
from pipecat.processors.audio.vad_processor import VADProcessor
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.deepgram.stt import DeepgramSTTService
from pipecat.workers.runner import WorkerRunner

if len(sys.argv) < 2:
    raise SystemExit(__doc__)
path = sys.argv[1]
server = sys.argv[2] if len(sys.argv) > 2 else "http://localhost:8000"


class Brain(FrameProcessor):
    """Answers whatever was said."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TranscriptionFrame):
            print(f"You: {frame.text}")
            print(f"Bot: I heard {len(frame.text.split())} words.")
        await self.push_frame(frame, direction)


async def main() -> None:
    logger.remove()
    with wave.open(path) as file:
        rate, audio = file.getframerate(), file.readframes(file.getnframes())
    ears = DeepgramSTTService(
        api_key=os.environ.get("LIVESTT_API_KEY", "none"), base_url=server, sample_rate=rate
    )
    # The detector tells the service when a turn is over; the service then sends Finalize.
    detector = VADProcessor(vad_analyzer=SileroVADAnalyzer())
    worker = PipelineWorker(
        Pipeline([detector, ears, Brain()]),
        params=PipelineParams(audio_in_sample_rate=rate),
        processor_unusable_policy=ProcessorUnusablePolicy.CANCEL,
    )
    failures: list[str] = []

    @worker.event_handler("on_pipeline_error")
    async def keep(worker: PipelineWorker, frame: ErrorFrame) -> None:
        wrong = getattr(frame.exception, "status_code", None) == 401
        failures.append("it needs another key; set LIVESTT_API_KEY" if wrong else frame.error)

    async def call() -> None:
        await asyncio.sleep(1)  # until the ears are connected
        piece = rate // 50 * 2
        for at in range(0, len(audio), piece):
            await worker.queue_frame(InputAudioRawFrame(audio[at : at + piece], rate, 1))
            await asyncio.sleep(0.02)
        for _ in range(100):
            await worker.queue_frame(InputAudioRawFrame(bytes(piece), rate, 1))
            await asyncio.sleep(0.02)
        await worker.queue_frame(EndFrame())

    runner = WorkerRunner()
    await runner.add_workers(worker)
    async with asyncio.TaskGroup() as tasks:
        calling = tasks.create_task(call())
        await runner.run()
        calling.cancel()
    if failures:
        raise SystemExit(f"{server}: {failures[0]}")


try:
    asyncio.run(main())
except (OSError, wave.Error, EOFError) as error:
    raise SystemExit(f"{path} at {server}: {error}") from None
