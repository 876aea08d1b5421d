"""Chat templates of model families as TRL ships them, read at test time, on a tokenizer that knows their end tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pytest_ftgate.serve.chat_format import ChatFormat

FOLDER = Path(next(iter(find_spec("trl").submodule_search_locations))) / "chat_templates"  # type: ignore[union-attr, arg-type]
SENTENCE = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"


@dataclass(frozen=True)
class Family:
    """template: file of TRL. bos, eos: of the instruct model's tokenizer. ends: what its generation_config adds.

    marks: further special tokens. edits: what a copy of the template has in place of a text, where our remedy is a
    copy. learns, closes: marks around the answer that the model learns with it and every server takes off.
    """

    name: str
    template: str
    bos: str
    eos: str
    ends: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    edits: Mapping[str, str] = field(default_factory=dict)
    learns: str = ""
    closes: str = ""

    @property
    def source(self) -> str:
        return (FOLDER / f"{self.template}.jinja").read_text(encoding="utf-8")

    def edited(self) -> str:
        """The copy that our remedy asks for."""
        text = self.source
        for before, after in self.edits.items():
            assert before in text
            text = text.replace(before, after)
        return text

    def tokenizer(self, chat: ChatFormat | None = None) -> Any:
        """As `load_tokenizer` makes it."""
        from transformers import PreTrainedTokenizerFast

        special = sorted({self.bos, self.eos, *self.ends, *self.marks} - {""})
        tokenizer = PreTrainedTokenizerFast(
            tokenizer_object=letters(tuple(special)), bos_token=self.bos or None, eos_token=self.eos
        )
        tokenizer.chat_template = (chat or ChatFormat()).applied(self.source)
        tokenizer.end_tokens = frozenset(tokenizer.convert_tokens_to_ids([self.eos, *self.ends]))
        return tokenizer


@cache
def letters(special: tuple[str, ...]) -> Any:
    """A tokenizer whose tokens are bytes, and these."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=len(alphabet) + len(special), special_tokens=list(special), initial_alphabet=alphabet
    )
    raw.train_from_iterator([], trainer)
    return raw


LLAMA = "<|begin_of_text|>", "<|eot_id|>"
COHERE = "<BOS_TOKEN>", "<|END_OF_TURN_TOKEN|>"
QWEN = "", "<|im_end|>", ("<|endoftext|>",)
NO_THOUGHTS = {"'<｜Assistant｜><think>\\n'": "'<｜Assistant｜>'"}

ZOO = (
    Family("Llama-3-8B-Instruct", "llama3", *LLAMA),
    Family("Llama-3.1-8B-Instruct", "llama3_1", *LLAMA, ("<|eom_id|>",)),
    Family("Llama-3.2-3B-Instruct", "llama3_2", *LLAMA, ("<|eom_id|>",)),
    Family("Qwen2.5-7B-Instruct", "qwen2_5", *QWEN),
    Family("Qwen3-8B", "qwen3", *QWEN),
    Family("Qwen3-4B-Instruct-2507", "qwen3_instruct_2507", *QWEN),
    Family("Qwen3.5 (thinks)", "qwen3_5_think", *QWEN),
    Family("Qwen3.5 (does not)", "qwen3_5_nothink", *QWEN),
    Family("Qwen3.6", "qwen3_6", *QWEN),
    Family("Qwen3.8", "qwen3_8", *QWEN),
    Family("gemma-2-9b-it", "gemma", "<bos>", "<eos>", ("<end_of_turn>",)),
    Family("gemma-3-4b-it", "gemma3", "<bos>", "<eos>", ("<end_of_turn>",)),
    Family("gemma-4", "gemma4_v5", "<bos>", "<eos>", ("<turn|>", "<|tool_response>"), ("<|turn>", "<|channel>", "<channel|>")),
    Family("Phi-3-mini", "phi3", "<s>", "<|endoftext|>", ("<|end|>", "<|assistant|>")),
    Family("Phi-3.5-mini", "phi3_5", "<s>", "<|endoftext|>", ("<|end|>", "<|assistant|>")),
    Family(
        "gpt-oss-20b", "gptoss", "<|startoftext|>", "<|return|>", ("<|endoftext|>", "<|call|>"),
        ("<|start|>", "<|channel|>", "<|message|>", "<|end|>"), learns="<|channel|>final<|message|>",
    ),
    Family("DeepSeek-R1-Distill-Llama-8B", "deepseek_r1_distill", *SENTENCE, edits=NO_THOUGHTS),
    Family("DeepSeek-V3", "deepseekv3", *SENTENCE, edits=NO_THOUGHTS),
    Family("Command-R", "cohere", *COHERE),
    Family("Aya", "cohere2", *COHERE, marks=("<|START_RESPONSE|>", "<|END_RESPONSE|>"), closes="<|END_RESPONSE|>"),
    Family("GLM-4.5", "glm4moe", "", "<|endoftext|>", ("<|user|>", "<|observation|>"), ("<|assistant|>",)),
    Family("LFM2", "lfm2", "<|startoftext|>", "<|im_end|>"),
    Family("Nemotron-3-Nano", "nemotron_3_nano", "<s>", "<|im_end|>"),
)  # fmt: skip
