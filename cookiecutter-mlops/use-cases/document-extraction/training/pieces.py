"""What a transformer reads of a page: words without blanks, their tokens, and the field that each one belongs to."""

from collections.abc import Iterator
from dataclasses import dataclass

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from training.candidates import plain
from training.document import Document, Page, Word

TOKENS = 510  # of a window, beside its begin and end
LONGEST = 16  # tokens of a word
VOCABULARY = 2000  # of a tokenizer that is made from the project's own documents
UNKNOWN = "<unk>"
SPECIAL = ["<s>", "<pad>", "</s>", UNKNOWN]  # numbers 0 to 3, as LayoutLMv3 has them


@dataclass(frozen=True)
class Piece:
    """A word without blanks, and the segment of the page in which it stands."""

    word: Word
    segment: int


def pieces_of(page: Page) -> list[Piece]:
    """The words in the order of reading; what OCR gave as a whole line is cut at its blanks."""
    return [
        Piece(part, place) for place, one in enumerate(page.segments) for word in one.words for part in _parts(word)
    ]


def _parts(word: Word) -> Iterator[Word]:
    left, top, right, bottom = word.box
    letter, start = (right - left) / len(word.text), 0
    for text in word.text.split():
        start = word.text.index(text, start)
        yield Word(text, (left + start * letter, top, left + (start + len(text)) * letter, bottom))
        start += len(text)


def tags_of(pieces: list[Piece], values: list[str | None]) -> list[int]:
    """For each piece 0, or n where it is in the first place that reads like the n-th value."""
    tags, texts = [0] * len(pieces), [plain(one.word.text) for one in pieces]
    for tag, value in enumerate(values, start=1):
        for place in _place(texts, plain(value or "")):
            tags[place] = tag
    return tags


def _place(texts: list[str], value: str) -> range:
    for start in range(len(texts) if value else 0):
        read = ""
        for end in range(start, len(texts)):
            read += texts[end]
            if read == value:
                return range(start, end + 1)
            if not value.startswith(read):
                break
    return range(0)


def windows(lengths: list[int]) -> Iterator[range]:
    """Stretches of words of so many tokens that fit into the network; the next begins in the middle of the last."""
    start = 0
    while start < len(lengths):
        end, used = start, 0
        while end < len(lengths) and used + lengths[end] <= TOKENS:
            used, end = used + lengths[end], end + 1
        yield range(start, end)
        start = len(lengths) if end == len(lengths) else (start + end + 1) // 2


def encoded(tokenizer: Tokenizer, pieces: list[Piece]) -> list[list[int]]:
    """The tokens of each word: at least one."""
    batch = tokenizer.encode_batch([f" {one.word.text}" for one in pieces], add_special_tokens=False)
    return [one.ids[:LONGEST] or [SPECIAL.index(UNKNOWN)] for one in batch]


def new_tokenizer(documents: list[Document]) -> Tokenizer:
    """A byte-level BPE of the documents' own words, the kind that LayoutLMv3 has."""
    tokenizer = Tokenizer(models.BPE(unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator((f" {word}" for one in documents for word in one.text.split()), trainer)
    return tokenizer
