"""Table [train.extra] of pipeline.toml -> which of its arguments are not TRL's, or not for anybody to set.

The names are read from the sources of TRL and transformers: importing them takes seconds, and a run only plans here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pytest_ftgate.files.schema import suggestion
from pytest_ftgate.train.tuning import METHODS_OF

OURS = {
    "num_train_epochs": "epochs",
    "learning_rate": "learning_rate",
    "lr_scheduler_type": "scheduler",
    "warmup_steps": "warmup",
    "per_device_train_batch_size": "batch_size",
    "gradient_accumulation_steps": "gradient_accumulation",
    "weight_decay": "weight_decay",
    "max_grad_norm": "max_grad_norm",
    "seed": "seed",
    "data_seed": "seed",
    "max_length": "max_length",
    "max_steps": "max_steps",
    "eval_steps": "eval_steps",
    "optim": "optimizer",
    "neftune_noise_alpha": "neftune_alpha",
    "use_liger_kernel": "kernels",
    "liger_kernel_config": "kernels",
    "packing": "packing",
    "padding_free": "packing",
    "train_sampling_strategy": "group_by_length",
    "full_determinism": "deterministic",
    "deepspeed": "strategy",
    "fsdp": "strategy",
    "fsdp_config": "strategy",
    "parallelism_config": "strategy",
    "accelerator_config": "accelerate_config",
    "beta": "beta",
    "num_generations": "generations",
    "temperature": "temperature",
    "desirable_weight": "desirable_weight",
    "undesirable_weight": "undesirable_weight",
}
"""Argument -> the key of [train] that sets it."""

HELD = {
    "what a killed run goes on from": (
        "output_dir overwrite_output_dir resume_from_checkpoint ignore_data_skip save_strategy save_steps "
        "save_total_limit save_only_model save_on_each_node enable_jit_checkpoint auto_find_batch_size "
        "restore_callback_states_from_checkpoint generation_batch_size steps_per_generation num_iterations "
        "use_adaptive_entropy"
    ),
    "how the best weights are chosen": (
        "do_train do_eval do_predict eval_strategy eval_delay eval_on_start load_best_model_at_end "
        "metric_for_best_model greater_is_better per_device_eval_batch_size eval_packing generate_during_eval "
        "num_generations_eval"
    ),
    "which tokens are learnt": (
        "remove_unused_columns dataset_kwargs dataset_text_field dataset_num_proc shuffle_dataset chat_template_path "
        "chat_template_kwargs eos_token pad_token assistant_only_loss completion_only_loss truncation_mode "
        "label_names length_column_name model_init_kwargs trust_remote_code disable_dropout max_prompt_length "
        "max_completion_length packing_strategy padding_value is_encoder_decoder dataloader_drop_last"
    ),
    "how answers are drawn": (
        "use_vllm vllm_mode vllm_model_impl vllm_enable_sleep_mode vllm_structured_outputs_regex "
        "vllm_server_base_url vllm_server_host vllm_server_port vllm_server_timeout vllm_group_port "
        "vllm_gpu_memory_utilization vllm_max_model_length vllm_tensor_parallel_size "
        "vllm_importance_sampling_correction vllm_importance_sampling_mode "
        "vllm_importance_sampling_clip_max vllm_importance_sampling_clip_min "
        "vllm_importance_sampling_cap use_transformers_continuous_batching "
        "transformers_continuous_batching_config use_transformers_paged generation_kwargs"
    ),
    "the precision, which [serve] dtype says": "bf16 fp16 tf32 use_cpu",
    "the curves": (
        "logging_strategy logging_steps logging_first_step logging_dir logging_nan_inf_filter report_to run_name "
        "disable_tqdm project log_level log_level_replica log_on_each_node "
        "log_completions log_multimodal num_completions_to_print log_unique_prompts"
    ),
    "that nothing leaves this machine": (
        "push_to_hub hub_model_id hub_strategy hub_token hub_private_repo hub_always_push hub_revision "
        "trackio_space_id trackio_bucket_id trackio_static_space_id log_completions_hub_repo"
    ),
}
"""What a run itself decides -> arguments of which that hangs."""

OF_TRLS_LOSS = ("loss_type", "label_smoothing_factor", "compute_loss_func", "router_aux_loss_coef")
"""Arguments that the loss of the answers alone does not look at."""

CONFIGURATIONS = {
    "dpo": ("trl/trainer/dpo_config.py",),
    "kto": ("trl/trainer/kto_config.py",),
    "grpo": ("trl/trainer/grpo_config.py",),
    "orpo": ("trl/experimental/orpo/orpo_config.py",),
}
"""Sources of a method's own arguments; of every other method SFTTrainer's."""


def extra_problems(train: Mapping[str, Any], method: str) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """(keys, what is wrong, how to fix it) for each argument that is not handed on."""
    known = arguments_of(method) if train.get("extra") else frozenset()
    for name in train.get("extra", {}):
        keys = ("train", "extra", name)
        if name in OURS:
            ours = OURS[name]
            fix = f"set train.{ours}" if method in METHODS_OF.get(ours, (method,)) else "remove it"
            yield keys, f"train.extra.{name} is what train.{ours} sets", fix
        elif held := next((what for what, names in HELD.items() if name in names.split()), ""):
            yield keys, f"train.extra.{name} cannot be set: it would change {held}", "remove it"
        elif method in {"qlora", "lora", "full"} and name in OF_TRLS_LOSS:
            yield keys, f'train.extra.{name} has no effect on the loss of method = "{method}"', "remove it"
        elif known and name not in known:
            yield keys, f'train.extra.{name} is not an argument of TRL for method = "{method}"', suggestion(name, known)


def arguments_of(method: str) -> frozenset[str]:
    """Names of the arguments of a method's configuration in the TRL that is installed; none if it is not."""
    files = ("transformers/training_args.py", "trl/trainer/base_config.py")
    own = CONFIGURATIONS.get(method, ("trl/trainer/sft_config.py",))
    return frozenset().union(*(_fields(file) for file in (*files, *own)))


@lru_cache(maxsize=16)
def _fields(file: str) -> frozenset[str]:
    """Annotated names in the bodies of the file's classes."""
    tree = _source(file)
    return frozenset(
        line.target.id
        for each in (tree.body if tree else ())
        if isinstance(each, ast.ClassDef)
        for line in each.body
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
    )


@lru_cache(maxsize=1)
def optimizers() -> tuple[str, ...]:
    """Names that transformers knows; none if it is not installed."""
    tree = _source("transformers/training_args.py")
    names = (each for each in (tree.body if tree else ()) if getattr(each, "name", "") == "OptimizerNames")
    return tuple(
        str(line.value.value)
        for each in names
        if isinstance(each, ast.ClassDef)
        for line in each.body
        if isinstance(line, ast.Assign) and isinstance(line.value, ast.Constant)
    )


def _source(file: str) -> ast.Module | None:
    package, _, rest = file.partition("/")
    spec = find_spec(package)
    path = Path(spec.origin).with_name("__init__.py").parent / rest if spec and spec.origin else Path()
    return ast.parse(path.read_text(encoding="utf-8")) if path.is_file() else None
