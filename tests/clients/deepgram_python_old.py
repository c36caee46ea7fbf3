"""The Deepgram Python SDK, generations 3 and 4: live and files."""

import sys
import threading
import wave

from deepgram import (
    DeepgramClient,
    DeepgramClientOptions,
    LiveOptions,
    LiveTranscriptionEvents,
    PrerecordedOptions,
)

base, path = sys.argv[1:3]
finals = []
done = threading.Event()


def hear(_: object, result: object, **__: object) -> None:
    if result.is_final:
        finals.append(result.channel.alternatives[0].transcript)


def finish(*_: object, **__: object) -> None:
    done.set()


client = DeepgramClient("any", DeepgramClientOptions(url=base, options={"keepalive": "true"}))
connection = client.listen.websocket.v("1")
connection.on(LiveTranscriptionEvents.Transcript, hear)
connection.on(LiveTranscriptionEvents.Metadata, finish)
options = LiveOptions(model="nova-2", language="en-US", encoding="linear16", sample_rate=16000,
                      interim_results=True, punctuate=True, utterance_end_ms="1000")  # fmt: skip
if not connection.start(options):
    sys.exit("the server refused the connection")
with wave.open(path) as file:
    while data := file.readframes(1600):
        connection.send(data)
connection.finalize()
connection.send('{"type":"CloseStream"}')
done.wait(60)
connection.finish()
print("live:", " ".join(filter(None, finals)))

with open(path, "rb") as audio:
    source = {"buffer": audio.read()}
options = PrerecordedOptions(model="nova-2", smart_format=True, utterances=True)
answer = client.listen.rest.v("1").transcribe_file(source, options)
print("file:", answer.results.channels[0].alternatives[0].transcript)
