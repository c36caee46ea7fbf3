"""What a livestt server reports about its engine at ``/metrics``."""

from __future__ import annotations

import urllib.request
from dataclasses import dataclass
from itertools import pairwise
from urllib.error import HTTPError
from urllib.parse import urlsplit, urlunsplit

from prometheus_client.parser import text_string_to_metric_families

TIMEOUT = 5.0
JOBS, RETRIES, FAILURES, UNHEARD = (
    "livestt_jobs_total",
    "livestt_job_retries_total",
    "livestt_job_failures_total",
    "livestt_audio_unheard_seconds_total",
)
LOOP = "livestt_event_loop_lag_seconds_bucket"


@dataclass(frozen=True, slots=True)
class Histogram:
    """Readings, counted by size."""

    counts: tuple[tuple[float, float], ...] = ()
    """Upper bounds, ascending, and how many readings are not above each."""

    def since(self, before: Histogram) -> Histogram:
        old = dict(before.counts)
        return Histogram(tuple((bound, n - old.get(bound, 0.0)) for bound, n in self.counts))

    def quantile(self, part: float) -> float | None:
        """As Prometheus estimates it: evenly spread between two bounds. None without readings."""
        total = self.counts[-1][1] if self.counts else 0.0
        if not total:
            return None
        for (low, less), (bound, n) in pairwise([(0.0, 0.0), *self.counts]):
            if n >= part * total:
                if bound == float("inf"):
                    return low
                return low + (bound - low) * (part * total - less) / max(n - less, 1e-9)
        return None


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
    loop_lag: Histogram = Histogram()
    """Seconds by which the event loop was late."""

    def since(self, before: Counters) -> Counters:
        return Counters(
            self.jobs - before.jobs,
            self.retries - before.retries,
            self.failures - before.failures,
            self.unheard - before.unheard,
            self.loop_lag.since(before.loop_lag),
        )


def read(url: str) -> Counters | None:
    """The counters of the server of this WebSocket; None if it does not tell. Blocking."""
    text = _text(url)
    return None if text is None else _parsed(text)


def samples(url: str) -> dict[str, float] | None:
    """All its figures by name, labels added up; None if it does not tell. Blocking."""
    text = _text(url)
    try:
        return None if text is None else _samples(text)
    except ValueError:
        return None


def parse(text: str) -> Counters | None:
    """Read the text format of Prometheus.

    Raises:
        ValueError: it is something else.
    """
    found: dict[str, float] = {}
    loop: list[tuple[float, float]] = []
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name] = found.get(sample.name, 0.0) + sample.value
            if sample.name == LOOP:
                loop.append((float(sample.labels["le"]), sample.value))
    return _counters(found, Histogram(tuple(sorted(loop))))


def _samples(text: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name] = found.get(sample.name, 0.0) + sample.value
    return found


def _parsed(text: str) -> Counters | None:
    try:
        return parse(text)
    except ValueError:
        return None


def _text(url: str) -> str | None:
    try:
        with urllib.request.urlopen(_metrics(url), timeout=TIMEOUT) as answer:
            return str(answer.read().decode())
    except HTTPError as error:
        error.close()
    except (OSError, ValueError):
        pass
    return None


def _counters(found: dict[str, float], loop: Histogram) -> Counters | None:
    if JOBS not in found:
        return None
    jobs, retries, failures = (int(found.get(name, 0)) for name in (JOBS, RETRIES, FAILURES))
    return Counters(jobs, retries, failures, found.get(UNHEARD, 0.0), loop)


def _metrics(url: str) -> str:
    parts = urlsplit(url)
    scheme = "https" if parts.scheme == "wss" else "http"
    return urlunsplit((scheme, parts.netloc, parts.path.rpartition("/")[0] + "/metrics", "", ""))
