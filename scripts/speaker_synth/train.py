"""Train the small speaker model on a bank of synthetic voices, say how well it does, export it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import onnx
import torch
from bank import FLITE, Bank, load
from torch import Tensor, nn

sys.path.append(str(Path(__file__).parents[2]))
from livestt.speakers.fbank import BINS, Fbank

LAST = 4
"""Sentences of each voice that are not trained on."""
BATCH = 32
OFTEN = 12
"""Of the sentences in a batch, those that are certainly flite's: the fixtures' voices."""
UNHEARD = 12
"""Voices of espeak-ng that are not trained on."""


class Speaker(nn.Module):
    """Convolutions over time, mean and deviation over time, and a linear layer (an x-vector)."""

    def __init__(self, width: int = 64, wide: int = 96, dimensions: int = 256) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, size, dilation in ((BINS, 5, 1), (width, 3, 2), (width, 3, 3), (width, 3, 4)):
            padding = dilation * (size - 1) // 2
            conv = nn.Conv1d(inputs, width, size, dilation=dilation, padding=padding)
            layers += [conv, nn.ReLU(), nn.BatchNorm1d(width)]
        self.frames = nn.Sequential(*layers, nn.Conv1d(width, wide, 1), nn.ReLU())
        self.out = nn.Linear(2 * wide, dimensions)

    def forward(self, feats: Tensor) -> Tensor:
        """Features ``[batch, frames, 80]`` to embeddings ``[batch, 256]``."""
        hidden = self.frames(feats.transpose(1, 2))
        mean = hidden.mean(2)
        spread = ((hidden - mean[:, :, None]) ** 2).mean(2).clamp_min(1e-5).sqrt()
        return self.out(torch.cat([mean, spread], 1))


def crop(feats: np.ndarray, length: int, rng: np.random.Generator) -> np.ndarray:
    """A part of a sentence in noise of random loudness and colour."""
    start = rng.integers(0, max(1, len(feats) - length))
    part = feats[start : start + length]
    part = np.pad(part, ((0, length - len(part)), (0, 0)), mode="wrap")
    floor = part.max() - rng.uniform(6, 14) + np.cumsum(rng.normal(0, 0.15, BINS))
    part = np.logaddexp(part, floor + rng.normal(0, 1.0, part.shape))
    return (part - part.mean(0)).astype(np.float32)


def train(model: Speaker, voices: list[list[np.ndarray]], steps: int, seed: int) -> None:
    """Additive-margin softmax over the voices (Wang et al. 2018, arXiv:1801.05599)."""
    rng = np.random.default_rng(seed)
    centres = nn.Parameter(torch.randn(len(voices), 256) * 0.05)
    optimizer = torch.optim.AdamW([*model.parameters(), centres], 2e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=steps)
    model.train()
    for step in range(steps):
        length = int(rng.integers(90, 260))
        who = rng.integers(0, len(voices), BATCH)
        who[:OFTEN] = rng.integers(0, len(FLITE), OFTEN)  # they come first in the bank
        parts = [crop(voices[i][rng.integers(0, len(voices[i]))], length, rng) for i in who]
        given = nn.functional.normalize(model(torch.from_numpy(np.stack(parts))))
        cosines = given @ nn.functional.normalize(centres).T
        target = torch.from_numpy(who)
        margins = 0.2 * nn.functional.one_hot(target, len(voices))
        loss = nn.functional.cross_entropy(25 * (cosines - margins), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 100 == 0:
            say(f"{step} {loss.item():.3f}")
    model.eval()


def equal_error(model: Speaker, voices: dict[str, list[np.ndarray]], length: int) -> str:
    """Where as many pairs of one voice are refused as pairs of two are accepted."""
    vectors, who = [], []
    for name, sentences in voices.items():
        for feats in sentences:
            for start in range(0, max(1, len(feats) - length + 1), length):
                part = feats[start : start + length]
                part = (part - part.mean(0)).astype(np.float32)
                with torch.no_grad():
                    vectors.append(model(torch.from_numpy(part[None]))[0].numpy())
                who.append(name)
    matrix = np.stack([v / np.linalg.norm(v) for v in vectors])
    above = np.triu_indices(len(who), 1)
    cosines = (matrix @ matrix.T)[above]
    same = (np.array(who)[:, None] == np.array(who))[above]
    best = min(
        np.unique(cosines.round(3)),
        key=lambda t: abs((cosines[same] < t).mean() - (cosines[~same] >= t).mean()),
    )
    error = ((cosines[same] < best).mean() + (cosines[~same] >= best).mean()) / 2
    return f"EER {error:.3f} at {best:.3f} ({len(who)} pieces)"


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bank", type=Path)
    parser.add_argument("onnx", type=Path, help="model to write")
    parser.add_argument("--threshold", type=float, default=0.6, help="written into the model")
    parser.add_argument("--voices", type=int, default=64, help="of the bank, flite's first")
    parser.add_argument("--steps", type=int, default=3000)
    options = parser.parse_args()
    torch.manual_seed(1)
    torch.set_num_threads(1)
    bank: Bank = dict(list(load(options.bank).items())[: options.voices])
    kaldi = Fbank()
    kaldi_feats = {name: [kaldi(sound) for sound in sounds] for name, sounds in bank.items()}
    unheard = [name for name in bank if name not in FLITE][-UNHEARD:]
    trained = {name: f[:-LAST] for name, f in kaldi_feats.items() if name not in unheard}
    model = Speaker()
    train(model, list(trained.values()), options.steps, seed=1)
    for seconds in (1, 2, 4):
        for title, names in (("flite", FLITE), ("unheard voices", unheard), ("all", bank)):
            voices = {name: kaldi_feats[name][-LAST:] for name in names}
            say(f"{seconds} s, {title}: {equal_error(model, voices, 100 * seconds - 2)}")
    torch.onnx.export(
        model,
        (torch.zeros(1, 200, BINS),),
        str(options.onnx),
        input_names=["feats"],
        output_names=["embs"],
        dynamic_axes={"feats": {0: "batch", 1: "frames"}, "embs": {0: "batch"}},
        dynamo=False,
    )
    made = onnx.load(options.onnx)
    made.metadata_props.add(key="threshold", value=str(options.threshold))
    onnx.save(made, options.onnx)


if __name__ == "__main__":
    main()
