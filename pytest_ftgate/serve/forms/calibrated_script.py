"""Run by the Python of another environment, where llm-compressor is: `python calibrated_script.py JOB.json`.

Nothing of this package is imported: it is not there.
"""

from __future__ import annotations

import importlib.metadata
import json
import random
import sys
from pathlib import Path
from typing import Any


def main(job_file: str) -> None:
    """Quantise as the job says; the version of llm-compressor is the last line of the output."""
    job = json.loads(Path(job_file).read_text(encoding="utf-8"))

    import torch
    from datasets import Dataset
    from llmcompressor import oneshot
    from transformers import AutoModelForCausalLM, AutoTokenizer

    if not torch.accelerator.is_available():
        _pin_nothing()
    random.seed(job["seed"])
    torch.manual_seed(job["seed"])
    model = AutoModelForCausalLM.from_pretrained(job["model"], dtype="auto")
    tokenizer = AutoTokenizer.from_pretrained(job["model"])
    rows = Dataset.from_dict({"input_ids": job["rows"], "attention_mask": [[1] * len(row) for row in job["rows"]]})
    oneshot(
        model=model,
        tokenizer=tokenizer,
        dataset=rows,
        recipe=recipe_of(job),
        max_seq_length=job["longest"],
        num_calibration_samples=len(job["rows"]),
        shuffle_calibration_samples=False,
    )
    model.save_pretrained(job["dest"], save_compressed=True)
    print(importlib.metadata.version("llmcompressor"))  # noqa: T201 - the answer


def _pin_nothing() -> None:
    """llm-compressor 0.14 pins what AWQ keeps for copies to a GPU, also where there is none, and fails."""
    from llmcompressor.pipelines.cache import IntermediatesCache

    IntermediatesCache.pin_memory = lambda *_, **__: None


def recipe_of(job: dict[str, Any]) -> Any:
    """The modifiers of a job: 4 bits with a scale for each group of a row, as vLLM's kernels for W4A16 read them."""
    weights = {"num_bits": 4, "type": "int", "symmetric": True, "strategy": "group", "group_size": job["group"]}
    groups = {"group_0": {"targets": ["Linear"], "weights": weights}}
    if job["method"] == "gptq":
        from llmcompressor.modifiers.gptq import GPTQModifier

        return [GPTQModifier(config_groups=groups, ignore=job["ignore"])]
    from llmcompressor.modifiers.quantization import QuantizationModifier
    from llmcompressor.modifiers.transform.awq import AWQModifier

    return [AWQModifier(), QuantizationModifier(config_groups=groups, ignore=job["ignore"])]


if __name__ == "__main__":
    main(sys.argv[1])
