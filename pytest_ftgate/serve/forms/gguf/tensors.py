"""Weights of a folder -> the tensors of a GGUF: by llama.cpp's names, in its order of rows, read one by one."""

from __future__ import annotations

import json
import math
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.forms.gguf.architecture import REMEDY, Architecture

if TYPE_CHECKING:
    from numpy.typing import NDArray

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
ROPE_FREQUENCIES = "rope_freqs.weight"
HEAD = "lm_head.weight"


class Tensors:
    """The tensors of a GGUF, for a `with` block. shapes: name -> shape, as numpy has it, in the order of the file."""

    def __init__(self, folder: Path, known: Architecture) -> None:
        self._folder, self._known = folder, known
        self._open = ExitStack()
        self._files: dict[str, Any] = {}
        self._sources: dict[str, str] = {}
        self.shapes: dict[str, tuple[int, ...]] = {}

    def __enter__(self) -> Tensors:
        from gguf import get_tensor_name_map
        from gguf.constants import MODEL_ARCH, MODEL_ARCH_NAMES

        arch = next(arch for arch in MODEL_ARCH if MODEL_ARCH_NAMES[arch] == self._known.name)
        names = get_tensor_name_map(arch, self._known.layers)
        if self._known.rope["rope_type"] == "llama3":
            self.shapes[ROPE_FREQUENCIES] = (self._known.head_size // 2,)
        for source, file in sorted(self._places().items(), key=lambda place: _in_order(place[0])):
            if source == HEAD and self._known.tied:
                continue
            name = names.get_name(source, try_suffixes=(".weight", ".bias"))
            if name is None:
                raise ServeError(f"{self._folder}: no place for the tensor {source} in a GGUF{REMEDY}")
            self._sources[name], self._files[name] = source, file
            self.shapes[name] = tuple(file.get_slice(source).get_shape())
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def values(self, name: str) -> NDArray[Any]:
        """The values in float32, in llama.cpp's order of rows."""
        if name == ROPE_FREQUENCIES:
            return rope_factors(self._known)
        source = self._sources[name]
        found: NDArray[Any] = self._files[name].get_tensor(source).float().numpy()
        for part, heads in ((".q_proj.", self._known.heads), (".k_proj.", self._known.kv_heads)):
            if self._known.interleaved and part in source:
                return interleave(found, heads)
        return found

    def _places(self) -> dict[str, Any]:
        """Each tensor of the folder, and the open file that it is in."""
        from safetensors import safe_open

        index = self._folder / INDEX
        files = sorted(set(json.loads(index.read_text())["weight_map"].values())) if index.is_file() else [WEIGHTS]
        opened = [self._open.enter_context(safe_open(self._folder / file, "pt")) for file in files]
        return {name: file for file in opened for name in file.keys()}  # noqa: SIM118 - it is no mapping


def _in_order(name: str) -> tuple[int, str]:
    """By layers in their order; what belongs to none comes first."""
    layer = next((int(part) for part in name.split(".") if part.isdecimal()), -1)
    return layer, name


def interleave(rows: NDArray[Any], heads: int) -> NDArray[Any]:
    """Rows [heads * size, ...]: of each head the first half and the second -> one of each in turn."""
    halves = rows.reshape(heads, 2, len(rows) // heads // 2, *rows.shape[1:])
    return halves.swapaxes(1, 2).reshape(rows.shape)


def rope_factors(known: Architecture) -> NDArray[Any]:
    """What llama.cpp divides the frequencies by, for the scaling of Llama 3.1: [head_size / 2], float32."""
    import numpy as np

    rope, size = known.rope, known.head_size
    waves = 2 * math.pi * float(rope["rope_theta"]) ** (np.arange(0, size, 2, dtype=np.float64) / size)
    low, high, factor = (float(rope[name]) for name in ("low_freq_factor", "high_freq_factor", "factor"))
    trained = float(rope["original_max_position_embeddings"])
    smooth = (trained / waves - low) / (high - low)
    between = 1 / ((1 - smooth) / factor + smooth)
    found = np.where(waves < trained / high, 1.0, np.where(waves > trained / low, factor, between))
    return found.astype(np.float32)
