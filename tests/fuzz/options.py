"""Options of every dialect, with values that strangers choose. As in `targets`, each says in a word
what came of it."""

from __future__ import annotations

import io
import json
import wave
from collections.abc import Callable
from http.client import HTTPConnection
from urllib.parse import quote, urlencode
from zlib import crc32

from server.running import PATIENCE, Running
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

Target = Callable[[bytes], str]
STATUSES = (200, 201, 204, 400, 401, 403, 404, 405, 409, 413, 415, 422, 429)
LONGEST = 300
"""Bytes of a value; a head takes no more than 64 KiB."""
NATIVE = ("encoding", "sample_rate", "channels", "language", "task", "mode", "words", "prompt",
          "hotwords", "diarization", "max_speakers", "target_language", "record", "title",
          "session", "role", "seq")  # fmt: skip
LISTEN = ("model", "language", "detect_language", "diarize", "diarize_model", "interim_results",
          "punctuate", "smart_format", "endpointing", "utterance_end_ms", "vad_events", "channels",
          "multichannel", "sample_rate", "encoding", "keyterm", "keywords", "replace", "redact",
          "search", "extra", "tag", "callback", "detect_entities", "utt_split",
          "version")  # fmt: skip
FLUX = ("model", "encoding", "sample_rate", "eot_threshold", "eager_eot_threshold",
        "eot_timeout_ms", "keyterm", "language_hint", "tag", "mip_opt_out")  # fmt: skip
FILES = ("model", "language", "prompt", "response_format", "temperature", "stream", "include[]",
         "timestamp_granularities[]", "chunking_strategy", "known_speaker_names[]",
         "known_speaker_references[]", "target_language", "hotwords", "diarize", "title",
         "max_speakers", "num_speakers")  # fmt: skip
WHISPER = ("task", "output", "language", "initial_prompt", "encode", "word_timestamps",
           "vad_filter", "diarize", "min_speakers", "max_speakers", "target_language", "model",
           "audio_format", "title")  # fmt: skip
SOCKETS: dict[str, tuple[str, tuple[str, ...], str]] = {
    "/v1/listen": ("encoding=linear16&sample_rate=16000", LISTEN, '{"type":"CloseStream"}'),
    "/v2/listen": (
        "model=flux-general-en&encoding=linear16&sample_rate=16000",
        FLUX,
        '{"type":"CloseStream"}',
    ),
}
"""Path, what it cannot do without, what may be asked, and how it is ended."""
FORMS = {
    "/v1/audio/transcriptions": ("file", FILES),
    "/v1/audio/translations": ("file", FILES),
    "/asr": ("audio_file", WHISPER),
}


def options(server: Running) -> dict[str, Target]:
    """By name."""
    found: dict[str, Target] = {"options of GET /asr": _admission(server)}
    for path, (usual, names, end) in SOCKETS.items():
        found[f"options of {path}"] = _handshake(server, path, usual, names, end)
    for path, (field, names) in FORMS.items():
        found[f"options of POST {path}"] = _form(server, path, field, names)
    found["options of POST /v1/listen"] = _listen(server)
    found["values of WS /asr"] = _messages(server)
    found["PATCH of a transcript"] = _patch(server)
    return found


def chosen(data: bytes, names: tuple[str, ...]) -> str:
    """One of the names, always the same for the same input."""
    return names[crc32(data) % len(names)]


def _admission(server: Running) -> Target:
    def ask(data: bytes) -> str:
        query = f"{chosen(data, NATIVE)}={quote(data[:LONGEST], safe='')}"
        return _ask(server, "GET", f"/asr?{query}", b"", {})

    return ask


def _handshake(server: Running, path: str, usual: str, names: tuple[str, ...], end: str) -> Target:
    def talk(data: bytes) -> str:
        name = chosen(data, names)
        kept = "&".join(one for one in usual.split("&") if not one.startswith(f"{name}="))
        query = f"{kept}&{name}={quote(data[:LONGEST], safe='')}"
        try:
            with connect(f"ws://127.0.0.1:{server.port}{path}?{query}", compression=None) as client:
                client.send(bytes(3200))
                client.send(end)
                while True:
                    client.recv(timeout=PATIENCE)
        except InvalidStatus as refused:
            ended = refused.response.status_code
        except ConnectionClosed as closed:
            ended = _code(closed)
        assert ended in (*STATUSES, 1000, 1007, 1008), ended
        return str(ended)

    return talk


def _form(server: Running, path: str, field: str, names: tuple[str, ...]) -> Target:
    def post(data: bytes) -> str:
        name = chosen(data, names)
        head = f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
        file = f'--b\r\nContent-Disposition: form-data; name="{field}"; filename="a"\r\n\r\n'
        body = head + data + b"\r\n" + file.encode() + _wav() + b"\r\n--b--\r\n"
        kind = {"content-type": "multipart/form-data; boundary=b"}
        query = urlencode({name: data[:LONGEST]})
        return " ".join(
            (
                f"{name} {_ask(server, 'POST', path, body, kind)}",
                _ask(server, "POST", f"{path}?{query}", body, kind),
            )
        )

    return post


def _listen(server: Running) -> Target:
    def post(data: bytes) -> str:
        query = urlencode({chosen(data, LISTEN): data[:LONGEST]})
        return _ask(server, "POST", f"/v1/listen?{query}", _wav(), {"content-type": "audio/wav"})

    return post


def _messages(server: Running) -> Target:
    """What may be said while audio flows, each field with a value that may be any JSON."""

    def talk(data: bytes) -> str:
        text = data.decode("utf-8", "replace")
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            value = text[:LONGEST]
        field = chosen(data, ("language", "task", "prompt", "hotwords", "target_language", "id",
                              "speaker", "name", "into", "seq", "type"))  # fmt: skip
        kinds = ("configure", "flush", "rename", "merge", "separate", "remember", "ack", "resync")
        told: list[str] = []
        with connect(
            f"ws://127.0.0.1:{server.port}/asr?encoding=s16le", compression=None
        ) as client:
            for kind in kinds:
                client.send(json.dumps({"type": kind, field: value}))
            client.send(bytes(3200))
            client.send(b"")
            try:
                while True:
                    message = json.loads(client.recv(timeout=PATIENCE))
                    told.append(str(message.get("code", "")))
            except ConnectionClosed as closed:
                code = _code(closed)
        assert code == 1000
        return " ".join(dict.fromkeys(filter(None, told)))

    return talk


def _patch(server: Running) -> Target:
    """The body of a change, and each of its fields, to a transcript that is there."""
    session = _transcript(server)

    def change(data: bytes) -> str:
        text = data.decode("utf-8", "replace")
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            value = text
        name = chosen(data, ("title", "speakers", "merged", "target_language"))
        by_speaker = {"1": value} if name in ("speakers", "merged") else value
        kind = {"content-type": "application/json"}
        return " ".join(
            _ask(server, "PATCH", f"/transcripts/{session}", body, kind)
            for body in (
                data,
                json.dumps({name: value}).encode(),
                json.dumps({name: by_speaker}).encode(),
            )
        )

    return change


def _transcript(server: Running) -> str:
    with connect(f"ws://127.0.0.1:{server.port}/asr?encoding=s16le", compression=None) as client:
        session = str(json.loads(client.recv(timeout=PATIENCE))["session"])
        client.send(bytes(16_000))
        client.send(b"")
        try:
            while True:
                client.recv(timeout=PATIENCE)
        except ConnectionClosed:
            return session


def _code(closed: ConnectionClosed) -> int:
    return closed.rcvd.code if closed.rcvd is not None else 1006


def _wav() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as made:
        made.setparams((1, 2, 16_000, 0, "NONE", ""))
        made.writeframes(bytes(9600))
    return file.getvalue()


def _ask(server: Running, method: str, path: str, body: bytes, headers: dict[str, str]) -> str:
    client = HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    try:
        client.request(method, path, body, headers)
        answer = client.getresponse()
        text = answer.read()
    finally:
        client.close()
    assert answer.status in STATUSES, (answer.status, text[:200])
    if "json" in (answer.getheader("content-type") or ""):
        json.loads(text)
    return str(answer.status)
