"""(Model, token ids) -> log-probabilities by transformers and PEFT, to hold a server against."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pytest_ftgate.serve.engine import Engine
from pytest_ftgate.serve.hf.reference_logprobs import TALKS
from pytest_ftgate.serve.hf.weights import load_weights
from pytest_ftgate.serve.model import Model
from pytest_ftgate.serve.vllm import probe


def reference_logprobs(model: Model, texts: Iterable[Sequence[int]]) -> list[list[float]]:
    """For each text (token ids) the log-probability of each token after the first, in nats, at the model's dtype."""
    import torch

    network = _load(model)
    with torch.inference_mode():
        return [_of(network, list(ids)) for ids in texts]


def _load(model: Model) -> Any:
    import torch

    dtype = getattr(torch, model.dtype)
    network = load_weights(model.base, model.revision, dtype, model.quantization)
    if model.adapter is not None:
        from peft import PeftModel

        network = PeftModel.from_pretrained(network, model.adapter, autocast_adapter_dtype=False).to(dtype)
    return network.eval()


def _of(network: Any, ids: list[int]) -> list[float]:
    import torch

    inputs = torch.tensor([ids], device=network.device)  # 1, tokens
    scores = network(input_ids=inputs).logits[0, :-1].float().log_softmax(-1)  # tokens - 1, vocabulary
    found: list[float] = scores.gather(1, inputs[0, 1:, None])[:, 0].tolist()
    return found


def compare_with_transformers(engine: Engine, model: Model, reference: Model | None = None) -> probe.Agreement:
    """Log-probabilities of the served `model` against transformers and PEFT at the same dtype.

    What the server generates after `TALKS` is scored once more by `reference` (default: the same model), which is
    loaded in this process and needs torch. Raises ServeError.
    """
    line = engine.endpoint(model)
    prompts = [probe.tokens(line, talk) for talk in TALKS]
    answers = [probe.generate(line, ids) for ids in prompts]
    texts = [ids + more for ids, (more, _) in zip(prompts, answers, strict=True)]
    expected = reference_logprobs(reference or model, texts)
    ends = [values[-len(more) :] for values, (more, _) in zip(expected, answers, strict=True)]
    return probe.agreement([v for _, values in answers for v in values], [v for values in ends for v in values])
