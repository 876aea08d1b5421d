"""A machine, and how long rows are -> the base model to begin with, by the estimate of `ftgate doctor`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_ftgate.train.estimate.memory import VLLM_SHARE, Settings, most, serving, training, validation
from pytest_ftgate.train.estimate.shapes import Linear, Shapes
from pytest_ftgate.train.tuning import Lora, Tuning

CONTEXT = 2048
"""Tokens of a prompt with few-shot examples, and its answer."""
MANY_CORES = 8
"""Of a CPU, from which on the larger of the small models is bearable."""
SMALL = 400_000_000
"""Weights up to which a model is trained on a CPU."""


@dataclass(frozen=True, slots=True)
class Known:
    """An open instruct model (Apache 2.0). Numbers as its config.json has them; tied: head and embeddings are one."""

    name: str
    hidden: int
    intermediate: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    tied: bool
    longest: int
    biased: bool

    @property
    def shapes(self) -> Shapes:
        """What memory is counted from."""
        cache, asked = self.kv_heads * self.head_dim, self.heads * self.head_dim
        sides = {
            "q_proj": (self.hidden, asked),
            "k_proj": (self.hidden, cache),
            "v_proj": (self.hidden, cache),
            "o_proj": (asked, self.hidden),
            "gate_proj": (self.hidden, self.intermediate),
            "up_proj": (self.hidden, self.intermediate),
            "down_proj": (self.intermediate, self.hidden),
        }
        embeddings = self.vocabulary * self.hidden * (1 if self.tied else 2)
        norms = (2 * self.layers + 1) * self.hidden
        biases = self.layers * (asked + 2 * cache) if self.biased else 0
        return Shapes(
            linears=tuple(Linear(name, *each, self.layers) for name, each in sides.items()),
            others=embeddings + norms + biases,
            hidden=self.hidden,
            widest=self.intermediate,
            layers=self.layers,
            heads=self.heads,
            vocabulary=self.vocabulary,
            cache=2 * cache * self.layers,
            longest=self.longest,
        )


KNOWN = (
    Known("HuggingFaceTB/SmolLM2-135M-Instruct", 576, 1536, 30, 9, 3, 64, 49_152, True, 8192, False),
    Known("HuggingFaceTB/SmolLM2-360M-Instruct", 960, 2560, 32, 15, 5, 64, 49_152, True, 8192, False),
    Known("Qwen/Qwen2.5-0.5B-Instruct", 896, 4864, 24, 14, 2, 64, 151_936, True, 32_768, True),
    Known("Qwen/Qwen2.5-1.5B-Instruct", 1536, 8960, 28, 12, 2, 128, 151_936, True, 32_768, True),
    Known("Qwen/Qwen2.5-7B-Instruct", 3584, 18_944, 28, 28, 4, 128, 152_064, False, 32_768, True),
)
"""The smallest first. Larger ones are for --base: a first model should cost little."""


@dataclass(frozen=True, slots=True)
class Choice:
    """known: the model. method: of [train]. needed, has: bytes that it may need, and of the machine, 0 = not known."""

    known: Known
    method: str
    needed: float
    has: float

    @property
    def told(self) -> str:
        """In words: 135 M weights, lora needs up to 2.1 of 15.6 GiB."""
        of = f" of {self.has / 2**30:.1f}" if self.has else ""
        weights = f"{self.known.shapes.weights / 1e6:,.0f} M weights"
        return f"{weights}, {self.method} needs up to {self.needed / 2**30:.1f}{of} GiB"


def chosen(*, cuda: bool, memory: float, cores: int, row: int, answer: int) -> Choice:
    """The largest model that fits; on a CPU one that is trained in minutes. The smallest where none fits.

    memory: bytes of one GPU, or of the machine; 0 = not known. row, answer: tokens of the longest row and answer.
    """
    tried = list(_choices(cuda=cuda, memory=memory, row=row, answer=answer))
    fitting = [choice for choice in tried if choice.needed <= memory and (cuda or _bearable(choice, cores))]
    return fitting[-1] if fitting else tried[0]


def _bearable(choice: Choice, cores: int) -> bool:
    return choice.known is KNOWN[0] or (cores >= MANY_CORES and choice.known.shapes.weights <= SMALL)


def _choices(*, cuda: bool, memory: float, row: int, answer: int) -> Iterator[Choice]:
    """Each model with LoRA where that fits, else on a GPU with QLoRA."""
    for known in KNOWN:
        methods: Sequence[str] = ("lora", "qlora") if cuda else ("lora",)
        tried = [
            Choice(known, each, needed(known, each, cuda=cuda, row=row, answer=answer), memory) for each in methods
        ]
        yield next((choice for choice in tried if choice.needed <= memory), tried[-1])


def needed(known: Known, method: str, *, cuda: bool, row: int, answer: int) -> float:
    """Bytes of the hungriest of training, validation and serving, as much as they may need."""
    tuning = Tuning(method=method, batch_size=batch_of(known.shapes.weights), max_length=row)
    dtype = "bfloat16" if cuda else "float32"
    settings = Settings(tuning, Lora().resolved(1000), dtype, None, cuda, row, min(answer, row), answer)
    served = most(serving(known.shapes, settings, CONTEXT, vllm=cuda)) / (VLLM_SHARE if cuda else 1)
    return max(most(training(known.shapes, settings)), most(validation(known.shapes, settings)), served)


def batch_of(weights: int) -> int:
    """Rows of a step: a small model learns a task of few rows better in more, smaller steps."""
    return 4 if weights <= SMALL else 8


def rate_of(weights: int) -> float:
    """Learning rate of an adapter."""
    return 5e-4 if weights <= SMALL else 2e-4
