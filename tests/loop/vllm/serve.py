"""A stand-in for AWS's vLLM image, for want of a GPU: its settings and its protocol, over a tiny Llama in numpy.

Settings (https://aws.github.io/deep-learning-containers/vllm/configuration/): SM_VLLM_* become flags, an unknown one
ends the program, as vLLM does. Protocol: GET /ping and POST /invocations with a chat, whole or as server-sent events.
The weights are what transformers writes for a LlamaForCausalLM. Where no tokenizer lies beside them a token is a
printable character.
"""

import argparse
import http.server
import json
import os
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

END = 95  # tokens before it are the printable characters of ASCII


class Llama:
    """Touvron et al., LLaMA (2023), in single precision and without a cache."""

    def __init__(self, folder: Path) -> None:
        self.config, self.w = json.loads((folder / "config.json").read_text()), tensors(folder / "model.safetensors")
        self.heads = self.config["num_attention_heads"]
        self.size = self.config["hidden_size"] // self.heads
        template = folder / "chat_template.jinja"
        self.template = template.read_text() if template.exists() else "{{ messages[-1]['content'] }}"
        self.words = Words(folder) if (folder / "tokenizer.json").exists() else Characters()
        file = folder / "generation_config.json"
        self.most = (json.loads(file.read_text()) if file.exists() else {}).get("max_new_tokens", 2**31)

    def prompt(self, messages: list[dict[str, str]]) -> list[int]:
        return self.words.tokens(jinja2.Template(self.template).render(messages=messages, **self.words.special))

    def generate(self, tokens: list[int], most: int) -> Iterator[str]:
        """Pieces of the likeliest text; generation_config.json says how much is the most, as vLLM reads it."""
        given, told = len(tokens), ""
        for _ in range(min(most, self.most)):
            token = int(np.argmax(self.logits(np.array(tokens))))
            if token == self.words.end:
                return
            tokens = [*tokens, token]
            text = self.words.text(tokens[given:])
            yield text[len(told) :]
            told = text

    def logits(self, tokens: np.ndarray) -> np.ndarray:
        x = self.w["model.embed_tokens.weight"][tokens]
        for number in range(self.config["num_hidden_layers"]):
            x = x + self.attention(self.normal(x, f"model.layers.{number}.input_layernorm"), number)
            x = x + self.feed_forward(self.normal(x, f"model.layers.{number}.post_attention_layernorm"), number)
        return self.w["lm_head.weight"] @ self.normal(x[-1:], "model.norm")[0]

    def attention(self, x: np.ndarray, number: int) -> np.ndarray:
        q, k, v = (self.split(self.linear(x, f"model.layers.{number}.self_attn.{name}_proj")) for name in "qkv")
        scores = self.turned(q) @ self.turned(k).transpose(0, 2, 1) / np.sqrt(self.size)
        scores = np.where(np.tri(len(x), dtype=bool), scores, -np.inf)
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = (scores / scores.sum(-1, keepdims=True)) @ v
        return self.linear(mixed.transpose(1, 0, 2).reshape(len(x), -1), f"model.layers.{number}.self_attn.o_proj")

    def feed_forward(self, x: np.ndarray, number: int) -> np.ndarray:
        gate, up = (self.linear(x, f"model.layers.{number}.mlp.{name}_proj") for name in ("gate", "up"))
        return self.linear(gate / (1 + np.exp(-gate)) * up, f"model.layers.{number}.mlp.down_proj")

    def turned(self, x: np.ndarray) -> np.ndarray:
        """Rotary positions."""
        frequencies = 1 / 10000 ** (np.arange(0, self.size, 2) / self.size)
        angles = np.outer(np.arange(x.shape[1]), np.concatenate([frequencies, frequencies]))
        first, second = np.split(x, 2, axis=-1)
        return x * np.cos(angles) + np.concatenate([-second, first], axis=-1) * np.sin(angles)

    def split(self, x: np.ndarray) -> np.ndarray:
        return x.reshape(len(x), self.heads, self.size).transpose(1, 0, 2)

    def linear(self, x: np.ndarray, name: str) -> np.ndarray:
        return x @ self.w[f"{name}.weight"].T

    def normal(self, x: np.ndarray, name: str) -> np.ndarray:
        return x / np.sqrt((x**2).mean(-1, keepdims=True) + self.config["rms_norm_eps"]) * self.w[f"{name}.weight"]


class Characters:
    special, end = {"bos_token": "", "eos_token": ""}, END

    def tokens(self, text: str) -> list[int]:
        return [ord(c) - 32 if 32 <= ord(c) < 127 else 31 for c in text]

    def text(self, tokens: list[int]) -> str:
        return "".join(chr(token + 32) for token in tokens)


class Words:
    """The tokens of a tokenizer that transformers wrote."""

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer  # here, because the tests' own environment is without it

        told = json.loads((folder / "tokenizer_config.json").read_text())
        self.pieces = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.special = {name: told[name] for name in ("bos_token", "eos_token")}
        self.end = self.pieces.token_to_id(self.special["eos_token"])

    def tokens(self, text: str) -> list[int]:
        return self.pieces.encode(text, add_special_tokens=False).ids

    def text(self, tokens: list[int]) -> str:
        return self.pieces.decode(tokens, skip_special_tokens=True)


def tensors(path: Path) -> dict[str, np.ndarray]:
    """Read safetensors of single precision."""
    content = path.read_bytes()
    length = struct.unpack("<Q", content[:8])[0]
    told = json.loads(content[8 : 8 + length])
    told.pop("__metadata__", None)
    return {
        name: np.frombuffer(content[8 + length :][slice(*one["data_offsets"])], "<f4").reshape(one["shape"])
        for name, one in told.items()
    }


def flags() -> argparse.Namespace:
    """What SM_VLLM_MAX_MODEL_LEN=4096 and its kind say."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=Path, default=Path("/opt/ml/model"))
    parser.add_argument("--max-model-len", type=int, default=1024)
    given = {name[8:].lower().replace("_", "-"): text for name, text in os.environ.items() if name[:8] == "SM_VLLM_"}
    return parser.parse_args([part for name, text in given.items() for part in (f"--{name}", text)])


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    model: Llama
    longest: int

    def do_GET(self) -> None:
        self.answer(200 if self.path == "/ping" else 404, {})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if not isinstance(asked.get("messages"), list):
            return self.refuse("the request has no messages")
        tokens = self.model.prompt(asked["messages"])
        most = asked.get("max_tokens", max(1, self.longest - len(tokens)))
        if len(tokens) + most > self.longest:
            words = f"This model's maximum context length is {self.longest} tokens. However, your request has"
            return self.refuse(f"{words} {len(tokens)} input tokens.")
        pieces = self.model.generate(tokens, most)
        if asked.get("stream"):
            return self.stream(pieces)
        message = {"role": "assistant", "content": "".join(pieces)}
        return self.answer(200, self.told("chat.completion", message=message))

    def stream(self, pieces: Iterator[str]) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream; charset=utf-8")
        self.send_header("connection", "close")
        self.end_headers()
        for piece in pieces:
            event = self.told("chat.completion.chunk", delta={"content": piece})
            self.wfile.write(b"data: " + json.dumps(event).encode() + b"\n\n")
        self.wfile.write(b"data: [DONE]\n\n")

    def told(self, kind: str, **choice: Any) -> dict[str, Any]:
        return {"object": kind, "created": int(time.time()), "choices": [{"index": 0, **choice}]}

    def refuse(self, sentence: str) -> None:
        self.answer(400, {"error": {"message": sentence, "type": "BadRequestError", "param": None, "code": 400}})

    def answer(self, status: int, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    given = flags()
    assert sys.argv[1:] == ["serve"], "SageMaker starts a container with the word serve"
    Handler.model, Handler.longest = Llama(given.model), given.max_model_len
    port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
    http.server.ThreadingHTTPServer(("", port), Handler).serve_forever()
