"""Text of a vLLM log -> what went wrong and which setting to change.

The texts are those of vLLM 0.32 and of transformers 5.19, torch 2.13 and huggingface_hub 2.4 below it; those that need
a GPU to be seen were read in the sources, and were never met on one.
"""

from __future__ import annotations

from dataclasses import dataclass

from pytest_ftgate.files.escape import printable

ARGUMENTS = "[serve] args or --ftgate-vllm-args (ini: ftgate_vllm_args)"


@dataclass(frozen=True, slots=True)
class Failure:
    """text: stands somewhere in the log; the last lines are generic. meaning: one line. fix: what to change."""

    text: str
    meaning: str
    fix: str


FAILURES: tuple[Failure, ...] = (
    Failure(
        "[Errno 98] Address already in use",
        "port taken by another process",
        f"run again (a free port is chosen), or remove --port from {ARGUMENTS}",
    ),
    Failure(
        "Repo id must be in the form",
        "the base model is neither a folder nor a hub id",
        "correct [base] model in pipeline.toml, or --ftgate-model",
    ),
    Failure(
        "access gated repo",
        "the base model is gated: the hub gives it only to accounts that accepted its terms",
        "accept them on its page at huggingface.co, and set HF_TOKEN to a token of that account",
    ),
    Failure(
        "LocalEntryNotFoundError",
        "the base model is not cached and the hub is not reachable",
        "use a model folder in [base] model or --ftgate-model, or download the model first",
    ),
    Failure(
        "unrecognized arguments",
        "unknown argument for this vLLM version",
        f"correct {ARGUMENTS}, or use the tested vLLM release (0.32)",
    ),
    Failure(
        "greater than the derived max_model_len",
        "--max-model-len exceeds the model's limit",
        f"lower or remove [serve] context, or --max-model-len in {ARGUMENTS}",
    ),
    Failure(
        "is greater than max_lora_rank",
        "the adapter rank exceeds --max-lora-rank",
        f"raise --max-lora-rank in {ARGUMENTS}, or train with a smaller [lora] r",
    ),
    Failure(
        "No adapter found for",
        "the adapter folder is missing or contains no adapter",
        "expected adapter_config.json and adapter_model.safetensors; train or download again",
    ),
    Failure(
        "LoRA is not enabled",
        "the server was started without LoRA",
        f"remove --no-enable-lora from {ARGUMENTS}",
    ),
    Failure(
        "No available memory for the cache blocks",
        "no memory left for the KV cache",
        f"raise --gpu-memory-utilization (CUDA) or --kv-cache-memory-bytes (CPU) in {ARGUMENTS}",
    ),
    Failure(
        "larger than the available KV cache",
        "the KV cache is too small for one request of full length",
        f"lower --max-model-len, or raise --kv-cache-memory-bytes (CPU) or --gpu-memory-utilization (CUDA), "
        f"in {ARGUMENTS}",
    ),
    Failure(
        "is less than requested memory for kv",
        "the requested KV cache does not fit into memory",
        f"lower --kv-cache-memory-bytes in {ARGUMENTS}, or stop other processes",
    ),
    Failure(
        "is less than desired GPU memory utilization",
        "GPU memory in use by another process",
        f"stop it (see nvidia-smi), or lower --gpu-memory-utilization in {ARGUMENTS}",
    ),
    Failure(
        "CUDA out of memory",
        "the model does not fit into GPU memory",
        f"set [serve] quantization or a smaller dtype, or lower --max-model-len or --max-num-seqs in {ARGUMENTS}",
    ),
    Failure(
        "Failed to infer device type",
        "this vLLM is built for CUDA, but no GPU was found",
        "install vLLM's CPU build (make vllm) and pass its executable with --ftgate-vllm (ini: ftgate_vllm)",
    ),
    Failure(
        "Bfloat16 is only supported on GPUs",
        "this GPU cannot compute in bfloat16 (compute capability below 8.0)",
        'set [serve] dtype = "float16", or leave it out: "auto" chooses it',
    ),
    Failure(
        "is not supported for the current GPU",
        "this GPU is too old for the quantisation",
        f"remove [serve] quantization, or --quantization in {ARGUMENTS}",
    ),
    Failure(
        "Unknown quantization method",
        "unknown quantisation",
        f"correct --quantization in {ARGUMENTS}",
    ),
    Failure(
        "does not match the quantization method",
        "the model folder is quantised in another way than the server was told",
        f"remove [serve] quantization, or --quantization in {ARGUMENTS}",
    ),
    Failure(
        "driver on your system is too old",
        "the NVIDIA driver is too old for the CUDA version of this vLLM",
        "update the driver, or install a vLLM that is built for an older CUDA version",
    ),
    Failure(
        "CUDA driver version is insufficient",
        "the NVIDIA driver is too old for the CUDA version of this vLLM",
        "update the driver, or install a vLLM that is built for an older CUDA version",
    ),
    Failure(
        "no kernel image is available for execution",
        "this vLLM has no kernels for this GPU",
        "install a vLLM that is built for its compute capability",
    ),
    Failure(
        "No such file or directory: 'ninja'",
        "ninja not found; vLLM compiles kernels with it",
        "pip install ninja into the environment of vLLM",
    ),
    Failure(
        "Ninja is required to load C++ extensions",
        "ninja not found; vLLM compiles kernels with it",
        "pip install ninja into the environment of vLLM",
    ),
    Failure(
        "Could not find nvcc",
        "the CUDA compiler nvcc was not found; FlashInfer compiles kernels with it",
        f"install the CUDA toolkit, or choose --attention-backend FLASH_ATTN in {ARGUMENTS}",
    ),
    Failure(
        "Failed to find C compiler",
        "no C compiler; Triton compiles kernels with it",
        f"install gcc, or add --enforce-eager to {ARGUMENTS}",
    ),
    Failure(
        "torch._inductor.exc.InductorError",
        "torch.compile failed on this model",
        f"add --enforce-eager to {ARGUMENTS}",
    ),
    Failure(
        "No valid attention backend found",
        "no attention backend supports this GPU, precision and model",
        f"set another [serve] dtype, or choose --attention-backend in {ARGUMENTS}",
    ),
    Failure(
        "are not supported for now",
        "this vLLM version does not support the model's architecture",
        "use a newer vLLM, or --ftgate-engine transformers",
    ),
    Failure(
        "does not recognize this architecture",
        "the transformers library of vLLM does not know the model's architecture",
        "update transformers and vLLM, or use --ftgate-engine transformers",
    ),
    Failure(
        "contains custom code which must be executed",
        "the model brings Python code of its own",
        f"if you trust it, add --trust-remote-code to {ARGUMENTS}, or [serve] args",
    ),
    Failure(
        "instantiate the backend tokenizer",
        "the tokenizer cannot be read: its files, or a library for them, are missing",
        "add tokenizer.json to the model folder, or install sentencepiece and tiktoken into the environment of vLLM",
    ),
    Failure(
        "must be divisible by tensor parallel size",
        "the attention heads cannot be divided among that many GPUs",
        f"lower --tensor-parallel-size in {ARGUMENTS}, or [serve] args",
    ),
    Failure(
        "vLLM only supports modules_to_save being",
        "the adapter has full layers (modules_to_save), not supported by vLLM",
        "train without modules_to_save; TRL adds it when the tokenizer was extended",
    ),
    Failure("vLLM does not yet support DoRA", "vLLM cannot serve DoRA", "train without use_dora"),
    Failure("Adapter bias is not supported", "vLLM cannot serve an adapter with bias", "train with bias = 'none'"),
    Failure(
        "Cannot allocate memory",
        "not enough memory",
        f"stop other processes, or lower --kv-cache-memory-bytes in {ARGUMENTS}",
    ),
)

KILLED = Failure(
    "",
    "the server was killed (SIGKILL), probably out of memory",
    f"check dmesg; if out of memory, lower --kv-cache-memory-bytes in {ARGUMENTS}",
)


def explain(log: str) -> tuple[Failure, str] | None:
    """The first failure of the table whose text stands in the log, and the line it stands in."""
    for failure in FAILURES:
        at = log.rfind(failure.text)
        if at >= 0:
            return failure, printable(log[log.rfind("\n", 0, at) + 1 : _end_of_line(log, at)].strip())
    return None


def _end_of_line(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end
