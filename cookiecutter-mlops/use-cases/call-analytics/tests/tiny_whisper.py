"""A Whisper model of random weights, as faster-whisper opens it: its words mean nothing, its path is real."""

from pathlib import Path

import ctranslate2
import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

WIDTH, HEADS, MELS, FRAMES, TOKENS = 16, 2, 80, 1500, 448
LETTERS = sorted(pre_tokenizers.ByteLevel.alphabet())
NAMES = "endoftext startoftranscript translate transcribe startoflm startofprev nospeech notimestamps"
SPECIAL = [f"<|{name}|>" for name in NAMES.split()] + [f"<|{step / 50:.2f}|>" for step in range(FRAMES + 1)]


def make(folder: Path) -> Path:
    """Write model.bin, config.json, vocabulary.json and tokenizer.json; the same bytes every time."""
    folder.mkdir(parents=True)
    words = [*LETTERS, *SPECIAL]
    spec = ctranslate2.specs.WhisperSpec(1, HEADS, 1, HEADS)
    random = np.random.default_rng(0)
    spec._visit(lambda part, name, value: _fill(part, name, value, random, len(words)))
    spec.register_vocabulary(words)
    spec.validate()
    spec.save(str(folder))
    tokenizer = Tokenizer(models.BPE({word: number for number, word in enumerate(words)}, []))
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    tokenizer.add_special_tokens(SPECIAL)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def _fill(part, name, value, random, words):
    """Give a part of the model random weights of the shape that it needs; what is optional stays out."""
    scope, _, leaf = name.rpartition("/")
    if leaf == "encodings":
        shape = (FRAMES if name.startswith("encoder") else TOKENS, WIDTH)
    elif value is None:
        shape = (WIDTH,) if leaf in ("gamma", "beta") else _weights(scope, words)
    else:
        return
    setattr(part, leaf, random.normal(scale=0.5, size=shape).astype(np.float32))


def _weights(scope: str, words: int) -> tuple[int, ...]:
    block, name = scope.split("/")[-2:]
    inner = 2 * WIDTH
    shapes = {
        ("encoder", "conv1"): (WIDTH, MELS, 3),
        ("encoder", "conv2"): (WIDTH, WIDTH, 3),
        ("decoder", "embeddings"): (words, WIDTH),
        ("decoder", "projection"): (words, WIDTH),
        ("self_attention", "linear_0"): (3 * WIDTH, WIDTH),
        ("attention", "linear_1"): (2 * WIDTH, WIDTH),
        ("ffn", "linear_0"): (inner, WIDTH),
        ("ffn", "linear_1"): (WIDTH, inner),
    }
    return shapes.get((block, name), (WIDTH, WIDTH))
