"""Containers through an ``ffmpeg`` child process: the same result, isolated from the server.

Costs more memory (about 15 MB a session) and CPU than `livestt.audio.container`, but a file that
crashes FFmpeg ends nothing but itself. POSIX only.
"""

from __future__ import annotations

import os
import selectors
import shutil
import subprocess
import tempfile
import weakref
from collections.abc import Iterator
from typing import IO, BinaryIO

import numpy as np

from livestt.audio.allowance import check_allowance
from livestt.audio.confined import spawn
from livestt.audio.container import FORMATS
from livestt.audio.decoder import NO_SAMPLES, Decoder
from livestt.audio.explain import HEAD, not_audio
from livestt.audio.pcm import to_float
from livestt.engines import Samples
from livestt.errors import BadAudio, SetupError
from livestt.timebase import SAMPLE_RATE

STALL_SECONDS = 30.0
_READ = 1 << 16
_PROBE = ["-probesize", "4096", "-analyzeduration", "0", "-formatprobesize", "32768"]
_OUTPUT = ["-map", "0:a:0", "-threads", "1", "-f", "f32le", "-ac", "1", "-ar", str(SAMPLE_RATE)]
_AVERAGE = ["-rematrix_maxval", "1.0"]
"""Mix channels down to their average; FFmpeg would add them up louder, and clip."""


class FfmpegBackend:
    """The `livestt.audio.auto.Backend` in child processes.

    Raises:
        SetupError: no ``ffmpeg`` on the PATH, or a system without POSIX pipes.
    """

    def __init__(self) -> None:
        program = shutil.which("ffmpeg")
        if program is None:
            raise SetupError(
                "decoding by a child process needs the program ffmpeg on the PATH: install it"
                " (e.g. apt install ffmpeg), or use the built-in decoder"
            )
        if os.name != "posix":
            raise SetupError("decoding by a child process needs a POSIX system")
        self._program = program

    def stream(self) -> Decoder:
        return FfmpegDecoder(self._command("pipe", "pipe:0", _PROBE))

    def whole(self, file: BinaryIO) -> Iterator[Samples]:
        """Blocks of about a second."""
        file.seek(0)
        head = file.read(HEAD)
        file.seek(0)
        with tempfile.NamedTemporaryFile() as copy:
            shutil.copyfileobj(file, copy)
            copy.flush()
            size, made = copy.tell(), 0
            command = self._command("file", f"file:{copy.name}", [])
            with spawn(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as child:
                try:
                    for output in _outputs(child):
                        made += len(output) // 4
                        check_allowance(made, size)
                        yield _samples(output)
                finally:
                    child.kill()
        if child.returncode and not made:
            raise not_audio(head)

    def _command(self, protocol: str, source: str, options: list[str]) -> list[str]:
        safe = ["-format_whitelist", FORMATS, "-protocol_whitelist", protocol]
        quiet = ["-nostdin", "-hide_banner", "-loglevel", "quiet"]
        return [self._program, *quiet, *options, *safe, "-i", source, *_AVERAGE, *_OUTPUT, "-"]


class FfmpegDecoder:
    """A `livestt.audio.decoder.Decoder` around one child process.

    `feed` returns what the child has written so far, so unlike the samples as a whole, the
    moment at which each of them comes depends on timing.
    """

    waits = False

    def __init__(self, command: list[str]) -> None:
        self._child = spawn(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._stdin: IO[bytes] = self._child.stdin
        self._stdout: IO[bytes] = self._child.stdout
        os.set_blocking(self._stdin.fileno(), False)
        os.set_blocking(self._stdout.fileno(), False)
        self._head = b""
        self._taken = 0
        self._made = 0
        self._output = bytearray()
        self._exited = False
        self._closed = False
        self._abandoned = weakref.finalize(self, _kill, self._child)

    def feed(self, data: bytes) -> Samples:
        self._head += data[: HEAD - len(self._head)]
        self._taken += len(data)
        self._exchange(memoryview(data))
        return self._take()

    def finish(self) -> Iterator[Samples]:
        if not self._closed:
            self._stdin.close()
            self._exchange(None)
        yield self._take()

    def close(self) -> None:
        self._closed = True
        self._output.clear()
        self._abandoned()

    def _exchange(self, data: memoryview | None) -> None:
        """Write all of ``data`` (None: nothing, until the child ends), reading meanwhile."""
        if self._closed or self._exited:
            return
        with selectors.DefaultSelector() as selector:
            selector.register(self._stdout, selectors.EVENT_READ)
            if data:
                selector.register(self._stdin, selectors.EVENT_WRITE)
            while not self._exited:
                more = data is None or len(data) > 0
                ready = selector.select(STALL_SECONDS if more else 0)
                if more and not ready:
                    self._child.kill()
                    raise BadAudio("ffmpeg made no progress on this stream: it is damaged")
                if not ready:
                    return
                for key, _ in ready:
                    if key.fileobj is self._stdout:
                        self._read()
                    elif data is not None:
                        data = self._write(data)
                        if not data:
                            selector.unregister(self._stdin)

    def _write(self, data: memoryview) -> memoryview:
        try:
            return data[os.write(self._stdin.fileno(), data[:_READ]) :]
        except BlockingIOError:
            return data
        except BrokenPipeError:
            return data[:0]  # the child has ended; reading its output will tell why

    def _read(self) -> None:
        data = self._stdout.read(_READ)
        self._output += data
        self._made += len(data)
        self._exited = not data
        check_allowance(self._made // 4, self._taken)

    def _take(self) -> Samples:
        whole = len(self._output) - len(self._output) % 4
        if self._exited and not self._made and not self._closed and self._child.wait():
            raise not_audio(self._head)
        if not whole:
            return NO_SAMPLES
        samples = _samples(bytes(self._output[:whole]))
        del self._output[:whole]
        return samples


def _outputs(child: subprocess.Popen[bytes]) -> Iterator[bytes]:
    """What a child writes until it ends, in whole samples.

    Raises:
        BadAudio: it has written nothing for `STALL_SECONDS`.
    """
    assert child.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        rest = b""
        while selector.select(STALL_SECONDS):
            data = os.read(child.stdout.fileno(), _READ)
            if not data:
                child.wait()
                return
            data = rest + data
            whole = len(data) - len(data) % 4
            rest = data[whole:]
            yield data[:whole]
    raise BadAudio("ffmpeg made no progress on this file: it is damaged")


def _samples(data: bytes) -> Samples:
    return np.clip(to_float(np.frombuffer(data[: len(data) // 4 * 4], "<f4")), -1.0, 1.0)


def _kill(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    for stream in (child.stdin, child.stdout):
        if stream is not None:
            stream.close()
    child.wait()
