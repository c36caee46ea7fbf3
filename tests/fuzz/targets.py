"""What takes bytes from strangers. Each target says in a word what came of it.

Whatever is not documented is an `AssertionError`, or the error itself.
"""

from __future__ import annotations

import io
import json
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPResponse
from shutil import which
from tempfile import TemporaryDirectory
from urllib.parse import quote

import numpy as np
from server.running import PATIENCE, Running
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from livestt.audio import AudioFormat, BackendName, open_decoder
from livestt.audio.reading import read_audio
from livestt.engines.scripted import ScriptedEngine
from livestt.errors import BadAudio
from livestt.server.timing import Timing
from livestt.settings import Settings
from livestt.speakers.scripted import ScriptedDiarizer
from livestt.store import Store
from livestt.translation.scripted import ScriptedTranslator

from .options import options

Target = Callable[[bytes], str]
CLOSES = (1000, 1002, 1003, 1007, 1008, 1009, 4400, 4404)
STATUSES = (200, 201, 204, 206, 307, 400, 401, 403, 404, 405, 409, 411, 413, 415, 422, 429, 503)
SOCKETS = {
    "/asr?encoding=auto": b"",
    "/asr?encoding=s16le&mode=full": b"",
    "/v1/listen?encoding=linear16&sample_rate=16000": b'{"type":"CloseStream"}',
    "/v1/listen": b'{"type":"CloseStream"}',
    "/v2/listen?model=flux-general-en&encoding=linear16&sample_rate=16000":
        b'{"type":"CloseStream"}',
    "/v1/realtime?intent=transcription": b'{"type":"the end"}',
}  # fmt: skip
"""WebSockets that open a session, and how it is ended politely."""
FORMS = ("/v1/audio/transcriptions", "/v1/audio/translations", "/asr", "/detect-language")
BODIES = (
    *(("POST", "/tokens"), ("POST", "/v1/auth/grant"), ("POST", "/v1/realtime/client_secrets")),
    *(("POST", "/v1/listen"), ("PATCH", "/transcripts/none"), ("DELETE", "/transcripts/none")),
)
QUERIES = ("/transcripts?q=", "/transcripts/", "/sessions/", "/asr?encoding=", "/asr?session=",
           "/v1/listen?model=", "/v1/models/", "/")  # fmt: skip


def decode(data: bytes, backend: BackendName = "pyav", piece: int = 0) -> str:
    """A stream of unknown kind."""
    decoder = open_decoder(AudioFormat(), backend)
    try:
        size = piece or max(1, len(data))
        blocks = [decoder.feed(data[at : at + size]) for at in range(0, len(data), size)]
        blocks += decoder.finish()
    except BadAudio as error:
        return _word(str(error))
    finally:
        decoder.close()
    return _heard(blocks)


def decode_raw(data: bytes) -> str:
    """A stream that says what it is: anything is audio."""
    for encoding in ("s16le", "f32le", "mulaw", "alaw"):
        decoder = open_decoder(AudioFormat(encoding, 8000, 1 + len(data) % 3))
        _heard([decoder.feed(data), *decoder.finish()])
        decoder.close()
    return "raw"


def read_file(data: bytes) -> str:
    """A whole file."""
    try:
        return _heard(list(read_audio(io.BytesIO(data))))
    except BadAudio as error:
        return _word(str(error))


def decoders() -> dict[str, Target]:
    """By name."""
    found: dict[str, Target] = {
        "auto": decode,
        "auto in pieces": lambda data: decode(data, piece=37),
        "raw": decode_raw,
        "file": read_file,
    }
    if which("ffmpeg"):
        found["ffmpeg"] = lambda data: decode(data, "ffmpeg")
    return found


@contextmanager
def fuzzed() -> Iterator[Running]:
    """A server whose log must stay free of errors."""
    settings = Settings(
        port=0,
        vad=False,
        max_sessions=50,
        wyoming_port=0,
        resume_seconds=0.1,
        backend="scripted",
        file_model=("other",),
        diarization=True,
        target_language="de",
    )
    parts = ScriptedDiarizer(), None, None, ScriptedTranslator()
    with TemporaryDirectory() as folder:
        store = Store(f"{folder}/transcripts.db")
        with Running(ScriptedEngine(), settings, Timing(), store, *parts) as server:
            yield server


def surfaces(server: Running) -> dict[str, Target]:
    """Sockets, forms, bodies and addresses of a server, by name."""
    found: dict[str, Target] = {}
    for path, end in SOCKETS.items():
        found[f"ws {path}"] = _socket(server, path, end)
    for path in FORMS:
        found[f"form {path}"] = _form(server, path)
    for method, path in BODIES:
        found[f"{method} {path}"] = _body(server, method, path)
    for path in QUERIES:
        found[f"GET {path}"] = _query(server, path)
    found |= options(server)
    found["wyoming"] = _tcp(server.app.state.wyoming_port)
    found["http"] = _tcp(server.port)
    return found


def _socket(server: Running, path: str, end: bytes) -> Target:
    def talk(data: bytes) -> str:
        told: list[str] = []
        code: int | None = 1000
        with connect(f"ws://127.0.0.1:{server.port}{path}", compression=None) as client:
            try:
                client.send(data)
                client.send(data.decode("utf-8", "replace"))
                client.send(end.decode() if end else b"")
                while len(told) < 50:
                    message = json.loads(client.recv(timeout=PATIENCE))
                    told.append(str(message.get("type", "state")))
                    if "the end" in str(message.get("error")):
                        break  # a Realtime session goes on for ever
            except ConnectionClosed as closed:
                code = closed.rcvd.code if closed.rcvd is not None else None
                told.append(str(code))
        assert code in CLOSES, code
        return " ".join(dict.fromkeys(told))

    return talk


def _form(server: Running, path: str) -> Target:
    def post(data: bytes) -> str:
        field = "audio_file" if path in ("/asr", "/detect-language") else "file"
        head = f'--b\r\nContent-Disposition: form-data; name="{field}"; filename="a"\r\n\r\n'
        form = head.encode() + data + b"\r\n--b--\r\n"
        kind = {"content-type": "multipart/form-data; boundary=b"}
        words = [_ask(server, "POST", path, form, kind)]
        # The same where the form itself should be.
        words.append(_ask(server, "POST", path, data, kind))
        return " ".join(words)

    return post


def _body(server: Running, method: str, path: str) -> Target:
    kind = {"content-type": "application/json"}
    return lambda data: _ask(server, method, path, data, kind)


def _query(server: Running, path: str) -> Target:
    return lambda data: _ask(server, "GET", path + quote(data[:300], safe=""), b"", {})


def _ask(server: Running, method: str, path: str, body: bytes, headers: dict[str, str]) -> str:
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)) as client:
        client.request(method, path, body, headers)
        answer: HTTPResponse = client.getresponse()
        text = answer.read()
    assert answer.status in STATUSES, (answer.status, text[:200])
    if answer.status >= 400 and "json" in (answer.getheader("content-type") or ""):
        json.loads(text)
    return str(answer.status)


def _tcp(port: int) -> Target:
    def send(data: bytes) -> str:
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as client:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            answer = b""
            try:
                while part := client.recv(65_536):
                    answer += part
            except ConnectionResetError:
                return "reset"
        return _word(answer[:12].decode("latin-1"))

    return send


def _heard(blocks: list[np.ndarray]) -> str:
    for block in blocks:
        assert block.dtype == np.float32
        assert block.ndim == 1
        assert np.isfinite(block).all()
    return "audio" if any(len(block) for block in blocks) else "nothing"


def _word(text: str) -> str:
    return re.sub(r"\d+", "0", text)[:60]
