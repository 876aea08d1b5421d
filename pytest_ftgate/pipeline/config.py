"""Path of a pipeline.toml -> Pipeline: what is trained, on what, how, and which golden sets decide."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.data.readers.contents import contents
from pytest_ftgate.data.readers.renamed import column_faults
from pytest_ftgate.errors import Fault, FileFaults, PipelineError
from pytest_ftgate.files.compressed import plain_name
from pytest_ftgate.files.names import name_problem
from pytest_ftgate.files.schema import check, read_toml, toml_line
from pytest_ftgate.files.text import shown
from pytest_ftgate.gate.live.plan import Ab, ab_of, ab_problems
from pytest_ftgate.gate.policy import Policy, policy_of, policy_problems
from pytest_ftgate.golden.paths import FOLDER_FILE, SUFFIXES
from pytest_ftgate.pipeline.accelerate_file import accelerate_faults
from pytest_ftgate.pipeline.base_chat import chat_faults, chat_of
from pytest_ftgate.pipeline.tables import Base, Baseline, Canary, Data, Serve, exact
from pytest_ftgate.serve.vllm.options import INSTEAD, against_base, taken
from pytest_ftgate.train.job import Grading, TrainJob, library_versions
from pytest_ftgate.train.method_problems import method_problems
from pytest_ftgate.train.ray.cluster import Cluster, cluster_problems
from pytest_ftgate.train.strategies.check import read_configuration
from pytest_ftgate.train.tuning import Lora, Tuning
from pytest_ftgate.train.unservable import UNSERVABLE, unservable

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
        """All files and folders that a run reads: data, base model, chat template, accelerate configuration."""
        others = (self.base.model, self.base.chat_template, self.tuning.accelerate_config)
        return (*self.data.files.values(), *(Path(each) for each in others if Path(each).is_absolute()))

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
    faults = list(_faults(data, text, path))
    if faults:
        raise PipelineError(faults)
    return _pipeline(data, path)


def _faults(data: dict[str, Any], text: str, path: Path) -> Iterator[Fault]:
    if problem := name_problem(path.parent.name):
        yield Fault(shown(path), 0, f"pipeline name {path.parent.name!r} {problem}", "rename the folder")
    for keys in list(unservable(data.get("lora"), ("lora",))):
        message = f"{'.'.join(keys)} is not supported: vLLM cannot serve {UNSERVABLE[keys[-1]]}"
        yield Fault(shown(path), toml_line(text, keys), message, "remove it")
    faults = check(data, "pipeline", shown(path), lambda keys: toml_line(text, keys))
    yield from faults
    if not faults:
        yield from _cross_faults(data, text, path)


def _cross_faults(data: dict[str, Any], text: str, path: Path) -> Iterator[Fault]:
    """What the schema cannot see: keys that exclude each other, and files that must not be trained on."""
    for key, message, fix in column_faults(data["data"].get("columns", {})):
        line = toml_line(text, ("data", "columns", key))
        yield Fault(shown(path), line, f"data.columns: {message}", fix)
    named = [(key, file) for key in DATA_FILES for file, _ in _written_files(data["data"].get(key, []))]
    for key, file in named:
        rows = _absolute(path, file)
        within = any(folder.joinpath(FOLDER_FILE).is_file() for folder in (rows, rows.parent))
        if within or plain_name(rows).endswith(SUFFIXES):
            what = "inside a golden set folder" if within else "a golden set"
            message = f"data.{key} is {what}; golden cases must not be trained on"
            yield Fault(shown(path), toml_line(text, ("data", key)), message, "use a file outside of it")
    for message, fix in _argument_problems(data.get("serve", {}).get("args", ())):
        yield Fault(shown(path), toml_line(text, ("serve", "args")), message, fix)
    if own := data.get("train", {}).get("accelerate_config"):
        yield from accelerate_faults(data, text, path, _absolute(path, own))
    if ("general" in data["data"]) != ("general_share" in data["data"]):
        one = "general" if "general" in data["data"] else "general_share"
        message = "data.general and data.general_share go together"
        yield Fault(shown(path), toml_line(text, ("data", one)), message, "set both, or remove it")
    if "revision" in data["base"] and _is_folder(data["base"]["model"]):
        message = "base.revision requires a hub id, but base.model is a folder"
        yield Fault(shown(path), toml_line(text, ("base", "revision")), message, "remove it")
    yield from chat_faults(data["base"], text, path)
    problems = (method_problems, cluster_problems, policy_problems, ab_problems)
    for keys, message, fix in chain.from_iterable(of(data) for of in problems):
        yield Fault(shown(path), toml_line(text, keys), message, fix)


def _argument_problems(args: Sequence[str]) -> Iterator[tuple[str, str]]:
    if found := taken(args):
        fix = "remove it; a server that you start yourself is named by --ftgate-base-url"
        yield f"serve.args has {', '.join(found)}, which is set by the plugin", fix
    for name in against_base(args):
        fix = f"remove it, and set {INSTEAD[name]}"
        yield f"serve.args has {name}, by which the model would be served otherwise than it is trained", fix


def _is_folder(model: str) -> bool:
    return model.startswith((".", "/", "~"))


def _pipeline(data: dict[str, Any], path: Path) -> Pipeline:
    base, files = dict(data["base"]), dict(data["data"])
    if _is_folder(base["model"]):
        base["model"] = str(_absolute(path, base["model"]))
    if _is_folder(base.get("chat_template", "")):
        base["chat_template"] = str(_absolute(path, base["chat_template"]))
    for key in ("validation", "general"):
        if key in files:
            files[key] = _as_named(path, files[key])
    trains = [(_as_named(path, file), weight) for file, weight in _written_files(files["train"])]
    files |= {"train": trains[0][0], "others": [file for file, _ in trains[1:]], "weights": [w for _, w in trains]}
    return Pipeline(
        name=path.parent.name,
        path=path,
        goldens=tuple(data["goldens"]),
        base=Base(**base),
        data=Data(**exact(Data, _tuples(files))),
        tuning=_tuning(data.get("train", {}), path),
        lora=Lora(**exact(Lora, _tuples(data.get("lora", {})))),
        serve=Serve(**exact(Serve, _tuples(data.get("serve", {})))),
        baseline=Baseline(**exact(Baseline, _tuples(data.get("baseline", {})))),
        policy=policy_of(data),
        ab=ab_of(data, path.parent),
        report_to=tuple(data.get("tracking", {}).get("report_to", ())),
        canary=Canary(**exact(Canary, data.get("canary", {}))),
        cluster=Cluster(**_tuples(data.get("ray", {}))),
    )


LEARNING_RATES = {"dpo": 1e-5, "kto": 1e-5, "orpo": 8e-6}
"""Where none is written: at the rate of the other methods a policy runs away from its reference. ORPO's: its paper."""


NAMED = {"from": "begin"}
"""Keys that are no names in Python."""


def _tuning(table: dict[str, Any], path: Path) -> Tuning:
    if (rate := LEARNING_RATES.get(table.get("method", ""))) is not None:
        table = {"learning_rate": rate} | table
    if "accelerate_config" in table:
        table = table | {"accelerate_config": str(_absolute(path, table["accelerate_config"]))}
    return Tuning(**exact(Tuning, {NAMED.get(key, key): value for key, value in table.items()}))


DATA_FILES = ("train", "validation", "general")


def _written_files(written: Any) -> list[tuple[str, float]]:
    """(file, weight) of a file, or of a list of files or of tables with their weights."""
    listed = written if isinstance(written, list) else [written]
    return [(one, 1.0) if isinstance(one, str) else (one["file"], float(one.get("weight", 1.0))) for one in listed]


def _absolute(path: Path, written: str) -> Path:
    return (path.parent / Path(written).expanduser()).resolve()


def _as_named(path: Path, written: str) -> Path:
    """Absolute, but a link stays one: into the cache of DVC it would lead to a name that says nothing of the format."""
    return Path(os.path.normpath(path.parent / Path(written).expanduser()))


def _tuples(table: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
