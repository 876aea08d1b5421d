"""(version, names of forms, golden sets) -> Measured for each: the forms of one model side by side, on one machine.

A form is one that is exported, or the version as it is at another precision ("bf16", "nf4"). Each is served alone, by
the program that it ships for, and asked the same cases; answers and figures are kept, so that a run which was broken
off goes on.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.evaluate.evaluation import Evaluation
from pytest_ftgate.evaluate.journal import Journal
from pytest_ftgate.evaluate.responses import Responses
from pytest_ftgate.files.atomic import write_text
from pytest_ftgate.pipeline.evaluations import Evaluations
from pytest_ftgate.pipeline.production.export import export
from pytest_ftgate.pipeline.production.form_gate import check_parent
from pytest_ftgate.pipeline.runtime import Runtime
from pytest_ftgate.pipeline.targets import Target
from pytest_ftgate.registry.model_tags import model_of
from pytest_ftgate.serve.device import this_device
from pytest_ftgate.serve.forms.form import CALIBRATED, form_of
from pytest_ftgate.serve.model import Model
from pytest_ftgate.serve.servers.peak_memory import peak_bytes

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.pipeline.progress import Console
    from pytest_ftgate.pipeline.settings import Settings
    from pytest_ftgate.registry import Version

AS_IT_IS: Mapping[str, tuple[str, str | None]] = {
    "f32": ("float32", None),
    "bf16": ("bfloat16", None),
    "f16": ("float16", None),
    "nf4": ("bfloat16", "bitsandbytes"),
}
"""Names of what is not exported but served from base model and adapter -> (dtype, quantization)."""

SPEED_CASES, WARM_UP = 48, 4
"""Cases that are asked anew to measure the speed; and before them, unmeasured."""


@dataclass(frozen=True, slots=True)
class Figures:
    """engine: with its version. size: bytes on the disk. memory: bytes, the most that the server's processes held.

    tokens_s: tokens read and written in a second, over all cases that were in flight together.
    """

    engine: str
    size: int
    memory: int
    tokens_s: float


@dataclass(frozen=True, slots=True)
class Measured:
    """One form. evaluations: by name of the golden set. earlier: whether an earlier run has measured the figures."""

    form: str
    figures: Figures
    evaluations: Mapping[str, Evaluation]
    earlier: bool = False


@dataclass(frozen=True, slots=True)
class Tradeoff:
    """What is compared. engine: that serves what is not exported. suites: the sets, with the cases that are asked."""

    settings: Settings
    console: Console
    version: Version
    suites: Sequence[Suite]
    engine: str

    def measure(self, names: Sequence[str]) -> Iterator[Measured]:
        """Each form after the other. Raises FtgateError for one that cannot be made or served here."""
        check_parent(self.version)
        for name in names:
            form_names(name)
        for name in names:
            with Runtime(replace(self.settings, engine=self._engine(name)), self.console) as runtime:
                self.console.line(f"{self.version} as {name}")
                yield self._measured(runtime, name)

    def _engine(self, name: str) -> str:
        return self.engine if name in AS_IT_IS else form_of(name).runtime

    def _measured(self, runtime: Runtime, name: str) -> Measured:
        model, size = self._model(runtime, name)
        target, evaluations = Target(f"v{self.version.number} as {name}", model), Evaluations(runtime)
        found = {suite.name: evaluations.of(suite, target) for suite in self.suites}
        for evaluation in found.values():
            runtime.expect(evaluation, target)
        for suite in self.suites:
            evaluations.ask(found[suite.name], suite.cases, target, f"{name} on {suite.name}")
        kept = self.settings.state_dir / "tradeoff" / f"{self._measured_as(target)}.json"
        earlier = kept.is_file()
        if earlier:
            self.console.line(f"  speed and memory were measured earlier; to measure them again, remove {kept}")
            return Measured(name, Figures(**json.loads(kept.read_text(encoding="utf-8"))), found, earlier)
        return Measured(name, self._figures(runtime, target, size, kept), found)

    def _measured_as(self, target: Target) -> str:
        """Of all that speed and memory depend on: the model, what it is asked, how, and this machine."""
        suite, device = self.suites[0], this_device()
        machine = [device.kind, device.name, device.cores, device.memory_mib, *device.visible]
        asked = [suite.digest, [case.id for case in suite.cases]]
        run = [self.settings.concurrency, *self.settings.vllm_args]
        return sha256(json.dumps([target.digest, asked, run, machine]).encode()).hexdigest()[:32]

    def _model(self, runtime: Runtime, name: str) -> tuple[Model, int]:
        registry = runtime.registry
        if name in AS_IT_IS:
            dtype, quantization = AS_IT_IS[name]
            folder = registry.fetch(self.version)
            model = replace(model_of(self.version, folder), dtype=dtype, quantization=quantization)
            model = runtime.engines.as_served(model)
            return model, _size(Path(model.base)) + (_size(folder) if model.adapter else 0)
        dest = self.settings.state_dir / "forms" / f"{self.version.task}-{self.version.digest[:12]}-{name}"
        dest = dest.with_name(dest.name.replace(":", "-"))
        exported = export(registry, self.version, form_of(name), dest, self.console.line)
        return runtime.engines.as_served(Model(str(exported.folder), dtype=exported.model.dtype)), _size(
            exported.folder
        )

    def _figures(self, runtime: Runtime, target: Target, size: int, kept: Path) -> Figures:
        engine = runtime.started(target)
        speed = tokens_a_second(runtime, target, self.suites[0])
        found = Figures(target.model.engine, size, peak_bytes(getattr(engine, "pid", None)), speed)
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_text(kept, json.dumps(asdict(found)))
        return found


def form_names(text: str) -> str:
    """The name of a form, as it is. Raises FtgateError that lists those there are; for one that is not made here."""
    if text in AS_IT_IS:
        return text
    try:
        form = form_of(text)
    except FtgateError as error:
        raise FtgateError(f"{error}, {', '.join(AS_IT_IS)}") from None
    if form.kind in CALIBRATED:
        raise FtgateError(
            f"{text} is made by another environment from training rows, and is not compared here\n"
            f"    export it, which gates it too: ftgate export TASK --to {text} DIR --quantize-python FILE"
        )
    return text


def tokens_a_second(runtime: Runtime, target: Target, suite: Suite) -> float:
    """Tokens read and written in a second: the first cases of a set, asked anew, as many at a time as it bears."""
    with tempfile.TemporaryDirectory(prefix="ftgate-tradeoff-") as folder, Journal(Path(folder), "speed") as journal:
        warm = Evaluation(Responses(replace(suite, cases=suite.cases[-WARM_UP:]), target.digest, journal))
        _wait(warm, runtime.ask(warm, warm.suite.cases, target))
        cold = Evaluation(Responses(replace(suite, cases=suite.cases[:SPEED_CASES]), target.digest, journal))
        begun = time.monotonic()
        _wait(cold, runtime.ask(cold, cold.suite.cases, target))
        passed = time.monotonic() - begun
        answers = [answer for case in cold.suite.cases for answer in cold.responses.of(case)]
    return sum(answer.prompt_tokens + answer.completion_tokens for answer in answers) / passed


def _wait(evaluation: Evaluation, sent: int) -> None:
    while evaluation.responses.done < sent:
        time.sleep(0.01)


def _size(folder: Path) -> int:
    """Bytes of a folder's files, not those of its sub-folders."""
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file()) if folder.is_dir() else 0
