"""Path of a golden set -> Golden: its settings and raw rows, and every fault of its files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import Fault
from pytest_ftgate.files.names import name_problem
from pytest_ftgate.files.schema import check, suggestion
from pytest_ftgate.files.text import Keys, nearest, shown
from pytest_ftgate.gate.floor import Floor, GateSpec, number_problems
from pytest_ftgate.golden.files import Source, read_source
from pytest_ftgate.golden.paths import CASES_FILE, FOLDER_FILE, set_file, set_name
from pytest_ftgate.golden.request_faults import extra_faults
from pytest_ftgate.golden.rows import Row, id_problem, row_id
from pytest_ftgate.judge.spec import JudgeError, JudgeSpec, read_judge
from pytest_ftgate.metrics.latency_cost import COST, QUANTILES, Price

__all__ = ["Golden", "Label", "Request", "Row", "read_golden", "row_id"]


DEFAULT_GRADERS: tuple[Mapping[str, Any], ...] = ({"kind": "exact"},)
"""Of a set that names none."""
BASE_PROMPT, ALL_PROMPTS = "base", "all"
RESERVED_PROMPTS = (BASE_PROMPT, ALL_PROMPTS)
"""What `--ftgate-prompt` calls a set's own prompt, and this with all its variants."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of the server with every case.

    max_tokens: longest answer. temperature: 0 to 2; 0 = greedy. timeout_s: seconds, retries included.
    stop: texts that end the answer. choices: the only answers allowed; empty = any. repeats: repeats of each case.
    response_format: sent as it is. logprobs: asked for at each token, 0 to 20; 0 = none.
    stream: whether answers are streamed, to measure the time to the first token; changes no answer.
    requests_per_minute, tokens_per_minute: what is sent to the server at most, None for no limit of ours.
    reasoning: "split" keeps what a model thought out of its answer, "keep" leaves marked thoughts in it.
    tools: functions the model may call, as OpenAI's `tools`. extra: further keys of the request's body.
    """

    max_tokens: int = 256
    temperature: float = 0.0
    timeout_s: float = 60.0
    seed: int = 0
    stop: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    repeats: int = 1
    response_format: Mapping[str, Any] | None = None
    logprobs: int = 0
    stream: bool = False
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    reasoning: str = "split"
    tools: tuple[Mapping[str, Any], ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Label:
    """Which part of an answer is its class: a dotted path into the JSON answer ("" = all of it), and all labels."""

    path: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Human:
    """Blind comparisons of candidate and champion by people. verdicts: cases that must be judged, 50 to 100."""

    verdicts: int = 60


@dataclass(frozen=True, slots=True)
class Golden:
    """A golden set as written. What stands in `faults` is not in the other fields.

    name: of the folder, or of the file before ".golden". path: the pytest file. cases_path: where the rows stand.
    made_by: command that makes the cases, "" if people wrote them. prompt, graders: as written.
    variants: of the prompt, by name, each with the keys of `prompt` that it does not replace.
    gate, price, judge, human: None if the set declares none. lines: 1-based line of every key of the settings.
    """

    name: str
    path: Path
    cases_path: Path
    description: str = ""
    made_by: str = ""
    prompt: Mapping[str, Any] = field(default_factory=dict)
    variants: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    request: Request = Request()
    graders: tuple[Mapping[str, Any], ...] = DEFAULT_GRADERS
    label: Label | None = None
    gate: GateSpec | None = None
    price: Price | None = None
    judge: JudgeSpec | None = None
    human: Human | None = None
    rows: tuple[Row, ...] = ()
    faults: tuple[Fault, ...] = ()
    lines: Mapping[Keys, int] = field(default_factory=dict, compare=False, repr=False)

    def line(self, *keys: str | int) -> int:
        """The line where a setting stands, ("grader", 0, "kind") say, or what is around it; 0 if nothing is."""
        return nearest(self.lines, keys)


def read_golden(path: Path) -> Golden:
    """The golden set of a folder, a file of it (golden.toml, cases.jsonl), or a single file (see `paths.is_golden`).

    Never raises for a fault of the user's; all of them are in `Golden.faults`, sorted by file and line.
    """
    file = set_file(Path(path))
    cases_path = file.with_name(CASES_FILE) if file.name == FOLDER_FILE else file
    source = read_source(file, cases_path)
    known = _without_faults(source, file)
    judge, judge_faults = _judge(known.get("judge"), source, file)
    prompt, variants = _prompts(known.get("prompt", {}))
    faults = [*source.faults, *_name_faults(file), *_gate_faults(known, source, file), *judge_faults]
    faults += _variant_faults(variants, source, file)
    faults += _extra_faults(known, source, file)
    return Golden(
        name=set_name(file),
        path=file,
        cases_path=cases_path,
        description=known.get("description", ""),
        made_by=known.get("made_by", ""),
        prompt=prompt,
        variants=variants,
        request=_request(known.get("request", {})),
        graders=tuple(known.get("grader", DEFAULT_GRADERS)),
        label=_label(known.get("label")),
        gate=_gate(known.get("gate")),
        price=_price(known.get("price")),
        judge=judge,
        human=Human(**known["human"]) if "human" in known else None,
        rows=tuple(source.rows),
        faults=tuple(sorted(set(faults))),
        lines=source.lines,
    )


def _without_faults(source: Source, file: Path) -> dict[str, Any]:
    """The top-level settings that keep the schema; the faults of the others are added to the source."""
    line_of = partial(nearest, source.lines)
    if not isinstance(source.settings, dict):
        source.faults.append(Fault(shown(file), line_of(()), "'golden' must be an object"))
        return {}
    faults = check(source.settings, "golden", shown(file), line_of)
    source.faults += faults
    if not faults:
        return source.settings
    return {key: value for key, value in source.settings.items() if not check({key: value}, "golden", "", line_of)}


def _name_faults(file: Path) -> Iterator[Fault]:
    name = set_name(file)
    if problem := id_problem(name) or name_problem(name):
        what = "folder" if file.name in (FOLDER_FILE, CASES_FILE) else "file"
        yield Fault(shown(file), 0, f"golden set name {name!r} {problem}", f"rename the {what}")


def _prompts(table: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """[prompt] without its variants, and these, each completed by it."""
    base = {key: value for key, value in table.items() if key != "variants"}
    return base, {name: {**base, **own} for name, own in table.get("variants", {}).items()}


def _variant_faults(variants: Iterable[str], source: Source, file: Path) -> Iterator[Fault]:
    for name in variants:
        problem = "is reserved" if name in RESERVED_PROMPTS else id_problem(name)
        if problem:
            line = nearest(source.lines, ("prompt", "variants", name))
            yield Fault(shown(file), line, f"the name of the prompt variant {name!r} {problem}", "rename it")


def _request(table: Mapping[str, Any]) -> Request:
    made: dict[str, Any] = dict(table)
    for key in ("stop", "choices", "tools"):
        made |= {key: tuple(made[key])} if key in made else {}
    for key in ("max_tokens", "seed", "repeats", "logprobs"):
        made |= {key: int(made[key])} if key in made else {}
    for key in ("temperature", "timeout_s", "requests_per_minute", "tokens_per_minute"):
        made |= {key: float(made[key])} if key in made else {}
    return Request(**made)


def _label(table: Mapping[str, Any] | None) -> Label | None:
    return None if table is None else Label(table.get("path", ""), tuple(table["values"]))


def _price(table: Mapping[str, Any] | None) -> Price | None:
    return None if table is None else Price(**table)


def _judge(table: Mapping[str, Any] | None, source: Source, file: Path) -> tuple[JudgeSpec | None, list[Fault]]:
    if table is None:
        return None, []
    try:
        return read_judge(table), []
    except JudgeError as error:
        line = nearest(source.lines, ("judge",))
        return None, [Fault(shown(file), line, text) for text in str(error).splitlines()]


def _gate(table: Mapping[str, Any] | None) -> GateSpec | None:
    if table is None:
        return None
    return GateSpec(tuple(map(_floor, table.get("floor", []))), table.get("delta"))


def _extra_faults(known: Mapping[str, Any], source: Source, file: Path) -> Iterator[Fault]:
    for key, what, fix in extra_faults(known.get("request", {})):
        yield Fault(shown(file), nearest(source.lines, ("request", "extra", key)), what, fix)


def _floor(table: Mapping[str, Any]) -> Floor:
    floor = Floor(**table)
    if floor.metric != "f1" or floor.average:
        return floor
    return Floor(**{**table, "average": "binary" if floor.positive is not None else "macro"})


def _gate_faults(known: Mapping[str, Any], source: Source, file: Path) -> Iterator[Fault]:
    """Floors that contradict themselves or the labels, and limits that no answer can exceed."""
    gate, label = _gate(known.get("gate")), _label(known.get("label"))
    longest, price = _request(known.get("request", {})).timeout_s, _price(known.get("price"))
    for number, floor in enumerate(gate.floors if gate else ()):
        found = (*_floor_problems(floor, label, "label" in source.settings), *_loose_limits(floor, longest, price))
        for key, message in found:
            yield Fault(shown(file), nearest(source.lines, ("gate", "floor", number, key)), message)


def _loose_limits(floor: Floor, timeout_s: float, price: Price | None) -> Iterator[tuple[str, str]]:
    if floor.metric in QUANTILES and floor.max is not None:
        from pytest_ftgate.serve.client.send_chat import PATIENCE

        if floor.max >= (longest := 1000 * PATIENCE * timeout_s):
            what = f"found {floor.max:g}, expected less than {longest:g} milliseconds"
            yield "max", f"{what}: no response takes longer than {PATIENCE} times request.timeout_s"
    if floor.metric == COST and price == Price(0, 0):
        yield "max", "no response exceeds it: the prices in [price] are 0"


def _floor_problems(floor: Floor, label: Label | None, has_label: bool) -> Iterator[tuple[str, str]]:
    yield from number_problems(floor)
    of_labels = floor.metric in ("precision", "recall", "f1", "mcc")
    if of_labels and not has_label:
        yield "metric", f"{floor.metric} needs [label] with `path` and `values`"
    if floor.metric in ("precision", "recall") and floor.positive is None:
        yield "metric", f"{floor.metric} needs the class in `positive`"
    if floor.metric not in ("precision", "recall", "f1") and floor.positive is not None:
        yield "positive", f"{floor.metric} has no positive class; remove `positive`"
    if label and floor.positive is not None and floor.positive not in label.values:
        yield "positive", f"{floor.positive!r} is not one of the labels; {suggestion(floor.positive, label.values)}"
    yield from _average_problems(floor)


def _average_problems(floor: Floor) -> Iterator[tuple[str, str]]:
    if floor.average is None:
        return
    if floor.metric != "f1":
        yield "average", f"`average` applies to f1 only, not to {floor.metric}; remove it"
    elif (floor.average == "binary") != (floor.positive is not None):
        yield "average", "`positive` requires average 'binary'"
