"""The tables [train] and [lora] of pipeline.toml: how the weights are trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

SMALL_DATA_ROWS = 1_000
REFERENCED = ("dpo", "kto")
"""Methods that hold the trained model to a reference, the base."""

PREFERRING = (*REFERENCED, "orpo")
"""Methods that learn from what people prefer or want."""

HELD_IN_4BIT = (*PREFERRING, "grpo")
"""Methods that train LoRA on a base in 4 bits or not, as load_in_4bit says."""

ANSWERS = ("qlora", "lora", "full")
"""Methods that learn answers, one a row."""

METHODS_OF = {
    "beta": HELD_IN_4BIT,
    "load_in_4bit": HELD_IN_4BIT,
    "desirable_weight": ("kto",),
    "undesirable_weight": ("kto",),
    "loraplus_ratio": ("qlora", "lora", *HELD_IN_4BIT),
    "generations": ("grpo",),
    "temperature": ("grpo",),
    "kernels": ("qlora", "lora", "full"),
    "neftune_alpha": (*ANSWERS, *PREFERRING),
    "packing": ANSWERS,
    "group_by_length": ANSWERS,
}
"""Settings that some methods alone look at."""

METHODS_OF_INIT = {"pissa": ("lora",), "eva": ("qlora", "lora"), "loftq": ("qlora",)}
"""Values of [lora] init -> the methods that can begin with it. A reference must be the base that is served, and PiSSA
takes from the base; it cannot take from one in 4 bits, which alone lacks what LoftQ puts in."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """The table [train] of pipeline.toml; each field is described in pipeline.schema.json.

    beta, load_in_4bit: of methods HELD_IN_4BIT alone. desirable_weight, undesirable_weight: of "kto" alone.
    warmup: share of the steps. max_length: tokens. patience: validations. threads: 0 = all cores.
    max_steps, eval_steps: 0 = as epochs say. begin: the key "from" (base, champion). optimizer, attention, kernels:
    "" = what fits the device. neftune_alpha, loraplus_ratio: 0 = not. where: "here" or "ray". gpus: of each node.
    generations, temperature: of "grpo" alone: answers to each question, and how they are drawn.
    extra: arguments of TRL's configuration, the table [train.extra]; they win.
    """

    method: str = "qlora"
    epochs: int = 2
    learning_rate: float = 2e-4
    scheduler: str = "cosine"
    warmup: float = 0.05
    batch_size: int = 8
    gradient_accumulation: int = 1
    max_length: int = 1024
    weight_decay: float = 0.01
    max_grad_norm: float = 0.3
    patience: int = 3
    seed: int = 0
    threads: int = 0
    max_steps: int = 0
    eval_steps: int = 0
    begin: str = "base"
    packing: bool = False
    group_by_length: bool = False
    optimizer: str = ""
    attention: str = ""
    kernels: str = ""
    neftune_alpha: float = 0.0
    loraplus_ratio: float = 0.0
    deterministic: bool = False
    gpus: int = 1
    nodes: int = 1
    strategy: str = "ddp"
    cpu_offload: bool = False
    where: str = "here"
    accelerate_config: str = ""
    price_per_hour: float = 0.0
    beta: float = 0.1
    load_in_4bit: bool = True
    desirable_weight: float = 1.0
    undesirable_weight: float = 1.0
    generations: int = 8
    temperature: float = 1.0
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def preferring(self) -> bool:
        """Whether it learns from what people prefer or want, see PREFERRING."""
        return self.method in PREFERRING

    @property
    def in_4bit(self) -> bool:
        """Whether the base is held in NF4 while it is trained."""
        return self.method == "qlora" or (self.method in HELD_IN_4BIT and self.load_in_4bit)

    @property
    def step_rows(self) -> float:
        """Training rows that a step sees, > 0; of "grpo" it sees each with all its answers."""
        answers = self.batch_size * self.gradient_accumulation * self.gpus * self.nodes
        return answers / self.generations if self.method == "grpo" else float(answers)

    def passes(self, rows: int) -> float:
        """How often each of so many training rows is learnt from, > 0."""
        return self.max_steps * self.step_rows / rows if self.max_steps else float(self.epochs)

    def validations(self, rows: int) -> float:
        """Their number: at the end of each pass over so many rows, and every eval_steps steps, if patience allows."""
        passes = self.passes(rows)
        steps = passes * rows / self.step_rows
        return max(passes, 1.0) + (steps / self.eval_steps if self.eval_steps else 0.0)

    def settings(self) -> dict[str, Any]:
        """The fields that the method looks at."""
        return {
            name: value for name, value in asdict(self).items() if self.method in METHODS_OF.get(name, (self.method,))
        }


@dataclass(frozen=True, slots=True)
class Lora:
    """The table [lora]; r and alpha 0 = to be chosen by `resolved`. target_modules: names, or "all-linear".

    init: "default", "pissa", "eva" or "loftq". extra: arguments of PEFT's LoraConfig, the table [lora.extra]; they win.
    """

    r: int = 0
    alpha: float = 0.0
    dropout: float = 0.0
    target_modules: str | tuple[str, ...] = "all-linear"
    rslora: bool = False
    init: str = "default"
    extra: Mapping[str, Any] = field(default_factory=dict)

    def resolved(self, rows: int) -> Lora:
        """With r 8 below 1,000 training rows, else 16, and alpha 2 r (rslora: 8), where they are not set."""
        r = self.r or (8 if rows < SMALL_DATA_ROWS else 16)
        return replace(self, r=r, alpha=self.alpha or (8.0 if self.rslora else 2.0 * r))
