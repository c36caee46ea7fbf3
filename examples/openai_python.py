# /// script
# requires-python = ">=3.11"
# dependencies = ["openai>=2"]
# ///
"""Transcribe a file with OpenAI's Python SDK and a livestt server.

    pip install openai
    python openai_python.py talk.mp3

The server's address is in OPENAI_BASE_URL, by default http://127.0.0.1:8000/v1; its key, if it
asks for one, in LIVESTT_API_KEY.
"""

import os
import sys
from pathlib import Path

from openai import APIConnectionError, APIStatusError, OpenAI

if len(sys.argv) < 2:
    raise SystemExit(__doc__)
path = Path(sys.argv[1])
if not path.is_file():
    raise SystemExit(f"There is no file {path}.")
client = OpenAI(
    base_url=os.environ.get("OPENAI_BASE_URL", "http://127.0.0.1:8000/v1"),
    api_key=os.environ.get("LIVESTT_API_KEY", "any"),
    max_retries=0,  # a long file takes its time; do not send it again
    timeout=3600,
)

print("As it is heard:")
try:
    events = client.audio.transcriptions.create(file=path, model="whisper-1", stream=True)
except APIConnectionError as error:
    raise SystemExit(f"No server answers at {client.base_url}: {error}") from None
except APIStatusError as error:
    body = error.body if isinstance(error.body, dict) else {}
    raise SystemExit(f"{client.base_url}: {body.get('message', error)}") from None
for event in events:
    if event.type == "transcript.text.delta":
        print(event.delta, end="", flush=True)

print("\n\nWith times:")
answer = client.audio.transcriptions.create(
    file=path,
    model="whisper-1",
    response_format="verbose_json",
    timestamp_granularities=["segment", "word"],
)
for segment in answer.segments:
    print(f"{segment.start:8.2f} {segment.end:8.2f} {segment.text}")
print(f"{len(answer.words)} words in {answer.duration:.0f} seconds of {answer.language}")
