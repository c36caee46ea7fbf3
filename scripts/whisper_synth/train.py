"""Train whisper-synth on a corpus of make_speech.py. Checkpoints hold all that export.py needs."""

from __future__ import annotations

import argparse
import logging
import math
import time
from pathlib import Path

import tokens
import torch
from batches import Batch, Batches
from corpus import read_corpus
from model import LogMel, Output, SynthWhisper
from samples import IGNORED, STOPS, ExampleMaker
from synthesis import Utterance
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader

LEARNING_RATE = 2e-3
WARM_UP_SHARE = 0.04
FINAL_RATE_SHARE = 0.02
ALIGNMENT_WEIGHT = 0.3
CTC_WEIGHT, LATE_CTC_WEIGHT, LATE = 0.3, 0.1, 0.7
CHECKPOINT_EVERY = 250
REPORT_EVERY = 50
REPORT_DECAY = 0.97

log = logging.getLogger(__name__)


def encode_words(utterances: list[Utterance], tokenizer: Tokenizer) -> dict[str, list[int]]:
    """The tokens of each word of the corpus, as it is written and without its stop."""
    written = {word for utterance in utterances for word in utterance.text.split()}
    words = sorted(written | {word.rstrip(STOPS) for word in written})
    encodings = tokenizer.encode_batch([f" {word}" for word in words], add_special_tokens=False)
    return {word: encoding.ids for word, encoding in zip(words, encodings, strict=True)}


class UsedTokens:
    """The tokens the training needs, numbered without gaps, the text tokens first."""

    def __init__(self, text: set[int]) -> None:
        special = {*tokens.PROMPT, tokens.START_OF_PREVIOUS, tokens.NO_SPEECH, tokens.END_OF_TEXT}
        times = range(tokens.FIRST_TIMESTAMP, tokens.FIRST_TIMESTAMP + tokens.TIMESTAMPS)
        self.numbers = sorted(text | special | set(times))
        self.text_symbols = len(text)
        self.row = torch.full((tokens.VOCABULARY_SIZE,), IGNORED)
        self.row[torch.tensor(self.numbers)] = torch.arange(len(self.numbers))

    def rows(self, numbers: Tensor) -> Tensor:
        return torch.where(numbers >= 0, self.row[numbers.clamp(min=0)], IGNORED)


def learning_rate(step: int, total: int) -> float:
    progress = step / total
    cosine = 0.5 * (1 + math.cos(math.pi * progress))
    decay = FINAL_RATE_SHARE + (1 - FINAL_RATE_SHARE) * cosine
    return LEARNING_RATE * min(1.0, progress / WARM_UP_SHARE) * decay


def losses(output: Output, targets: Tensor, batch: Batch, used: UsedTokens) -> dict[str, Tensor]:
    """What to write; where in the sound each token is; and, for the encoder alone, CTC."""
    logits, attention, ctc_logits = output
    return {
        "text": functional.cross_entropy(
            logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED
        ),
        "alignment": alignment_loss(attention, batch.first_frame, batch.last_frame),
        "ctc": functional.ctc_loss(
            ctc_logits.log_softmax(-1).transpose(0, 1),
            used.rows(batch.text) + 1,
            batch.frame_lengths,
            batch.text_lengths,
            zero_infinity=True,
        ),
    }


def alignment_loss(attention: Tensor, first: Tensor, last: Tensor) -> Tensor:
    """Each head of the last layer should look at the frames in which the token is spoken."""
    frame = torch.arange(attention.shape[-1])
    spoken = (frame >= first[..., None]) & (frame < last[..., None])
    heard = (last > 0)[:, None]  # one mask for all heads
    on_target = (attention * spoken[:, None]).sum(-1)
    loss = -((on_target + 1e-4).log() * heard).sum()
    return loss / (heard.sum() * attention.shape[1]).clamp(min=1)


class Trainer:
    def __init__(self, used: UsedTokens, total: int) -> None:
        self.used = used
        self.total = total
        self.step = 0
        self.log_mel = LogMel()
        self.model = SynthWhisper(len(used.numbers), used.text_symbols)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=LEARNING_RATE, betas=(0.9, 0.98), weight_decay=0.01
        )
        self.averages: dict[str, float] = {}

    def load(self, path: Path) -> None:
        checkpoint = torch.load(path)
        self.model.load_state_dict(checkpoint["model"])
        self.optimizer.load_state_dict(checkpoint["optimizer"])
        self.step = checkpoint["step"]

    def save(self, path: Path) -> None:
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "used_tokens": self.used.numbers,
        }
        torch.save(state, path)

    def run(self, maker: ExampleMaker, checkpoint: Path) -> None:
        loader = DataLoader(
            Batches(maker, self.step, self.total), batch_size=None, num_workers=1, prefetch_factor=4
        )
        started = time.monotonic()
        self.model.train()
        for batch in loader:
            if self.step % REPORT_EVERY == 0 or self.step == self.total:
                self._report(time.monotonic() - started)
            if self.step % CHECKPOINT_EVERY == 0 or self.step == self.total:
                self.save(checkpoint)
            if self.step == self.total:
                return
            self._learn(batch)
            self.step += 1

    def _learn(self, batch: Batch) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.step, self.total)
        targets = self.used.rows(batch.targets)
        mel = self.log_mel(batch.samples)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            output = self.model(mel, self.used.rows(batch.ids))
        parts = losses(output, targets, batch, self.used)
        ctc_weight = CTC_WEIGHT if self.step < LATE * self.total else LATE_CTC_WEIGHT
        loss = parts["text"] + ALIGNMENT_WEIGHT * parts["alignment"] + ctc_weight * parts["ctc"]
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self._average({**parts, "accuracy": accuracy(output.logits, targets)})

    def _average(self, values: dict[str, Tensor]) -> None:
        for name, value in values.items():
            before = self.averages.get(name, value.item())
            self.averages[name] = REPORT_DECAY * before + (1 - REPORT_DECAY) * value.item()

    def _report(self, seconds: float) -> None:
        averages = "  ".join(f"{name} {value:.3f}" for name, value in self.averages.items())
        log.info("step %5d  %5.0f s  %s", self.step, seconds, averages)


def accuracy(logits: Tensor, targets: Tensor) -> Tensor:
    asked = targets != IGNORED
    return (logits.argmax(-1) == targets)[asked].float().mean()


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path, help="stem of the corpus")
    parser.add_argument("tokenizer", type=Path, help="tokenizer.json")
    parser.add_argument("checkpoint", type=Path, help="written now and then; read with --resume")
    parser.add_argument("--steps", type=int, default=9_400)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--resume", action="store_true")
    options = parser.parse_args()

    torch.manual_seed(0)
    torch.set_num_threads(options.threads)
    tokenizer = Tokenizer.from_file(str(options.tokenizer))
    utterances = list(read_corpus(options.corpus))
    word_tokens = encode_words(utterances, tokenizer)
    used = UsedTokens({token for ids in word_tokens.values() for token in ids})
    trainer = Trainer(used, options.steps)
    if options.resume:
        trainer.load(options.checkpoint)
    weights = sum(parameter.numel() for parameter in trainer.model.parameters())
    log.info("%d sentences, %d tokens, %d weights", len(utterances), len(used.numbers), weights)
    trainer.run(ExampleMaker(utterances, word_tokens), options.checkpoint)


if __name__ == "__main__":
    main()
