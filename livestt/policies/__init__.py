"""When to commit: rules that say how many words of a hypothesis will not change any more.

A policy is pure and belongs to one session. It sees hypotheses that continue after the words
already committed, and answers with the number of leading words to commit now.
"""

from __future__ import annotations

from typing import Literal, Protocol

from livestt.engines import Capabilities, Hypothesis
from livestt.errors import UnsupportedOption
from livestt.policies.alignatt import AlignAtt
from livestt.policies.local_agreement import LocalAgreement
from livestt.policies.native import Native
from livestt.policies.utterance import Utterance

PolicyName = Literal["auto", "alignatt", "localagreement", "native", "utterance"]

__all__ = ["AlignAtt", "LocalAgreement", "Native", "Policy", "PolicyName", "Utterance", "choose"]


class Policy(Protocol):
    """Decides when the words of one session are committed."""

    partial: bool
    """Whether the policy wants hypotheses before an utterance has ended."""

    def decide(self, hypothesis: Hypothesis, end: int, *, final: bool) -> int:
        """How many leading words of the hypothesis to commit.

        Args:
            hypothesis: the engine's answer, without words committed before.
            end: session sample where the audio of the job ended.
            final: nothing more will be said in this utterance.
        """

    def reset(self) -> None:
        """Forget earlier hypotheses: a new utterance begins."""


def choose(name: PolicyName, engine: Capabilities, *, frame_threshold: int = 25) -> Policy:
    """The policy of this name for this engine; ``auto`` takes the best the engine allows.

    Raises:
        UnsupportedOption: the engine cannot work under that policy.
    """
    if name == "auto":
        name = _best(engine)
    if name == "utterance":
        return Utterance()
    if (name == "native") != (engine.streaming == "native"):
        raise UnsupportedOption(
            f"the engine {engine.name} commits words "
            + ("by itself" if engine.streaming == "native" else "under alignatt or localagreement")
            + f", so it cannot use the policy {name}; use --backend-policy auto"
        )
    if name == "alignatt" and not engine.attends:
        raise UnsupportedOption(
            f"the engine {engine.name} does not tell where it attends, which alignatt needs; "
            "use --backend-policy localagreement"
        )
    if name == "alignatt":
        return AlignAtt(frame_threshold)
    return Native() if name == "native" else LocalAgreement()


def _best(engine: Capabilities) -> PolicyName:
    if engine.streaming == "native":
        return "native"
    return "alignatt" if engine.attends else "localagreement"
