"""The OpenAI Python SDK: files in every format, as a stream, translated, and errors."""

import asyncio
import sys
from pathlib import Path

import openai
from openai import AsyncOpenAI, OpenAI

base, path = sys.argv[1:3]
client = OpenAI(base_url=f"{base}/v1", api_key="any", max_retries=0)
transcriptions = client.audio.transcriptions


def cues(text: str) -> str:
    """The words of subtitles."""
    lines = text.replace("WEBVTT", "").splitlines()
    return " ".join(line for line in lines if line and "-->" not in line and not line.isdecimal())


def create(**wanted: object) -> object:
    with open(path, "rb") as file:
        return transcriptions.create(file=file, model="gpt-4o-transcribe", language="en", **wanted)


plain = create(include=["logprobs"], prompt="Hello.", temperature=0.2)
assert plain.logprobs
print("json:", plain.text)
print("text:", create(response_format="text"))
for kind in ("srt", "vtt"):
    print(f"{kind}:", cues(create(response_format=kind)))

verbose = create(response_format="verbose_json", timestamp_granularities=["word", "segment"])
assert verbose.duration > 1
assert verbose.segments[-1].end <= verbose.duration
assert all(word.start < word.end for word in verbose.words)
print("words:", " ".join(word.word for word in verbose.words))
print("segments:", "".join(segment.text for segment in verbose.segments))

diarized = create(response_format="diarized_json", chunking_strategy="auto")
print("diarized:", " ".join(segment.text for segment in diarized.segments))

strategy = {"type": "server_vad", "threshold": 0.5, "silence_duration_ms": 400}
events = list(create(stream=True, chunking_strategy=strategy))
assert events[-1].type == "transcript.text.done"
print("stream:", "".join(e.delta for e in events if e.type == "transcript.text.delta"))
print("done:", events[-1].text)


async def in_asyncio() -> None:
    async with AsyncOpenAI(base_url=f"{base}/v1", api_key="any") as client:
        answer = await client.audio.transcriptions.create(file=Path(path), model="whisper-1")
        print("asyncio:", answer.text)


asyncio.run(in_asyncio())

with open(path, "rb") as file:
    print("translation:", client.audio.translations.create(file=file, model="whisper-1").text)

model = client.models.list().data[0]
assert client.models.retrieve(model.id).id == model.id
try:
    create(response_format="docx")
except openai.BadRequestError as error:
    print("refused:", error.param)
try:
    client.models.retrieve("no-such-model")
except openai.NotFoundError as error:
    print("not found:", error.code)
