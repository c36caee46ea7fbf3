"""The parent's side of one PocketSphinx child process."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

from livestt.engines.pocketsphinx_decoder import HEADER, LENGTH, Answer
from livestt.errors import EngineError

_SCRIPT = Path(__file__).with_name("pocketsphinx_decoder.py")


class Decoder:
    """One decoder process. Answers come in the order of the questions.

    Raises:
        EngineError: it cannot be started.
    """

    def __init__(self) -> None:
        command = [sys.executable, "-P", str(_SCRIPT)]
        try:
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        except OSError as error:
            raise EngineError(f"cannot start a PocketSphinx decoder: {error}") from error
        self.ready = False
        """Whether its model is known to be loaded."""
        self.busy = True
        """Whether an answer is due."""

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, flags: int, audio: bytes) -> None:
        """Send a question.

        Raises:
            EngineError: the process is gone.
        """
        self.busy = True
        pipe = cast(IO[bytes], self._process.stdin)
        try:
            pipe.write(HEADER.pack(flags, len(audio)) + audio)
            pipe.flush()
        except OSError as error:
            raise self._gone() from error

    def wait_ready(self) -> None:
        """Block until the model is loaded; only for a process not asked anything yet.

        Raises:
            EngineError: the process is gone.
        """
        self._hear_ready()
        self.busy = False

    def answer(self) -> Answer:
        """Block for the answer to the oldest question.

        Raises:
            EngineError: the process is gone.
        """
        self._hear_ready()
        received = self._receive()
        self.busy = False
        return received

    def kill(self) -> None:
        """End the process now; whoever reads from it gets an `EngineError`."""
        self._process.kill()

    def end(self) -> None:
        """End the process and free its pipes."""
        self.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):  # what was still to be flushed has no reader
                cast(IO[bytes], pipe).close()

    def _hear_ready(self) -> None:
        if not self.ready:
            self._receive()
            self.ready = True

    def _receive(self) -> Answer:
        (size,) = LENGTH.unpack(self._read(LENGTH.size))
        answer: Answer = json.loads(self._read(size))
        return answer

    def _read(self, size: int) -> bytes:
        data = cast(IO[bytes], self._process.stdout).read(size)
        if len(data) < size:
            raise self._gone()
        return data

    def _gone(self) -> EngineError:
        self.kill()
        status = self._process.wait()
        return EngineError(f"a PocketSphinx decoder ended or hung (exit status {status})")
