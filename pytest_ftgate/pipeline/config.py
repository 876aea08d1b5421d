"""Path of a pipeline.toml -> Pipeline: what is trained, on what, how, and which golden sets decide."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.data.readers.contents import contents
from pytest_ftgate.errors import Fault, FileFaults, PipelineError
from pytest_ftgate.files.schema import read_toml, toml_line
from pytest_ftgate.files.text import shown
from pytest_ftgate.gate.live.plan import Ab, ab_of
from pytest_ftgate.gate.policy import Policy, policy_of
from pytest_ftgate.pipeline.base_chat import chat_of
from pytest_ftgate.pipeline.config_faults import absolute, as_named, faults_of, is_folder, written_files
from pytest_ftgate.pipeline.serve_args import named_places, resolved_args
from pytest_ftgate.pipeline.tables import Base, Baseline, Canary, Data, RegistryAccess, Retrain, Serve, exact
from pytest_ftgate.train.job import Grading, TrainJob, library_versions
from pytest_ftgate.train.ray.cluster import Cluster
from pytest_ftgate.train.strategies.check import read_configuration
from pytest_ftgate.train.tuning import Lora, Tuning

if TYPE_CHECKING:
    from pytest_ftgate.serve.chat_format import ChatFormat
    from pytest_ftgate.serve.model import Model


@dataclass(frozen=True, slots=True)
class Pipeline:
    """One pipeline.toml, valid. name: of its folder. goldens: names of the sets that gate it, one or more."""

    name: str
    path: Path
    goldens: tuple[str, ...]
    base: Base
    data: Data
    tuning: Tuning = field(default_factory=Tuning)
    lora: Lora = field(default_factory=Lora)
    serve: Serve = field(default_factory=Serve)
    baseline: Baseline = field(default_factory=Baseline)
    policy: Policy = field(default_factory=Policy)
    ab: Ab | None = None
    report_to: tuple[str, ...] = ()
    canary: Canary = field(default_factory=Canary)
    cluster: Cluster = field(default_factory=Cluster)
    registry: RegistryAccess = field(default_factory=RegistryAccess)
    retrain: Retrain | None = None

    @property
    def panel_goldens(self) -> tuple[str, ...]:
        """Names of the golden sets that the canary's panel is drawn from."""
        return (self.canary.golden,) if self.canary.golden else self.goldens

    @property
    def seed(self) -> int:
        """Of training and of the draw of few-shot examples."""
        return self.tuning.seed

    @property
    def dtype(self) -> str:
        """The precision of the whole run: [serve] dtype, "auto" resolved for this machine."""
        from pytest_ftgate.serve.precision import resolved

        return resolved(self.serve.dtype)

    @property
    def chat(self) -> ChatFormat:
        """How conversations become text, in training and serving alike. Raises PipelineError, see `chat_of`."""
        return chat_of(self.base)

    @property
    def base_model(self) -> Model:
        """The untuned model at the serving precision. Raises PipelineError if its folder is not there."""
        from pytest_ftgate.serve.model import Model

        folder = Path(self.base.model)
        if folder.is_absolute() and not folder.is_dir():
            raise self._missing([("base", "model")], [folder], self.base.made_by)
        found = Model(self.base.model, self.base.revision, self.dtype, self.serve.quantization, chat=self.chat)
        return replace(found, arguments=self.serve.args, context=self.serve.context)

    def at(self, revision: str | None) -> Pipeline:
        """The same with the base model at a revision, the commit to which a hub id was resolved."""
        return replace(self, base=replace(self.base, revision=revision))

    @property
    def train_file(self) -> Path:
        """Training rows, of several files those of the first. Raises PipelineError if a data file is not there."""
        return self.data_files[0]

    @property
    def data_files(self) -> tuple[Path, ...]:
        """Files of training rows, general ones, and last validation rows, as `Data.files` names them.

        Raises PipelineError naming all that are not there, and what makes them.
        """
        files = self.data.files
        if missing := {kind: path for kind, path in files.items() if not path.exists()}:
            keys = [("data", kind.partition(".")[0]) for kind in missing]
            raise self._missing(keys, missing.values(), self.data.made_by)
        return tuple(files.values())

    @property
    def named_files(self) -> tuple[Path, ...]:
        """All files and folders that a run reads: data, base model, chat template, accelerate configuration,
        those of [serve] args.
        """
        served = named_places(self.serve.args, self.path.parent)
        others = map(Path, (self.base.model, self.base.chat_template, self.tuning.accelerate_config))
        return (*self.data.files.values(), *(each for each in others if each.is_absolute()), *served)

    def _missing(self, keys: Iterable[tuple[str, str]], paths: Iterable[Path], made_by: str) -> PipelineError:
        from pytest_ftgate.files.dvc import tracked

        made = f"run: {made_by}" if made_by else ""
        fixes = {path: by.pull if (by := tracked(path)) else made for path in paths}
        return PipelineError(
            Fault(shown(self.path), self.line_of(*key), f"{'.'.join(key)}: {shown(path)} not found", fixes[path])
            for key, path in zip(keys, paths, strict=True)
        )

    def line_of(self, *keys: str) -> int:
        """The line of the file on which a setting stands."""
        return toml_line(self.path.read_text(encoding="utf-8"), keys)

    def job(
        self, prompt: Mapping[str, Any], grading: Mapping[str, Any], lineage: Mapping[str, Any] | None = None
    ) -> TrainJob:
        """The fine-tune of this pipeline, whose training rows are in one file: see `mix_data.mixed`.

        prompt: `Prompt.to_json()` of the first golden set. grading: what `Grading` has.
        lineage: of the data, see `lineage.begun`.
        Raises PipelineError if the base model's folder or a data file is not there.
        """
        train, validation = self.data_files
        rows = contents(train).rows
        return TrainJob(
            name=self.name,
            base=self.base.model,
            revision=self.base.revision,
            base_digest=self.base_model.base_digest,
            dtype=self.dtype,
            quantization=self.serve.quantization,
            train_file=str(train),
            validation_file=str(validation),
            train_digest=contents(train).sha256,
            validation_digest=contents(validation).sha256,
            max_rows=self.data.max_rows,
            chat=self.chat,
            prompt=prompt,
            grading=Grading(**{**grading, "graders": tuple(grading["graders"])}),
            tuning=self.tuning,
            accelerate=read_configuration(Path(own)) if (own := self.tuning.accelerate_config) else {},
            lora=self.lora.resolved(min(rows, self.data.max_rows or rows)),
            report_to=self.report_to,
            origins=str(self.path.parent) if self.data.mixed else "",
            versions=library_versions(),
            lineage=lineage or {},
        )


def read_pipeline(path: Path) -> Pipeline:
    """The pipeline of a file. Raises PipelineError with all faults, each with its line."""
    path = Path(path).absolute()
    try:
        data, text = read_toml(path)
    except FileFaults as error:
        raise PipelineError(error.faults) from None
    faults = list(faults_of(data, text, path))
    if faults:
        raise PipelineError(faults)
    return _pipeline(data, path)


def _pipeline(data: dict[str, Any], path: Path) -> Pipeline:
    base, files = dict(data["base"]), dict(data["data"])
    if is_folder(base["model"]):
        base["model"] = str(absolute(path, base["model"]))
    if is_folder(base.get("chat_template", "")):
        base["chat_template"] = str(absolute(path, base["chat_template"]))
    for key in ("validation", "general"):
        if key in files:
            files[key] = as_named(path, files[key])
    trains = [(as_named(path, file), weight) for file, weight in written_files(files["train"])]
    files |= {"train": trains[0][0], "others": [file for file, _ in trains[1:]], "weights": [w for _, w in trains]}
    return Pipeline(
        name=path.parent.name,
        path=path,
        goldens=tuple(data["goldens"]),
        base=Base(**base),
        data=Data(**exact(Data, _tuples(files))),
        tuning=_tuning(data.get("train", {}), path),
        lora=Lora(**exact(Lora, _tuples(data.get("lora", {})))),
        serve=_serve(data.get("serve", {}), path),
        baseline=Baseline(**exact(Baseline, _tuples(data.get("baseline", {})))),
        policy=policy_of(data),
        ab=ab_of(data, path.parent),
        report_to=tuple(data.get("tracking", {}).get("report_to", ())),
        canary=Canary(**exact(Canary, data.get("canary", {}))),
        cluster=Cluster(**_tuples(data.get("ray", {}))),
        registry=_registry(data.get("registry", {}), path),
        retrain=Retrain(**exact(Retrain, data["retrain"])) if "retrain" in data else None,
    )


DEFAULTS: dict[str, dict[str, Any]] = {
    "dpo": {"learning_rate": 1e-5},
    "kto": {"learning_rate": 1e-5},
    "orpo": {"learning_rate": 8e-6},
    "grpo": {"learning_rate": 1e-5, "beta": 0.04},
}
"""Where none is written: at the rate of the other methods a policy runs away from its reference. ORPO's: its paper."""


NAMED = {"from": "begin"}
"""Keys that are no names in Python."""


def _tuning(table: dict[str, Any], path: Path) -> Tuning:
    table = DEFAULTS.get(table.get("method", ""), {}) | table
    if "accelerate_config" in table:
        table = table | {"accelerate_config": str(absolute(path, table["accelerate_config"]))}
    return Tuning(**exact(Tuning, {NAMED.get(key, key): value for key, value in table.items()}))


def _serve(table: dict[str, Any], path: Path) -> Serve:
    args = resolved_args(table.get("args", ()), path.parent)
    return Serve(**exact(Serve, table | {"args": args}))


def _registry(table: dict[str, Any], path: Path) -> RegistryAccess:
    keys = [str(absolute(path, key)) for key in table.get("promoters", ())]
    return RegistryAccess(**_tuples(table | ({"promoters": keys} if keys else {})))


def _tuples(table: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
