"""Words of a `vllm serve` command line -> its options, and those of them that decide answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from pytest_ftgate.files.digest import canonical, digest_of, file_digest

OURS = frozenset(
    {"--host", "--port", "--uds", "--api-key", "--served-model-name", "--model", "--config", "--grpc", "--headless"}
    | {"--ssl-keyfile", "--ssl-certfile"}
)
"""Arguments that the user cannot choose: the server would not be found, or serve something else."""

READ = frozenset({"--max-model-len", "--max-lora-rank", "--max-loras", "--data-parallel-size", "--api-server-count"})
"""Arguments that we read ourselves, so that they must be written out."""

ALIASES: Mapping[str, str] = {
    "-q": "--quantization",
    "-tp": "--tensor-parallel-size",
    "-pp": "--pipeline-parallel-size",
    "-dp": "--data-parallel-size",
    "-asc": "--api-server-count",
    "-O": "--optimization-level",
}

_HARMLESS = """
tensor-parallel-size pipeline-parallel-size data-parallel-size data-parallel-size-local data-parallel-rank
data-parallel-start-rank data-parallel-address data-parallel-rpc-port data-parallel-backend
data-parallel-hybrid-lb data-parallel-external-lb distributed-executor-backend master-addr master-port nnodes
node-rank distributed-timeout-seconds cpu-distributed-timeout-seconds numa-bind numa-bind-nodes
numa-bind-cpus device-ids enable-expert-parallel max-parallel-loading-workers disable-custom-all-reduce
api-server-count renderer-num-workers
max-model-len gpu-memory-utilization device-memory-utilization kv-cache-memory-bytes num-gpu-blocks-override
block-size enable-prefix-caching prefix-caching-hash-algo prefix-cache-retention-interval kv-offloading-size
kv-offloading-backend offload-backend cpu-offload-gb enable-sleep-mode enable-cumem-allocator
mm-processor-cache-gb skip-mm-profiling
max-num-seqs max-num-batched-tokens max-num-scheduled-tokens max-num-active-seqs max-num-queued-reqs
max-num-queued-tokens long-prefill-token-threshold scheduling-policy enable-chunked-prefill watermark
async-scheduling stream-interval prefill-schedule-interval enforce-eager cudagraph-capture-sizes
max-cudagraph-capture-size
enable-lora max-loras max-lora-rank max-cpu-loras fully-sharded-loras lora-modules download-dir
safetensors-load-strategy safetensors-prefetch-num-threads safetensors-prefetch-block-size use-tqdm-on-load
pt-load-map-location hf-token
max-log-len enable-log-outputs enable-log-deltas enable-log-requests log-error-stack logging-config log-level
log-config-file uvicorn-log-level disable-uvicorn-access-log disable-access-log-for-endpoints
disable-log-stats aggregate-engine-logging enable-server-load-tracking enable-prompt-tokens-details
enable-per-request-metrics enable-logging-iteration-details otlp-traces-endpoint collect-detailed-traces
kv-cache-metrics cudagraph-metrics profiler-config allow-credentials allowed-origins allowed-methods
allowed-headers ssl-ca-certs ssl-cert-reqs ssl-ciphers enable-ssl-refresh root-path
enable-request-id-headers disable-fastapi-docs shutdown-timeout fail-on-environ-validation max-logprobs
enable-force-include-usage sse-keep-alive-interval enable-tokenizer-info-endpoint
"""

HARMLESS = frozenset(f"--{name}" for name in _HARMLESS.split())
"""Arguments of vLLM 0.32 that change how fast and with what memory it answers, not what. All others count."""

LONG = 64
"""Characters of a value that is shown as it is; a longer one, such as a chat template, by its digest."""


def name_of(word: str) -> str:
    """The option that a word names, in its long form with dashes: "-tp" and "--tensor_parallel_size=2" alike.

    "" for a word that is a value. The negation of a flag, "--no-NAME", is NAME.
    """
    if re.fullmatch(r"-O\d", word):
        return ALIASES["-O"]
    if not re.match(r"-{1,2}[A-Za-z]", word):
        return ""
    name = word.partition("=")[0].replace("_", "-")
    name = ALIASES.get(name, name)
    return "--" + name.removeprefix("--no-") if name.startswith("--no-") else name


def options_of(words: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Options and their values; of an option that is given twice the last counts, as vLLM counts."""
    found: dict[str, tuple[str, ...]] = {}
    name = ""
    for word in words:
        if named := name_of(word):
            name = named
            found.pop(name, None)
            found[name] = _inline(word)
        elif name:
            found[name] += (word,)
    return found


def _inline(word: str) -> tuple[str, ...]:
    """What the word of an option says beside its name."""
    if word.startswith("-O") and word[2:].isdecimal():
        return (word[2:],)
    if word.startswith(("--no-", "--no_")):
        return ("no",)
    _, equals, value = word.partition("=")
    return (value,) if equals else ()


UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "K": 2**10, "M": 2**20, "G": 2**30}


def count(value: str) -> int:
    """A number as vLLM reads it, "8k" and "1.5k" decimal, "8K" binary; 0 for a word such as "auto", or a fault."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([kmgKMG]?)", value)
    if found is None or ("." in found[1] and found[2] not in {"k", "m", "g"}):
        return 0
    return int(float(found[1]) * UNITS[found[2]])


def asked_context(words: Sequence[str]) -> int:
    """The --max-model-len among the words in tokens; 0 if there is none, or one that vLLM works out itself."""
    return count(" ".join(options_of(words).get("--max-model-len", ())))


def taken(words: Iterable[str]) -> list[str]:
    """Those of `OURS` that the words set, also by an abbreviation, which vLLM accepts."""
    return sorted({name for name in map(name_of, words) if name in OURS or _abbreviates(name, OURS)})


def shortened(words: Iterable[str]) -> list[str]:
    """Abbreviations of `READ` among the words, which vLLM accepts and we would overlook."""
    return sorted({name for name in map(name_of, words) if name not in READ and _abbreviates(name, READ)})


INSTEAD: Mapping[str, str] = {
    "--chat-template": "[base] chat_template",
    "--default-chat-template-kwargs": "[base] chat_template_kwargs",
    "--dtype": "[serve] dtype",
    "--revision": "[base] revision",
    "--tokenizer": "[base] model",
}
"""Arguments that would say otherwise than the pipeline how it is trained, and its keys for them."""


def against_base(words: Iterable[str]) -> list[str]:
    """Those of `INSTEAD` that the words set, sorted."""
    return sorted(set(INSTEAD).intersection(map(name_of, words)))


def _abbreviates(name: str, options: frozenset[str]) -> bool:
    return len(name) > len("--") and any(option.startswith(name) and option != name for option in options)


def deciding(words: Sequence[str]) -> str:
    """The options that may change answers, sorted, as one text; "" for none. A file is named by its content."""
    given = options_of(words)
    counted = sorted(name for name in given if name.partition(".")[0] not in HARMLESS)
    return " ".join(" ".join([name, *map(_shown, given[name])]) for name in counted)


def _shown(value: str) -> str:
    if value.startswith(("{", "[")):
        with suppress(ValueError):
            return _as_text(canonical(_contents(json.loads(value))))
    return _content(value) or _as_text(value)


def _contents(value: Any) -> Any:
    """JSON, in which each file or folder is named by its content."""
    if isinstance(value, dict):
        return {key: _contents(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_contents(each) for each in value]
    return (_content(value) or value) if isinstance(value, str) else value


def _content(value: str) -> str:
    """The begin of the digest of a file's content, or of names and contents in a folder; "" for what is neither."""
    if "/" not in value and not value.endswith((".jinja", ".json", ".py")):
        return ""
    place = Path(value)
    try:
        if place.is_dir():
            files = sorted(each for each in place.rglob("*") if each.is_file())
            return digest_of({str(each.relative_to(place)): file_digest(each) for each in files})[:16]
        return file_digest(place)[:16]
    except (OSError, ValueError):
        return ""


def _as_text(value: str) -> str:
    return value if len(value) <= LONG and value.isprintable() else digest_of(value)[:16]
