"""Folder or hub id of a sentence-transformers model -> a function: texts to an array of vectors of length 1."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import MissingExtra, ServeError
from pytest_ftgate.serve.embed.quiet_logging import silence


def encoder_of(model: str, what: str) -> Callable[[Sequence[str]], Any]:
    """A folder of a plain language model is taken with the mean of its last hidden states.

    Texts longer than the model reads are cut. what: what needs it, for errors. Raises MissingExtra, ServeError if there
    is no such model.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    # Loading warns of kernels that a processor does not need.
    with silence():
        try:
            loaded = _loaded(model)
        except ImportError:
            raise MissingExtra(what, "semantic") from None
        except (OSError, ValueError, KeyError) as error:
            first = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
            raise ServeError(f"{what}: cannot load an embedding model from {model}: {first}") from None

    def encode(texts: Sequence[str]) -> Any:
        return loaded.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)

    return encode


def _loaded(model: str) -> Any:
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    if not Path(model).is_dir():
        return SentenceTransformer(model)
    if (Path(model) / "modules.json").is_file():
        return SentenceTransformer(model, local_files_only=True)
    return SentenceTransformer(modules=_mean_of_states(model))


def _mean_of_states(folder: str) -> list[Any]:
    try:
        from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    except ImportError:  # before sentence-transformers 6
        from sentence_transformers.models import Pooling, Transformer
    words = Transformer(folder, model_kwargs={"dtype": "float32", "local_files_only": True})
    size = getattr(words, "get_embedding_dimension", None) or words.get_word_embedding_dimension
    return [words, Pooling(size(), "mean")]
