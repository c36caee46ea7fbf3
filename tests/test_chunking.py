"""Where a file is cut: packed while it is cheap, cut where it is quiet, and nothing lost."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from livestt.chunking import MARGIN, Chunker, Piece, frame_energies, quietest
from livestt.timebase import from_seconds
from livestt.vad import FRAME
from livestt.vad.endpointing import EndpointingOptions

OPTIONS = EndpointingOptions(pre_roll_ms=0, hangover_ms=0, min_silence_ms=320)
LONGEST = from_seconds(8)


def pieces_of(probabilities: list[float], *, pack: int = 0, loud: float = 0.1) -> list[Piece]:
    chunker = Chunker(OPTIONS, LONGEST, pack)
    samples = np.full(len(probabilities) * FRAME, loud, np.float32)
    chunker.hear(samples, np.array(probabilities, np.float32))
    chunker.close(len(samples))
    return chunker.take()


@given(st.lists(st.tuples(st.integers(1, 700), st.integers(1, 100)), max_size=6))
def test_pieces_follow_one_another_cover_all_speech_and_are_never_too_long(
    pattern: list[tuple[int, int]],
) -> None:
    probabilities = [p for spoken, silent in pattern for p in [1.0] * spoken + [0.0] * silent]
    pieces = pieces_of(probabilities, pack=from_seconds(5))
    assert all(piece.end - piece.start <= LONGEST for piece in pieces)
    for before, after in pairwise(pieces):
        assert after.overlaps == (before.keep_until is not None)
        overlap = 2 * MARGIN if after.overlaps else 0
        assert before.end - after.start == overlap or (not overlap and after.start >= before.end)
    covered = np.zeros(len(probabilities), bool)
    for piece in pieces:
        covered[piece.start // FRAME : piece.end // FRAME] = True
    at = 0
    for spoken, silent in pattern:
        if spoken >= 4:
            assert covered[at : at + spoken].all()
        at += spoken + silent


def test_short_neighbours_share_a_piece_and_distant_ones_do_not() -> None:
    two = [1.0] * 40 + [0.0] * 20 + [1.0] * 40
    assert len(pieces_of([*two, *[0.0] * 40], pack=from_seconds(5))) == 1
    assert len(pieces_of([*two, *[0.0] * 40], pack=from_seconds(2))) == 2
    assert len(pieces_of([*two, *[0.0] * 40])) == 2
    apart = [1.0] * 40 + [0.0] * 60 + [1.0] * 40
    assert len(pieces_of([*apart, *[0.0] * 40], pack=from_seconds(9))) == 2


def test_a_long_piece_is_cut_where_the_voice_drops() -> None:
    probabilities = [1.0] * 400
    probabilities[180:186] = [0.6] * 6
    first, second = pieces_of(probabilities)
    assert first.keep_until is not None
    assert 180 * FRAME <= first.keep_until <= 186 * FRAME
    assert second.start == first.keep_until - MARGIN
    assert second.keep_until is None


def test_what_the_detector_finds_alike_is_cut_where_it_is_least_loud() -> None:
    energies = np.ones(100, np.float32)
    energies[60:63] = 0.1
    assert quietest(np.ones(100, np.float32), energies, 10, 90) // FRAME == 61
    assert quietest(np.ones(100, np.float32), np.ones(100, np.float32), 10, 90) // FRAME == 89


def test_audio_that_no_piece_needs_is_named_so_that_it_can_go() -> None:
    chunker = Chunker(OPTIONS, LONGEST)
    chunker.hear(np.zeros(1000 * FRAME, np.float32), np.zeros(1000, np.float32))
    assert chunker.earliest > 900 * FRAME
    chunker.hear(np.zeros(10 * FRAME, np.float32), np.ones(10, np.float32))
    assert chunker.earliest <= 1000 * FRAME


def test_halves_overlap_and_keep_what_the_piece_was() -> None:
    audio = np.ones(from_seconds(6), np.float32)
    audio[from_seconds(3) : from_seconds(3.2)] = 0
    piece = Piece(16_000, 16_000 + len(audio), 99_000, True, 7)
    before, after = piece.halves(audio)
    assert before.keep_until is not None
    assert from_seconds(4) <= before.keep_until <= from_seconds(4.2)
    assert (before.start, before.overlaps) == (piece.start, True)
    assert (after.end, after.keep_until, after.overlaps) == (piece.end, 99_000, True)
    assert before.clear_frames == after.clear_frames == 7


def test_energies_of_a_partial_frame() -> None:
    energies = frame_energies(np.ones(FRAME + FRAME // 2, np.float32))
    assert energies.tolist() == [1.0, 0.5]
