from __future__ import annotations

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from livestt.ring import SampleBuffer


class AgainstOneArray(RuleBasedStateMachine):
    """The buffer is an array that never forgets, of which a part may be asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.buffer = SampleBuffer()
        self.whole = np.zeros(0, np.float32)
        self.start = 0

    @rule(count=st.integers(0, 50))
    def append(self, count: int) -> None:
        end = len(self.whole)
        samples = np.arange(end, end + count, dtype=np.float32)
        self.buffer.append(samples)
        self.whole = np.concatenate([self.whole, samples])

    @rule(sample=st.integers(-10, 300))
    def drop_before(self, sample: int) -> None:
        self.buffer.drop_before(sample)
        self.start = max(self.start, min(sample, len(self.whole)))

    @rule(start=st.integers(-10, 300), length=st.integers(0, 100))
    def take(self, start: int, length: int) -> None:
        end = start + length
        if start < self.start or end > len(self.whole):
            with pytest.raises(IndexError, match="outside"):
                self.buffer.slice(start, end)
            return
        taken = self.buffer.slice(start, end)
        assert np.array_equal(taken, self.whole[start:end])
        taken[:] = -1  # a copy: the buffer does not change

    @invariant()
    def bounds(self) -> None:
        assert (self.buffer.start, self.buffer.end) == (self.start, len(self.whole))

    @invariant()
    def holds_only_what_may_be_asked_for(self) -> None:
        held = sum(len(chunk) for chunk in self.buffer._chunks)
        assert held == self.buffer.end - self.buffer.start


TestAgainstOneArray = AgainstOneArray.TestCase


def test_dropping_part_of_a_chunk_frees_the_rest_of_its_memory() -> None:
    buffer = SampleBuffer()
    buffer.append(np.zeros(1_000, np.float32))
    buffer.drop_before(990)
    assert buffer._chunks[0].base is None
