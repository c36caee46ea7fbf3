"""Train translator-synth and write it as CTranslate2 reads it.

    python scripts/translator_synth/train.py tests/fixtures/translator-synth

Needs torch, transformers, tokenizers and ctranslate2. Takes a quarter of an hour on half a CPU.
"""

from __future__ import annotations

import argparse
import logging
import math
import tempfile
from pathlib import Path
from random import Random

import torch
from corpus import ENGLISH, GERMAN, pairs
from ctranslate2.converters import TransformersConverter
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import M2M100Config, M2M100ForConditionalGeneration, NllbTokenizerFast

SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
VOCABULARY = 600
STEPS, BATCH, RATE = 2000, 48, 3e-3
log = logging.getLogger("translator_synth")


def make_tokenizer(sentences: list[str]) -> Tokenizer:
    """Pieces of words, as NLLB's tokenizer has them, and the languages after them."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Metaspace(), pre_tokenizers.Punctuation()]
    )
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=SPECIAL)
    tokenizer.train_from_iterator(sentences, trainer)
    tokenizer.add_special_tokens([AddedToken(t, special=True) for t in (ENGLISH, GERMAN)])
    return tokenizer


def make_model(size: int) -> M2M100ForConditionalGeneration:
    """The architecture of NLLB, as small as this language allows."""
    return M2M100ForConditionalGeneration(
        M2M100Config(
            vocab_size=size, d_model=96, encoder_layers=2, decoder_layers=1,
            encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=192,
            decoder_ffn_dim=192, dropout=0.05, attention_dropout=0.0, max_position_embeddings=256,
            encoder_layerdrop=0.0, decoder_layerdrop=0.0, scale_embedding=True,
            bos_token_id=0, pad_token_id=1, eos_token_id=2, decoder_start_token_id=2,
        )
    )  # fmt: skip


def padded(rows: list[list[int]], filler: int) -> torch.Tensor:
    longest = max(map(len, rows))
    return torch.tensor([row + [filler] * (longest - len(row)) for row in rows])


def train(model: M2M100ForConditionalGeneration, tokenizer: Tokenizer) -> None:
    """Both directions, on sentences that come once."""
    random = Random(1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, betas=(0.9, 0.98))
    language = {name: tokenizer.token_to_id(name) for name in (ENGLISH, GERMAN)}
    model.train()
    for step in range(STEPS):
        sources, targets = [], []
        for english, german in pairs(random.getrandbits(32), BATCH):
            told, asked = (english, ENGLISH), (german, GERMAN)
            if random.random() < 0.3:
                told, asked = asked, told
            sources.append([language[told[1]], *tokenizer.encode(told[0]).ids, 2])
            targets.append([language[asked[1]], *tokenizer.encode(asked[0]).ids, 2])
        source = padded(sources, 1)
        loss = model(
            input_ids=source,
            attention_mask=(source != 1).long(),
            decoder_input_ids=padded([[2, *row[:-1]] for row in targets], 1),
            labels=padded(targets, -100),
        ).loss
        share = step / STEPS
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, step / 200) * 0.5 * (1 + math.cos(math.pi * share))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 100 == 0:
            log.info("step %d: loss %.4f", step, loss.item())


def export(model: M2M100ForConditionalGeneration, tokenizer: Tokenizer, target: Path) -> None:
    """By way of Hugging Face's format, as any NLLB goes."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "hf"
        model.eval().save_pretrained(folder)
        NllbTokenizerFast(
            tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>",
            unk_token="<unk>", src_lang=ENGLISH, additional_special_tokens=[ENGLISH, GERMAN],
        ).save_pretrained(folder)  # fmt: skip
        tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
        TransformersConverter(str(folder), copy_files=["tokenizer.json"]).convert(
            str(target), quantization="int8", force=True
        )


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", type=Path)
    target = parser.parse_args().target
    torch.manual_seed(0)
    torch.set_num_threads(1)
    tokenizer = make_tokenizer([text for pair in pairs(0, 20_000) for text in pair])
    model = make_model(tokenizer.get_vocab_size())
    train(model, tokenizer)
    export(model, tokenizer, target)


if __name__ == "__main__":
    main()
