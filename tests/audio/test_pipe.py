from __future__ import annotations

import threading

import numpy as np
import pytest

from livestt.audio import pipe as pipe_module
from livestt.audio.allowance import check_allowance
from livestt.audio.auto import WholeDecoder
from livestt.audio.pipe import BLOCK, Pipe
from livestt.errors import BadAudio


def echo(pipe: Pipe, ask: int = 1000) -> None:
    """A reader that gives a sample for each byte, and the length of each read to its test."""
    while data := pipe.read(ask):
        pipe.put(np.full(len(data), len(data), np.float32))
    pipe.end()


def start(pipe: Pipe, ask: int = 1000) -> threading.Thread:
    thread = threading.Thread(target=echo, args=(pipe, ask), daemon=True)
    thread.start()
    return thread


def test_feed_returns_when_the_reader_wants_more():
    pipe = Pipe()
    thread = start(pipe)
    assert len(pipe.feed(b"x" * (BLOCK - 1))) == 0
    assert len(pipe.feed(b"x")) == BLOCK
    assert len(pipe.feed(b"x" * (3 * BLOCK + 1))) == 3 * BLOCK
    assert len(pipe.finish()) == 1
    thread.join(1)
    assert not thread.is_alive()


@pytest.mark.parametrize("sizes", [[1], [127, 129], [1000], [64, 3, 500]])
def test_reads_fall_on_the_same_grid_however_the_input_is_cut(sizes: list[int]):
    pipe = Pipe()
    start(pipe, ask=100)
    outputs, left, turn = [], 1000, 0
    while left:
        size = min(left, sizes[turn % len(sizes)])
        outputs.append(pipe.feed(b"x" * size))
        left, turn = left - size, turn + 1
    outputs.append(pipe.finish())
    grid = ([100.0] * 100 + [28.0] * 28) * 8
    assert np.concatenate(outputs).tolist() == grid[:896] + [100.0] * 100 + [4.0] * 4


def test_an_error_comes_after_the_samples_made_before_it_and_stays():
    pipe = Pipe()

    def read_and_fail() -> None:
        pipe.put(np.ones(len(pipe.read(BLOCK)), np.float32))
        pipe.end(BadAudio("broken"))

    threading.Thread(target=read_and_fail, daemon=True).start()
    assert len(pipe.feed(b"x" * BLOCK)) == BLOCK
    for _ in range(2):
        with pytest.raises(BadAudio, match="broken"):
            pipe.feed(b"x")
    with pytest.raises(BadAudio, match="broken"):
        pipe.finish()


def test_abort_frees_both_sides():
    pipe = Pipe()
    thread = start(pipe)
    pipe.feed(b"x")
    pipe.abort()
    thread.join(1)
    assert not thread.is_alive()
    assert len(pipe.feed(b"x" * 1000)) == 0
    assert len(pipe.finish()) == 0


def test_a_reader_that_never_reads_is_given_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pipe_module, "STALL_SECONDS", 0.02)
    with pytest.raises(BadAudio, match="no progress"):
        Pipe().feed(b"x")


def test_a_few_bytes_may_not_become_hours():
    check_allowance(16_000 * 600, 0)
    check_allowance(16_000 * 3600, 3000 * 16)
    with pytest.raises(BadAudio, match="expands"):
        check_allowance(16_000 * 3600, 2900 * 16)


def test_a_file_that_is_kept_has_a_largest_size():
    decoder = WholeDecoder(lambda file: iter([np.zeros(1, np.float32)]), limit=100)
    decoder.feed(b"x" * 60)
    with pytest.raises(BadAudio, match="faststart"):
        decoder.feed(b"x" * 60)
    decoder.close()


def test_a_file_that_says_that_it_is_too_large_is_refused_at_once():
    decoder = WholeDecoder(lambda file: iter([np.zeros(1, np.float32)]), limit=100)
    with pytest.raises(BadAudio, match="faststart"):
        decoder.feed(b"\0\0\0\x0cftypM4A \0\0\0\x60mdat" + bytes(20))
    decoder.close()
