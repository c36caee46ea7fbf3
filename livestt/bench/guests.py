"""Clients of every kind that come, talk, and leave in every way there is."""

from __future__ import annotations

import base64
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import anyio
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import CloseCode

from livestt.client import connect
from livestt.errors import LivesttError
from livestt.timebase import SAMPLE_RATE

FRAME = SAMPLE_RATE // 5
"""Bytes of a message: a tenth of a second of 16-bit PCM."""
PATIENCE = 60.0
"""Seconds that an answer may take."""


@dataclass(slots=True)
class Visit:
    """What guests need to know, and what they did.

    Attributes:
        url: of the server's ``/asr``.
        shaky: the same through a network that cuts connections.
        speed: times real time at which they talk.
        sound: 16-bit PCM at 16 kHz to take pieces from.
        files: whole files to upload.
    """

    url: str
    shaky: str
    speed: float
    sound: bytes
    files: list[bytes]
    chance: random.Random
    done: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    """Audio sent."""

    def piece(self, least: float, most: float) -> bytes:
        """Some seconds of sound."""
        size = round(self.chance.uniform(least, most) * SAMPLE_RATE) * 2
        start = self.chance.randrange(0, max(2, len(self.sound) - size), 2)
        return self.sound[start : start + size]

    def address(self, path: str) -> str:
        """Of another WebSocket of the same server."""
        return f"ws://{urlsplit(self.url).netloc}{path}"

    async def talk(self, audio: bytes, send: Callable[[bytes], Awaitable[object]]) -> None:
        """Send at the pace of speech, times `speed`."""
        begin = anyio.current_time()
        for at in range(0, len(audio), FRAME):
            due = begin + at / 2 / SAMPLE_RATE / self.speed
            await anyio.sleep(max(0.0, due - anyio.current_time()))
            part = audio[at : at + FRAME]
            await send(part)
            self.seconds += len(part) / 2 / SAMPLE_RATE


Guest = Callable[[Visit], Awaitable[None]]


async def speaker(visit: Visit, *, diarization: bool = False, url: str | None = None) -> None:
    """Talks to the end, and waits for the last word."""
    address = f"{url or visit.url}?diarization={str(diarization).lower()}"
    async with connect(address, reconnect=30.0) as captions, anyio.create_task_group() as tasks:

        async def talk() -> None:
            await visit.talk(visit.piece(3, 12), captions.send)
            await captions.end()

        tasks.start_soon(talk)
        async for _ in captions:
            pass


async def diarized(visit: Visit) -> None:
    """The same, told who speaks."""
    await speaker(visit, diarization=True)


async def traveller(visit: Visit) -> None:
    """Loses the connection now and then, and takes the session up again."""
    await speaker(visit, url=visit.shaky)


async def vanishing(visit: Visit) -> None:
    """Is gone in the middle of a word."""
    address = f"{visit.url}?encoding=s16le&diarization=false"
    async with open_socket(address, compression=None) as socket:
        await visit.talk(visit.piece(1, 4), socket.send)
        socket.transport.abort()


async def returning(visit: Visit) -> None:
    """Is cut off twice, comes back by itself, and says the rest."""
    address = f"{visit.url}?encoding=s16le&diarization=false"
    for _ in range(2):
        async with open_socket(address, compression=None) as socket:
            config = json.loads(await socket.recv())
            await visit.talk(visit.piece(0.5, 2), socket.send)
            socket.transport.abort()
        address = f"{visit.url}?encoding=s16le&diarization=false&session={config['session']}"
    async with open_socket(address, compression=None) as socket:
        await socket.send(b"")
        await _drain(socket)


async def reader(visit: Visit) -> None:
    """Reads along with somebody for a while."""
    async with open_socket(f"{visit.url}?encoding=s16le", compression=None) as speaking:
        config = json.loads(await speaking.recv())
        address = f"{visit.url}?session={config['session']}&role=viewer"
        async with open_socket(address, compression=None) as reading:
            await visit.talk(visit.piece(1, 3), speaking.send)
            await reading.recv()
            if visit.chance.random() < 0.5:
                reading.transport.abort()
        await speaking.send(b"")
        await _drain(speaking)


async def stalled(visit: Visit) -> None:
    """Talks, and reads nothing that is answered."""
    async with open_socket(f"{visit.url}?encoding=s16le&mode=full", compression=None) as socket:
        socket.transport.pause_reading()
        await visit.talk(visit.piece(2, 5), socket.send)
        socket.transport.abort()


async def deepgram(visit: Visit) -> None:
    """Speaks Deepgram's protocol."""
    path = "/v1/listen?encoding=linear16&sample_rate=16000&interim_results=true"
    async with open_socket(visit.address(path), compression=None) as socket:
        await visit.talk(visit.piece(2, 8), socket.send)
        await socket.send(json.dumps({"type": "CloseStream"}))
        await _drain(socket)


async def realtime(visit: Visit) -> None:
    """Speaks OpenAI's Realtime protocol."""
    path = "/v1/realtime?intent=transcription"
    async with open_socket(visit.address(path), compression=None) as socket:

        async def send(part: bytes) -> None:
            audio = base64.b64encode(part).decode()
            await socket.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))

        await visit.talk(visit.piece(2, 6), send)
        await socket.send(json.dumps({"type": "input_audio_buffer.commit"}))
        while json.loads(await socket.recv())["type"] != COMPLETED:
            pass


COMPLETED = "conversation.item.input_audio_transcription.completed"


async def uploader(visit: Visit) -> None:
    """Sends a file and waits for its text."""
    answer = await _post(visit, _form(visit.chance.choice(visit.files)))
    if not answer.startswith((b"HTTP/1.1 200", b"HTTP/1.1 429")):
        raise LivesttError(answer[:200].decode("latin-1"))


async def half_uploader(visit: Visit) -> None:
    """Leaves in the middle of the file."""
    form = _form(visit.chance.choice(visit.files))
    await _post(visit, form, part=visit.chance.random())


async def impatient(visit: Visit) -> None:
    """Sends a whole file and does not wait for its text."""
    await _post(visit, _form(visit.chance.choice(visit.files)), wait=False)


async def gibberish(visit: Visit) -> None:
    """Sends what is no audio, and messages that are none."""
    async with open_socket(f"{visit.url}?encoding=auto", compression=None) as socket:
        await socket.send("{ this is not")
        await socket.send(visit.chance.randbytes(visit.chance.randrange(1, 30_000)))
        await socket.send(b"")
        try:
            await _drain(socket)
        except ConnectionClosed as error:
            if error.rcvd is None or error.rcvd.code != CloseCode.INVALID_DATA:
                raise


async def knocking(visit: Visit) -> None:
    """Comes to the door with something that is no handshake, or leaves in the middle of one."""
    where = urlsplit(visit.url)
    head = f"GET {where.path} HTTP/1.1\r\nHost: {where.netloc}\r\n"
    upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n"
    key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    bad = (
        b"\x16\x03\x01" + visit.chance.randbytes(60),
        visit.chance.randbytes(300),
        f"{head}{upgrade}\r\n".encode(),
        f"{head}{upgrade}{key}Sec-WebSocket-Version: 7\r\n\r\n".encode(),
        f"{head}Origin: http://a{visit.chance.random()}.example\r\n{upgrade}{key}"
        "Sec-WebSocket-Version: 13\r\n\r\n".encode(),
        head.encode(),
        b"",
    )
    async with await anyio.connect_tcp(where.hostname or "", where.port or 80) as stream:
        await stream.send(visit.chance.choice(bad))
        await anyio.sleep(visit.chance.uniform(0, 0.2))


async def mistaken(visit: Visit) -> None:
    """Asks for what there is not."""
    try:
        async with open_socket(f"{visit.url}?encoding=cassette"):
            raise LivesttError("a wrong parameter was taken")
    except InvalidStatus as error:
        if error.response.status_code not in (400, 429):
            raise


GUESTS: Mapping[Guest, int] = {
    speaker: 6,
    diarized: 6,
    traveller: 2,
    returning: 1,
    vanishing: 3,
    reader: 2,
    stalled: 1,
    deepgram: 2,
    realtime: 2,
    uploader: 2,
    half_uploader: 1,
    impatient: 1,
    gibberish: 2,
    mistaken: 1,
    knocking: 1,
}
"""Who comes how often."""


async def visit_once(visit: Visit, guest: Guest) -> None:
    """One guest from coming to leaving; what goes wrong is counted."""
    name = guest.__name__
    try:
        with anyio.fail_after(PATIENCE):
            await guest(visit)
        visit.done[name] += 1
    except* (OSError, LivesttError, ConnectionClosed, InvalidStatus, TimeoutError) as group:
        first = group.exceptions[0]
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        visit.failed[f"{name}: {type(first).__name__}: {first}"[:160]] += 1


async def _drain(socket: ClientConnection) -> None:
    async for _ in socket:
        pass


def _form(file: bytes) -> bytes:
    parts = [
        b'--soak\r\nContent-Disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n',
        b'--soak\r\nContent-Disposition: form-data; name="file"; filename="a.flac"\r\n'
        b"Content-Type: audio/flac\r\n\r\n",
        file,
        b"\r\n--soak--\r\n",
    ]
    return b"".join(parts)


async def _post(visit: Visit, form: bytes, *, part: float = 1.0, wait: bool = True) -> bytes:
    """Send a form, or part of it; what is answered."""
    where = urlsplit(visit.url)
    head = (
        f"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: {where.netloc}\r\nConnection: close\r\n"
        f"Content-Type: multipart/form-data; boundary=soak\r\nContent-Length: {len(form)}\r\n\r\n"
    )
    answer = b""
    async with await anyio.connect_tcp(where.hostname or "", where.port or 80) as stream:
        await stream.send(head.encode() + form[: round(len(form) * part)])
        if part < 1 or not wait:
            return answer
        try:
            while True:
                answer += await stream.receive()
        except anyio.EndOfStream:
            return answer
