"""A causal language model that writes summaries: read from a folder of safetensors, or tiny and of no knowledge.

The prompt is training/prompt.jinja. It is saved as the tokenizer's chat template, so that whatever serves the model
(this project's server, vLLM, LMI) asks with the words that it learned from.
"""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"  # weights come from the project's bucket; nothing is downloaded
os.environ.setdefault("HF_HOME", f"{tempfile.gettempdir()}/huggingface")  # a job's home may be read-only
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # its threads do not survive a fork

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, TextIteratorStreamer
from transformers.utils.logging import disable_progress_bar

disable_progress_bar()

PROMPT = Path(__file__).with_name("prompt.jinja")
AT_ONCE = 16  # prompts that are answered together
TINY: dict[str, Any] = {"hidden_size": 128, "intermediate_size": 256, "num_hidden_layers": 2, "num_attention_heads": 4,
                        "num_key_value_heads": 4}  # fmt: skip
WORDS = 1000  # tokens of the tiny model's vocabulary


def device() -> str:
    """Where models run: the GPU if there is one."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def precision(wanted: str = "auto") -> torch.dtype:
    """bf16 where it is wanted, or where the device is made for it; everywhere else single precision."""
    suits = torch.cuda.is_available() and torch.cuda.is_bf16_supported()
    return torch.bfloat16 if wanted == "bf16" or (wanted == "auto" and suits) else torch.float32


def four_bits_problem() -> str:
    """Why a base cannot be read in 4 bits here; empty where it can."""
    if not torch.cuda.is_available():
        return "needs a GPU with CUDA, and this machine has none; use lora, or an instance such as ml.g5.2xlarge"
    if find_spec("bitsandbytes") is None:
        return "needs the package bitsandbytes; add it to requirements/model.txt, for example bitsandbytes==0.50.2"
    return ""


@dataclass(frozen=True)
class Language:
    """A tokenizer and a network, and how long a prompt and a summary may be, in tokens."""

    tokenizer: Any
    network: Any
    context: int
    summary: int

    @property
    def longest(self) -> int:
        """Tokens of the longest prompt that leaves room for a summary."""
        return self.context - self.summary

    def prompt(self, dialogue: str) -> list[int]:
        """The tokens that ask for the summary of a dialogue."""
        return tokens(self.tokenizer, dialogue)

    def summaries(self, dialogues: list[str]) -> list[str | None]:
        """The likeliest summary of each dialogue, None where the prompt is too long. Equal dialogues are read once."""
        prompts = {dialogue: self.prompt(dialogue) for dialogue in dict.fromkeys(dialogues)}
        waiting = sorted((d for d in prompts if len(prompts[d]) <= self.longest), key=lambda d: len(prompts[d]))
        found: dict[str, str] = {}
        for start in range(0, len(waiting), AT_ONCE):
            some = waiting[start : start + AT_ONCE]
            found |= zip(some, self._generated([prompts[dialogue] for dialogue in some]), strict=True)
        return [found.get(dialogue) for dialogue in dialogues]

    def stream(self, dialogue: str) -> Iterator[str]:
        """The summary in pieces, as they are written."""
        streamer = TextIteratorStreamer(self.tokenizer, skip_prompt=True, skip_special_tokens=True)
        thread = Thread(target=self._generate, args=[[self.prompt(dialogue)]], kwargs={"streamer": streamer})
        thread.start()
        yield from filter(None, streamer)
        thread.join()

    def _generated(self, prompts: list[list[int]]) -> list[str]:
        tokens = self._generate(prompts)[:, max(map(len, prompts)) :]
        return [text.strip() for text in self.tokenizer.batch_decode(tokens, skip_special_tokens=True)]

    @torch.inference_mode()
    def _generate(self, prompts: list[list[int]], **more: Any) -> torch.Tensor:
        batch = self.tokenizer.pad({"input_ids": prompts}, padding_side="left", return_tensors="pt")
        inputs = batch.to(self.network.device)
        return self.network.generate(
            input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"], max_new_tokens=self.summary,
            do_sample=False, pad_token_id=self.tokenizer.pad_token_id, **more,
        )  # fmt: skip

    def save(self, folder: Path) -> None:
        """Write safetensors, tokenizer, prompt and the length of a summary, as transformers and vLLM read them."""
        self.network.generation_config.max_new_tokens = self.summary or None
        self.network.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)


def read(folder: Path, context: int, summary: int, prompt: bool = False) -> Language:
    """The model of a folder on this machine's device, asked with its own prompt or the project's."""
    network = weights(folder)
    return Language(tokenizer(folder, prompt), network.to(device()).eval(), context, summary)


def weights(folder: Path, wanted: str = "auto", **more: Any) -> Any:
    """The network of a folder, in a precision: a path is no name in a hub, and nothing is asked there."""
    return AutoModelForCausalLM.from_pretrained(  # nosec B615
        folder, dtype=precision(wanted), use_safetensors=True, local_files_only=True, **more
    )


def tokenizer(folder: Path, prompt: bool = False) -> Any:
    """The tokenizer of a folder; with the project's prompt instead of its own if wanted."""
    found = AutoTokenizer.from_pretrained(folder, local_files_only=True)  # nosec B615
    found.pad_token = found.pad_token or found.eos_token
    if prompt:
        found.chat_template = PROMPT.read_text()
    return found


def tokens(words: Any, dialogue: str, summary: str | None = None) -> list[int]:
    """The tokens that ask for a summary, with those of the summary itself if it is given."""
    told = [{"role": "user", "content": dialogue}, {"role": "assistant", "content": summary}]
    text = words.apply_chat_template(told if summary is not None else told[:1], tokenize=False)
    return words(text, add_special_tokens=False)["input_ids"]


def tiny(texts: list[str], context: int, seed: int, folder: Path) -> None:
    """Write a Llama of about half a million random weights, with a tokenizer made from the texts.

    Touvron et al., LLaMA: Open and Efficient Foundation Language Models (2023), is what it has the shape of.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    pieces = Tokenizer(models.BPE())
    pieces.pre_tokenizer, pieces.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    special = dict(zip(("pad_token", "bos_token", "eos_token"), ("<pad>", "<s>", "</s>"), strict=True))
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=WORDS, special_tokens=list(special.values()), initial_alphabet=alphabet)
    pieces.train_from_iterator(texts, trainer)
    words = PreTrainedTokenizerFast(tokenizer_object=pieces, **special)
    ids: dict[str, Any] = {f"{name}_id": getattr(words, f"{name}_id") for name in special}
    torch.manual_seed(seed)
    config = LlamaConfig(vocab_size=len(words), max_position_embeddings=context, **TINY, **ids)
    Language(words, LlamaForCausalLM(config), context, 0).save(folder)
