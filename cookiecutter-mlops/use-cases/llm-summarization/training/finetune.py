"""Fine-tune a language model with LoRA or QLoRA; the same file on one device, several, or several machines.

    python -m training.finetune FOLDER
    torchrun --nproc-per-node 4 -m training.finetune FOLDER

FOLDER holds plan.json and examples.jsonl ({"input_ids": [...], "completion_mask": [...]}), and gets adapter/.

Hu et al., LoRA (2021); Dettmers et al., QLoRA (2023). trl's SFTTrainer does the work.
"""

import io
import json
import os
import sys
import tarfile
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from datasets.utils.logging import disable_progress_bar
from peft import LoraConfig, prepare_model_for_kbit_training
from transformers import BitsAndBytesConfig, TrainerCallback
from trl import SFTConfig, SFTTrainer

from training.checkpoint import NOWHERE, Checkpoints
from training.language import device, precision, tokenizer, weights
from training.options import Recipe

disable_progress_bar()


def finetune(folder: Path) -> None:
    """Train the adapter of the plan from its newest checkpoint on."""
    plan = json.loads((folder / "plan.json").read_text())
    recipe, base = Recipe(**plan["recipe"]), Path(plan["base"])
    checkpoints = Checkpoints(Path(plan["checkpoints"]), plan["name"]) if plan["checkpoints"] else NOWHERE
    checkpoints = checkpoints.part(f"node{os.environ.get('GROUP_RANK', 0)}")
    examples = Dataset.from_json(str(folder / "examples.jsonl"), cache_dir=str(folder / "cache"))
    trainer = SFTTrainer(
        model=_network(base, plan["method"], recipe.precision),
        args=_arguments(folder, recipe, plan),
        train_dataset=examples,
        processing_class=tokenizer(base),
        peft_config=_adapter(recipe),
        callbacks=[Keep(checkpoints)],
    )
    trainer.train(resume_from_checkpoint=_resumed(trainer, checkpoints))
    trainer.save_model(str(folder / "adapter"))


def _network(base: Path, method: str, wanted: str) -> Any:
    """The frozen base: in the wanted precision, or with qlora in 4 bits of normal float, computed in that."""
    if method == "lora":
        return weights(base, wanted)
    four_bits = BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=precision(wanted),
    )  # fmt: skip
    place = {"": int(os.environ.get("LOCAL_RANK", 0)) if device() == "cuda" else "cpu"}
    return prepare_model_for_kbit_training(
        weights(base, wanted, quantization_config=four_bits, device_map=place), use_gradient_checkpointing=False
    )  # the trainer turns that on


def _adapter(recipe: Recipe) -> LoraConfig:
    return LoraConfig(
        r=recipe.rank, lora_alpha=recipe.alpha, lora_dropout=recipe.dropout, target_modules="all-linear",
        modules_to_save=["embed_tokens", "lm_head"] if recipe.train_embeddings else None, task_type="CAUSAL_LM",
    )  # fmt: skip


def _arguments(folder: Path, recipe: Recipe, plan: dict[str, Any]) -> SFTConfig:
    gpu = device() == "cuda"
    return SFTConfig(
        output_dir=str(folder / "state"),
        num_train_epochs=recipe.epochs,
        learning_rate=recipe.learning_rate,
        lr_scheduler_type="cosine",
        per_device_train_batch_size=recipe.batch_size,
        gradient_accumulation_steps=recipe.accumulation,
        activation_checkpointing=recipe.gradient_checkpointing,
        max_length=plan["context"],
        packing=recipe.packing,
        completion_only_loss=True,
        bf16=precision(recipe.precision) == torch.bfloat16,
        use_cpu=not gpu,
        ddp_backend="gloo" if not gpu and "LOCAL_RANK" in os.environ else None,
        seed=plan["seed"],
        save_steps=recipe.checkpoint_steps,
        save_total_limit=1,
        save_on_each_node=True,
        logging_steps=min(10, recipe.checkpoint_steps),
        disable_tqdm=True,
        report_to="none",
        dataset_num_proc=None,
    )


class Keep(TrainerCallback):
    """Hands what the trainer wrote to the training's checkpoints, which are whole or do not count."""

    def __init__(self, checkpoints: Checkpoints) -> None:
        self.checkpoints = checkpoints

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if torch.distributed.is_initialized():
            torch.distributed.barrier()  # every process writes the state of its own random numbers
        if state.is_local_process_zero:
            buffer = io.BytesIO()
            with tarfile.open(fileobj=buffer, mode="w") as tar:
                tar.add(Path(args.output_dir) / f"checkpoint-{state.global_step}", arcname=".")
            self.checkpoints.save(state.global_step, buffer.getvalue())


def _resumed(trainer: Any, checkpoints: Checkpoints) -> str | None:
    """The folder of the newest checkpoint, unpacked where the trainer looks for it."""
    step, content = checkpoints.newest() or (0, b"")
    if not step:
        return None
    folder = Path(trainer.args.output_dir) / f"checkpoint-{step}"
    with trainer.accelerator.local_main_process_first():
        if not folder.exists():
            with tarfile.open(fileobj=io.BytesIO(content)) as tar:
                tar.extractall(folder, filter="data")
    return str(folder)


if __name__ == "__main__":
    finetune(Path(sys.argv[1]))
