"""Merged model -> the same in 8 bits, W8A8, without looking at any data; in the format of compressed-tensors.

Each row of a linear layer's weights has a scale of its own; activations are scaled token by token while it answers.
Embeddings, norms and the head stay as they are. Weights are read and written one file after the other.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import torch

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.forms.form import Form
from pytest_ftgate.serve.forms.quiet import quiet
from pytest_ftgate.serve.forms.text_files import copy_text_files
from pytest_ftgate.serve.model import Model

SCHEMES = {"int8": "W8A8", "fp8": "FP8_DYNAMIC"}
"""As compressed-tensors calls them."""

FORMATS = {"int8": "int-quantized", "fp8": "float-quantized"}


def quantize(merged: Model, form: Form, dest: Path, say: Callable[[str], None]) -> tuple[str, ...]:
    """Write a merged model in 8 bits into the folder `dest`, which is there; what was checked.

    Raises ServeError for an architecture whose linear layers are not all among the weights as such, as of experts;
    ImportError without compressed-tensors.
    """
    from compressed_tensors.entrypoints.convert import convert_checkpoint
    from loguru import logger

    folder = Path(merged.base)
    say(f"quantising to {form}: {SCHEMES[form.kind]}")
    with quiet(), redirect_stderr(io.StringIO()):
        layers, kept = linear_layers(folder)
        logger.disable("compressed_tensors")
        done = _Rows(form, layers, kept)
        convert_checkpoint(folder, dest, done)
    if missing := sorted(layers - done.quantised):
        raise _other_architecture(folder, missing)
    copy_text_files(folder, merged.chat, dest)
    check = f"{len(layers)} linear layers in {form.kind}, a scale for each row; {kept} and embeddings as they were"
    say(check)
    return (check,)


def linear_layers(folder: Path) -> tuple[frozenset[str], str]:
    """The names of a model's linear layers but its head, and the head's; read from its configuration alone."""
    from transformers import AutoConfig, AutoModelForCausalLM

    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(folder))
    head = model.get_output_embeddings()
    named = {name: module for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)}
    head_name = next((name for name, module in named.items() if module is head), "lm_head")
    if stacked := [name for name, weight in model.named_parameters() if weight.dim() > 2 and "conv" not in name]:
        raise _other_architecture(folder, stacked)
    return frozenset(named) - {head_name}, head_name


def _other_architecture(folder: Path, layers: list[str]) -> ServeError:
    return ServeError(
        f"{folder}: {len(layers)} layers are not plain linear ones under these names, such as {layers[0]}; "
        "not quantised\n    export it as awq or gptq, whose program knows more architectures, or merged"
    )


class _Rows:
    """Converter of compressed-tensors: the weights of these layers with a scale for each row."""

    def __init__(self, form: Form, layers: frozenset[str], kept: str) -> None:
        from compressed_tensors.quantization import preset_name_to_scheme

        self._form, self._layers, self._kept = form, layers, kept
        self._scheme = preset_name_to_scheme(SCHEMES[form.kind], ["Linear"])
        self.quantised: set[str] = set()

    def process(self, tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """The tensors of one file, those of linear layers in 8 bits with their scales beside them."""
        made: dict[str, torch.Tensor] = {}
        for name, tensor in tensors.items():
            layer = name.removesuffix(".weight")
            if layer in self._layers and name != layer:
                made |= {f"{layer}.{part}": each for part, each in quantised_rows(tensor, self._scheme).items()}
                self.quantised.add(layer)
            else:
                made[name] = tensor
        return made

    def validate(self, tensors: Mapping[str, torch.Tensor]) -> None:
        """Nothing: `quantize` looks afterwards whether every layer was found."""

    def create_config(self) -> Any:
        """What config.json says of it."""
        from compressed_tensors.quantization import QuantizationConfig, QuantizationStatus

        return QuantizationConfig(
            config_groups={"group_0": self._scheme},
            format=FORMATS[self._form.kind],
            quantization_status=QuantizationStatus.COMPRESSED,
            ignore=[self._kept],
        )

    def get_dependencies(self, _weight_name: str) -> set[str]:
        """None: a row's scale is read off the row."""
        return set()


def quantised_rows(weight: torch.Tensor, scheme: Any) -> dict[str, torch.Tensor]:
    """Weights [out, in] -> "weight" in 8 bits and "weight_scale" [out, 1], by compressed-tensors."""
    from compressed_tensors.compressors import NaiveQuantizationCompressor
    from compressed_tensors.quantization.utils import calculate_qparams

    low, high = weight.float().aminmax(dim=1, keepdim=True)
    scale, _ = calculate_qparams(low, high, scheme.weights)
    found: dict[str, torch.Tensor] = NaiveQuantizationCompressor.compress(
        {"weight": weight.float(), "weight_scale": scale}, scheme
    )
    return {name: tensor.contiguous() for name, tensor in found.items()}
