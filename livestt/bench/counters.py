"""What a livestt server says about its engine, from its ``/metrics``."""

from __future__ import annotations

import urllib.request
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from prometheus_client.parser import text_string_to_metric_families

TIMEOUT = 5.0
JOBS, RETRIES, FAILURES, UNHEARD = (
    "livestt_jobs_total",
    "livestt_job_retries_total",
    "livestt_job_failures_total",
    "livestt_audio_unheard_seconds_total",
)


@dataclass(frozen=True, slots=True)
class Counters:
    """Counted since the server started."""

    jobs: int
    retries: int
    """Asked again, alone."""
    failures: int
    """Given up."""
    unheard: float
    """Seconds of audio that sessions ended before."""

    def since(self, before: Counters) -> Counters:
        return Counters(
            self.jobs - before.jobs,
            self.retries - before.retries,
            self.failures - before.failures,
            self.unheard - before.unheard,
        )


def read(url: str) -> Counters | None:
    """The counters of the server of this WebSocket; None if it does not tell. Blocking."""
    found = samples(url)
    return None if found is None else _counters(found)


def samples(url: str) -> dict[str, float] | None:
    """All its figures by name, labels added up; None if it does not tell. Blocking."""
    try:
        with urllib.request.urlopen(_metrics(url), timeout=TIMEOUT) as answer:
            return _samples(answer.read().decode())
    except (OSError, ValueError):
        return None


def parse(text: str) -> Counters | None:
    """Read the text format of Prometheus.

    Raises:
        ValueError: it is something else.
    """
    return _counters(_samples(text))


def _samples(text: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name] = found.get(sample.name, 0.0) + sample.value
    return found


def _counters(found: dict[str, float]) -> Counters | None:
    if JOBS not in found:
        return None
    jobs, retries, failures = (int(found.get(name, 0)) for name in (JOBS, RETRIES, FAILURES))
    return Counters(jobs, retries, failures, found.get(UNHEARD, 0.0))


def _metrics(url: str) -> str:
    parts = urlsplit(url)
    scheme = "https" if parts.scheme == "wss" else "http"
    return urlunsplit((scheme, parts.netloc, parts.path.rpartition("/")[0] + "/metrics", "", ""))
