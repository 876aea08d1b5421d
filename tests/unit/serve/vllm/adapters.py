"""Small LoRA adapters, the record of the fake vLLM, and a progress function that prints nothing."""

from __future__ import annotations

import json
from pathlib import Path


def make_adapter(folder: Path, rank: int = 8, seed: int = 1, b: float | None = None) -> Path:
    import numpy as np
    from safetensors.numpy import save_file

    draw = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_text(json.dumps({"r": rank, "lora_alpha": 16, "peft_type": "LORA"}))
    matrices = {"x.lora_A.weight": draw.normal(size=(rank, 4)), "x.lora_B.weight": draw.normal(size=(4, rank))}
    if b is not None:
        matrices["x.lora_B.weight"][:] = b
    save_file({name: m.astype("float32") for name, m in matrices.items()}, folder / "adapter_model.safetensors")
    return folder


def silent(_: str) -> None:
    """No progress line."""


def record(tmp_path) -> dict:
    return json.loads((tmp_path / "record.json").read_text())
