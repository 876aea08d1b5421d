"""Tables [train] and [lora] of pipeline.toml -> which keys do not go with the method."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod
from typing import Any

from pytest_ftgate.files.schema import suggestion
from pytest_ftgate.train.extra import extra_problems, optimizers
from pytest_ftgate.train.strategies.check import strategy_problems
from pytest_ftgate.train.strategies.configuration import SHARDED, strategy_of
from pytest_ftgate.train.tuning import METHODS_OF, METHODS_OF_INIT, REFERENCED, Tuning

Problem = tuple[tuple[str, ...], str, str]
"""Where in the file, what is wrong, and how to fix it."""


def method_problems(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Of a pipeline.toml that its schema accepts."""
    train, lora = data.get("train", {}), data.get("lora")
    method = train.get("method", Tuning().method)
    for key, methods in METHODS_OF.items():
        if _asks(train, key) and method not in methods:
            needed = " or ".join(f'"{name}"' for name in methods)
            yield ("train", key), f'train.{key} requires method = {needed}, found "{method}"', "remove it"
    yield from extra_problems(train, method)
    yield from strategy_problems(train)
    yield from _optimizer_problems(train)
    yield from _init_problems(data, method)
    yield from _first_weights_problems(train, lora or {})
    if train.get("kernels") == "unsloth" and "attention" in train:
        message = 'train.attention is not looked at with kernels = "unsloth", which brings its own'
        yield ("train", "attention"), message, "remove one of the two"
    layers = (lora or {}).get("extra", {}).keys() & {"layers_to_transform", "layers_pattern"}
    if layers and isinstance((lora or {}).get("target_modules", ""), str):
        key = sorted(layers)[0]
        message = f'lora.extra.{key} needs the names of layers in lora.target_modules, found "all-linear"'
        yield ("lora", "extra", key), message, 'set lora.target_modules, as ["q_proj", "v_proj"]'
    if method == "full" and train.get("from") == "champion":
        yield ("train", "from"), 'train.from = "champion" trains its adapter; method = "full" has none', "remove it"
    if method == "full" and lora is not None:
        yield ("lora",), '[lora] is not allowed with method = "full"', 'remove [lora], or set method = "lora"'
    if method in (*REFERENCED, "grpo") and "lm_head" in (lora or {}).get("target_modules", ()):
        message = f'method = "{method}" does not support an adapter on lm_head: TRL bypasses it'
        yield ("lora", "target_modules"), message, "remove lm_head"
    if method == "grpo":
        yield from _grpo_problems(train)
    if method == "kto" and train.get("batch_size") == 1:
        message = 'method = "kto" compares each answer with another one of its batch; train.batch_size is 1'
        yield ("train", "batch_size"), message, "set it to 2 or more; lower gradient_accumulation to keep the step"


def _asks(train: Mapping[str, Any], key: str) -> bool:
    """Whether the key says anything: packing = false does not, load_in_4bit = false does."""
    return key in train and bool(train[key] or getattr(Tuning(), key))


def configuration_problems(data: Mapping[str, Any], configuration: Mapping[str, Any]) -> Iterator[Problem]:
    """Of the content of train.accelerate_config."""
    init = data.get("lora", {}).get("init", "default")
    if init != "default" and (shared := strategy_of(configuration)) in SHARDED:
        message = (
            f'lora.init = "{init}" needs the whole base on each GPU; train.accelerate_config shares it out: {shared}'
        )
        yield ("lora", "init"), message, "make that configuration for DDP or ZeRO-2, or remove lora.init"
    method, shared = data.get("train", {}).get("method"), strategy_of(configuration)
    if method == "grpo" and shared != "ddp":
        message = f"{DRAWS} train.accelerate_config shares it out: {shared}"
        yield ("train", "accelerate_config"), message, "make that configuration for DDP"


def _grpo_problems(train: Mapping[str, Any]) -> Iterator[Problem]:
    numbers = {name: train.get(name, getattr(Tuning(), name)) for name in ANSWERS_OF_A_STEP}
    answers, generations = prod(numbers.values()), train.get("generations", Tuning().generations)
    if answers % generations and "accelerate_config" not in train:  # which says how many processes there are
        product = " x ".join(f"{name} {value}" for name, value in numbers.items() if value != 1 or name == "batch_size")
        message = f"a step has {answers} answers ({product}), which is no multiple of train.generations = {generations}"
        key = next((name for name in ("generations", *ANSWERS_OF_A_STEP) if name in train), "method")
        yield ("train", key), message, "change one of these keys"
    if train.get("strategy", "ddp") != "ddp":
        message = f'{DRAWS} train.strategy = "{train["strategy"]}"'
        yield ("train", "strategy"), message, 'set train.strategy = "ddp"'


DRAWS = 'method = "grpo" draws answers from the whole model;'

ANSWERS_OF_A_STEP = ("batch_size", "gradient_accumulation", "gpus", "nodes")
"""Keys whose product they are."""

UNKEPT = {
    "schedule_free": "it trains other weights than those that are to be saved",
    "layerwise": "its state is in no checkpoint, so that a killed run could not go on",
    "lomo": "it updates weights in the backward pass, which clipping and accumulation of gradients do not see",
}
"""In the names of optimizers that are refused, and why."""


def _optimizer_problems(train: Mapping[str, Any]) -> Iterator[Problem]:
    name, keys = train.get("optimizer"), ("train", "optimizer")
    if name is None:
        return
    if why := next((why for part, why in UNKEPT.items() if part in name), ""):
        yield keys, f'train.optimizer = "{name}" is not supported: {why}', "use another, or remove the key"
    elif (known := optimizers()) and name not in known:
        yield keys, f'train.optimizer: transformers has no optimizer "{name}"', suggestion(name, known)


def _init_problems(data: Mapping[str, Any], method: str) -> Iterator[Problem]:
    """What does not go with the first weights of the adapter."""
    train, lora, keys = data.get("train", {}), data.get("lora", {}), ("lora", "init")
    init = lora.get("init", "default")
    if init == "default":
        return
    if method not in (methods := METHODS_OF_INIT[init]):
        needed = " or ".join(f'"{name}"' for name in methods)
        fix = f"set train.method = {needed}, or remove lora.init"
        yield keys, f'lora.init = "{init}" requires method = {needed}, found "{method}"', fix
    served_in_4bit = data.get("serve", {}).get("quantization") is not None
    if init == "pissa" or (init == "loftq" and not served_in_4bit):
        yield from _doubled_problems(lora, init)
    if train.get("from") == "champion":
        yield keys, f'lora.init = "{init}" is not for train.from = "champion": its weights are there', "remove it"
    if train.get("strategy") in SHARDED:
        message = f'lora.init = "{init}" needs the whole base on each GPU; train.strategy = "{train["strategy"]}"'
        yield keys, message, 'set train.strategy = "ddp" or "deepspeed-2", or remove lora.init'
    if train.get("kernels") == "unsloth":
        yield keys, f'lora.init = "{init}" is not supported with train.kernels = "unsloth"', "remove one of the two"


MOST_CONVERTED = 256
"""Ranks of an adapter that is saved with twice as many."""


def _first_weights_problems(train: Mapping[str, Any], lora: Mapping[str, Any]) -> Iterator[Problem]:
    """[lora.extra] init_lora_weights beside another key that says the same."""
    init = lora.get("init", "default")
    others = {f'lora.init = "{init}"': init != "default", 'train.from = "champion"': train.get("from") == "champion"}
    if "init_lora_weights" in lora.get("extra", {}) and any(others.values()):
        other = next(key for key, said in others.items() if said)
        message = f"lora.extra.init_lora_weights and {other} both say what the first weights are"
        yield ("lora", "extra", "init_lora_weights"), message, "remove one of the two"


def _doubled_problems(lora: Mapping[str, Any], init: str) -> Iterator[Problem]:
    """Ranks that an adapter of twice as many must not have."""
    ranks: dict[tuple[str, ...], int] = {("lora", "r"): lora.get("r", 0)}
    for layer, rank in lora.get("extra", {}).get("rank_pattern", {}).items():
        ranks["lora", "extra", "rank_pattern", layer] = rank
    for keys, rank in ranks.items():
        if rank > MOST_CONVERTED:
            named = ".".join(keys)
            message = f'lora.init = "{init}" saves an adapter of twice {named} = {rank}, and vLLM serves 512 at most'
            yield keys, message, f"set {named} = {MOST_CONVERTED} or less"
