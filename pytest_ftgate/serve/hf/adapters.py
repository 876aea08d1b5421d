"""A loaded model -> the same model with LoRA adapters that can be switched. Runs in the server's process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Adapters:
    """The adapters on one base model, by name, unmerged. Use from one thread only."""

    def __init__(self, base: Any) -> None:
        self._model = base
        self.paths: dict[str, str] = {}

    def load(self, name: str, path: str) -> None:
        """Add an adapter folder. Raises ValueError if the name is taken by another folder."""
        if name in self.paths:
            raise ValueError(f"adapter '{name}' is already loaded")
        self._attach(name, path)
        self._cast(name)
        self.paths[name] = path

    def _attach(self, name: str, path: str) -> None:
        from peft import PeftModel

        if isinstance(self._model, PeftModel):
            self._model.load_adapter(path, adapter_name=name, autocast_adapter_dtype=False)
        else:
            self._model = PeftModel.from_pretrained(
                self._model, path, adapter_name=name, autocast_adapter_dtype=False
            ).eval()

    def _cast(self, name: str) -> None:
        """The adapter's weights in the base model's precision, as vLLM serves them."""
        for parameter_name, parameter in self._model.named_parameters():
            if f".{name}." in parameter_name:
                parameter.data = parameter.data.to(self._model.dtype)

    def unload(self, name: str) -> None:
        """Remove an adapter. Raises KeyError if it is not loaded."""
        del self.paths[name]
        if self.paths:
            self._model.delete_adapter(name)
        else:
            self._model = self._model.unload()

    @contextmanager
    def use(self, name: str | None) -> Iterator[Any]:
        """The model with this adapter alone; None for the base model."""
        if name is not None:
            self._model.set_adapter(name, inference_mode=True)
            yield self._model
        elif self.paths:
            with self._model.disable_adapter():
                yield self._model
        else:
            yield self._model
