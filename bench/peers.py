"""Every client of the bench: how it is installed, how it asks all cases, and how its output tells that all passed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.process import BenchError, Run

ROOT = Path(__file__).parents[1]
CLIENTS = Path(__file__).parent / "clients"
ENVIRONMENTS = ROOT / ".bench"
IN_FLIGHT = 64


@dataclass(frozen=True, slots=True)
class Job:
    """One run of a client. folder: a fresh working directory that holds the cases. cases: cases.jsonl in it."""

    folder: Path
    cases: Path
    base_url: str

    @property
    def arguments(self) -> list[str]:
        """What the small Python clients take."""
        return [str(self.cases), self.base_url, str(IN_FLIGHT)]


Command = Callable[["Client", Job], list[str]]


@dataclass(frozen=True, slots=True)
class Client:
    """name: of its environment. title: in the table. install: what pip installs. shown: whose version is shown.

    passed: pattern of the number, or share, of passed cases in its output. prepare: run before the clock starts.
    """

    name: str
    title: str
    install: tuple[str, ...]
    shown: tuple[str, ...]
    command: Command
    passed: str = r"([\d,]+) passed"
    env: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[Client, Job], None] = lambda _client, _job: None
    environment: str = ""

    @property
    def folder(self) -> Path:
        """Its environment."""
        return ENVIRONMENTS / (self.environment or self.name)

    @property
    def python(self) -> str:
        """The Python of its environment."""
        return str(self.folder / "bin" / "python")

    def variables(self, job: Job) -> dict[str, str]:
        """The environment of its process: quiet, offline, no telemetry."""
        own = {"BENCH_CASES": str(job.cases), "BENCH_URL": job.base_url, **self.env}
        kept = {key: os.environ[key] for key in ("PATH", "LANG", "TMPDIR") if key in os.environ}
        return kept | _QUIET | {"HOME": str(job.folder)} | {k: v.format(url=job.base_url) for k, v in own.items()}

    def check(self, run: Run, number: int) -> None:
        """Raises BenchError unless all cases passed and every one was asked."""
        found = [float(text.replace(",", "")) for text in re.findall(self.passed, run.output)]
        if not found or found[-1] not in (number, 1.0):
            raise BenchError(f"{self.title}: not all {number} cases passed\n{run.output[-2000:]}")
        if run.requests != number:
            raise BenchError(f"{self.title}: sent {run.requests} requests for {number} cases")


_QUIET = {
    "PYTHONDONTWRITEBYTECODE": "",
    "OPENAI_API_KEY": "none",
    "NO_PROXY": "*",
    "DO_NOT_TRACK": "1",
    "DEEPEVAL_TELEMETRY_OPT_OUT": "1",
    "DEEPEVAL_UPDATE_WARNING_OPT_IN": "0",
    "PROMPTFOO_DISABLE_TELEMETRY": "1",
    "PROMPTFOO_DISABLE_UPDATE": "1",
    "PROMPTFOO_DISABLE_DEBUG_LOG": "1",  # with Node 20 its log files crash at the end
    "PROMPTFOO_DISABLE_ERROR_LOG": "1",
    "PROMPTFOO_DISABLE_REMOTE_GENERATION": "1",
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "LOGFIRE_SEND_TO_LOGFIRE": "false",
}


def _script(file: str) -> Command:
    return lambda client, job: [client.python, str(CLIENTS / file), *job.arguments]


def _ours(client: Client, job: Job) -> list[str]:
    served = ["--ftgate-base-url", job.base_url, "--ftgate-model", "mock", "--ftgate-concurrency", str(IN_FLIGHT)]
    return [client.python, "-m", "pytest", "-q", "goldens", *served]


def _plain_pytest(client: Client, _job: Job) -> list[str]:
    return [client.python, "-m", "pytest", "-q", str(CLIENTS / "test_openai.py"), "--rootdir", "."]


def _inspect(client: Client, job: Job) -> list[str]:
    sampling = ["--max-tokens", "16", "--seed", "0"]
    limits = ["--max-connections", str(IN_FLIGHT), "--max-samples", str(IN_FLIGHT)]
    shown = ["--display", "plain", "--log-dir", "logs", "--no-log-realtime", "--no-score-display"]
    model = ["--model", "openai/mock", "--model-base-url", job.base_url, "-M", "responses_api=false"]
    tool = str(client.folder / "bin" / "inspect")
    return [tool, "eval", "inspect_task.py", *model, *sampling, *limits, *shown]


def _copy_task(_client: Client, job: Job) -> None:
    (job.folder / "inspect_task.py").write_text((CLIENTS / "inspect_task.py").read_text("utf-8"), "utf-8")


def _promptfoo(client: Client, _job: Job) -> list[str]:
    tool = str(client.folder / "node_modules" / ".bin" / "promptfoo")
    return [tool, "eval", "-c", "promptfooconfig.json", "-j", str(IN_FLIGHT), *_PROMPTFOO_FLAGS]


_PROMPTFOO_FLAGS = ["--no-cache", "--no-progress-bar", "--no-table", "--no-share"]


def _write_promptfoo(_client: Client, job: Job) -> None:
    command = [sys.executable, str(CLIENTS / "promptfoo.py"), *job.arguments]
    subprocess.run(command, cwd=job.folder, check=True)


def _lm_eval(client: Client, job: Job) -> list[str]:
    model = {
        "model": "mock",
        "base_url": f"{job.base_url}/chat/completions",
        "num_concurrent": IN_FLIGHT,
        "tokenized_requests": False,
        "tokenizer_backend": None,
    }
    arguments = ",".join(f"{key}={value}" for key, value in model.items())
    tool = str(client.folder / "bin" / "lm_eval")
    return [
        *(tool, "run", "--model", "local-chat-completions", "--model_args", arguments),
        *("--tasks", "bench", "--include_path", str(job.folder / "tasks"), "--apply_chat_template"),
    ]


def _write_lm_eval(_client: Client, job: Job) -> None:
    text = (CLIENTS / "lm_eval_task.yaml").read_text("utf-8").replace("CASES", json.dumps(str(job.cases)))
    (job.folder / "tasks").mkdir(exist_ok=True)
    (job.folder / "tasks" / "bench.yaml").write_text(text, "utf-8")


BARE = Client("bare", "bare aiohttp client", ("-e", str(ROOT)), ("aiohttp",), _script("bare.py"), environment="ftgate")
OURS = Client("ftgate", "**pytest-ftgate**", ("-e", str(ROOT)), ("pytest-ftgate", "pytest", "aiohttp"), _ours)
PEERS = (
    Client(
        "pydantic_evals",
        "pydantic-evals",
        ("pydantic-evals", "openai"),
        ("pydantic-evals", "openai"),
        _script("pydantic_evals_client.py"),
    ),
    Client(
        "deepeval",
        "deepeval `evaluate()`",
        ("deepeval", "openai"),
        ("deepeval", "openai"),
        _script("deepeval_client.py"),
    ),
    Client(
        "promptfoo",
        "promptfoo",
        (),
        ("promptfoo",),
        _promptfoo,
        prepare=_write_promptfoo,
    ),
    Client(
        "lm_eval",
        "lm-evaluation-harness",
        ("lm-eval[api]",),
        ("lm-eval",),
        _lm_eval,
        passed=r"exact_match\|.*?\|\s*([0-9.]+)\|",
        prepare=_write_lm_eval,
    ),
    Client(
        "inspect",
        "Inspect AI",
        ("inspect-ai", "openai"),
        ("inspect-ai", "openai"),
        _inspect,
        passed=r"mean\s+([0-9.]+)",
        prepare=_copy_task,
    ),
    Client(
        "openai",
        "pytest + openai client",
        ("pytest", "openai"),
        ("pytest", "openai"),
        _plain_pytest,
    ),
)
CLIENTS_IN_ORDER = (BARE, OURS, *PEERS)
