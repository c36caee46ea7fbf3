"""The requests that Bazarr and Speakr make, byte for byte as far as it matters."""

import sys
import wave

import requests

base, path = sys.argv[1:3]
with wave.open(path) as file:
    pcm = file.readframes(file.getnframes())


def words(srt: str) -> str:
    lines = srt.splitlines()
    return " ".join(line for line in lines if line and "-->" not in line and not line.isdecimal())


# Bazarr: headerless samples, the body of the answer is saved as the subtitle.
language = requests.post(
    f"{base}/detect-language",
    params={"encode": "false"},
    files={"audio_file": pcm},
    timeout=(5, 60),
).json()
assert (language["language_code"], language["detected_language"]) == ("en", "english")
subtitle = requests.post(
    f"{base}/asr",
    params={"task": "transcribe", "language": "en", "output": "srt", "encode": "false"},
    files={"audio_file": pcm},
    timeout=(5, 60),
)
subtitle.raise_for_status()
print("bazarr:", words(subtitle.content.decode()))

# Speakr: a file with its name, JSON, speakers wanted.
requests.get(f"{base}/health", timeout=5).raise_for_status()
models = requests.get(f"{base}/v1/models", timeout=5).json()["data"]
with open(path, "rb") as file:
    answer = requests.post(
        f"{base}/asr",
        params={
            "encode": True,
            "task": "transcribe",
            "output": "json",
            "language": "en",
            "diarize": "true",
            "enable_diarization": "true",
            "return_speaker_embeddings": "true",
            "min_speakers": 1,
            "max_speakers": 3,
            "initial_prompt": "A talk.",
            "hotwords": "Speakr",
            "model": models[0]["id"],
        },
        files={"audio_file": ("speech.wav", file, "audio/wav")},
        timeout=60,
    )
answer.raise_for_status()
segments = answer.json()["segments"]
assert all(segment["start"] < segment["end"] for segment in segments)
print("speakr:", " ".join(segment["text"] for segment in segments))
