"""HTTP requests to a server that may be slow, busy or wrong, with clear errors."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2

from livestt import __version__
from livestt.errors import EngineError

ATTEMPTS = 3
AGAIN = (408, 409, 425, 429, 500, 502, 503, 504)
"""Statuses after which the same question may be answered (as OpenAI's own clients take them)."""
BACK_OFF = 0.5
"""Seconds before the second attempt, doubled for each further one."""
BUDGET = 28.0
"""Seconds for all attempts: the scheduler asks twice, and a session gives a job up after 60."""

QUOTE = 12
"""Characters of the key, or of the prompt with what was said, by which a reason repeats them. Some
servers answer bad requests with all that was in them."""


class Client:
    """Posts files. Thread-safe.

    Args:
        url: base address, without a slash at the end.
        key: sent as a bearer token; never logged, nor part of any message.
        timeout: seconds for one attempt.
    """

    def __init__(self, url: str, key: str | None, timeout: float) -> None:
        headers = {"User-Agent": f"livestt/{__version__}", "Accept": "application/json"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        self._url = url
        self._timeout = timeout
        self._closed = threading.Event()
        self._resume = 0.0
        """On the clock of ``time.monotonic``: before that the server wants no requests."""
        self._key = key or ""
        self._client = httpx2.Client(headers=headers, timeout=timeout)

    def close(self) -> None:
        """Attempts under way end; nobody waits for another."""
        self._closed.set()
        self._client.close()

    def post(
        self, path: str, fields: Mapping[str, str | Sequence[str]], wav: bytes
    ) -> dict[str, Any]:
        """Send a form with an audio file, again if that may help.

        Raises:
            EngineError: saying what the server answered.
        """
        latest = time.monotonic() + max(0.0, BUDGET - self._timeout)
        pause = self._resume - time.monotonic()
        problem = f"{self._url} wants no request for another {pause:.0f} s"
        for attempt in range(ATTEMPTS):
            if time.monotonic() + pause > latest:
                break
            if self._closed.wait(max(0.0, pause)):
                raise EngineError("the engine is shutting down")
            try:
                return self._attempt(path, fields, wav)
            except _Again as again:
                problem = str(again)
                pause = BACK_OFF * 2**attempt if again.wait is None else again.wait
                if again.wait is not None:
                    self._resume = max(self._resume, time.monotonic() + again.wait)
                    problem += f" It asks to wait {again.wait:.0f} s."
        raise EngineError(problem)

    def _attempt(
        self, path: str, fields: Mapping[str, str | Sequence[str]], wav: bytes
    ) -> dict[str, Any]:
        where = self._url + path
        file = {"file": ("audio.wav", wav, "audio/wav")}
        try:
            response = self._client.post(where, data=dict(fields), files=file)
        except httpx2.TimeoutException as error:
            raise _Again(f"{where} did not answer within {self._timeout:g} s.") from error
        except (httpx2.TransportError, RuntimeError) as error:
            # A RuntimeError is a client that was closed meanwhile.
            reason = str(error) or type(error).__name__
            raise _Again(f"{where} cannot be reached: {reason}.") from error
        private = (self._key, str(fields.get("prompt", "")))
        if response.status_code in AGAIN:
            wait = retry_after(response.headers.get("Retry-After"))
            raise _Again(_refusal(where, response, private), wait)
        if not response.is_success:
            raise EngineError(_refusal(where, response, private))
        try:
            body = response.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise EngineError(f"{where} answered with something other than a JSON object.")
        return body


class _Again(Exception):
    """Something that another attempt may mend.

    Attributes:
        wait: seconds the server asks for, or None.
    """

    def __init__(self, problem: str, wait: float | None = None) -> None:
        super().__init__(problem)
        self.wait = wait


def _refusal(where: str, response: httpx2.Response, private: Sequence[str]) -> str:
    """For people, and the log: so without what others must not read there."""
    advice = {
        401: " Put its key into LIVESTT_REMOTE_API_KEY.",
        403: " Put its key into LIVESTT_REMOTE_API_KEY.",
        404: " Is --remote-url right, its /v1 included, and --remote-model?",
    }.get(response.status_code, "")
    status = f"{response.status_code} {response.reason_phrase}".strip()
    said = _message(response)
    if any(repeats(said, text) for text in private):
        said = "its reason repeats what was sent, and is left out"
    return f"{where} answered {status}: {said.rstrip('.')}.{advice}"


def repeats(said: str, private: str) -> bool:
    """Whether this holds a part of a private text: `QUOTE` characters in a row, or all of it, if
    it is long enough to be one."""
    size = min(QUOTE, len(private))
    return size >= 4 and any(said[i : i + size] in private for i in range(len(said) - size + 1))


def retry_after(header: str | None) -> float | None:
    """Seconds that a ``Retry-After`` header asks for (RFC 9110, 10.2.3), None without one."""
    if header is None:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        when = parsedate_to_datetime(header)
    except ValueError:
        return None
    return max(0.0, (when - datetime.now(when.tzinfo or UTC)).total_seconds())


def _message(response: httpx2.Response) -> str:
    """What an error says: OpenAI's form, FastAPI's, or the beginning of the text."""
    try:
        body = response.json()
        error = body.get("error", body.get("detail", body)) if isinstance(body, dict) else body
        said = error.get("message", error) if isinstance(error, dict) else error
    except ValueError:
        said = response.text
    return " ".join(str(said).split())[:300] or "no reason given"
