"""Path of a golden set -> Suite: its settings, cases and compiled graders, ready to be asked and judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import Fault, FtgateError, GoldenError
from pytest_ftgate.evaluate.column import Column
from pytest_ftgate.evaluate.template_check import unmade_messages, variables_of
from pytest_ftgate.evaluate.template_variables import ignored_inputs
from pytest_ftgate.files.schema import suggestion
from pytest_ftgate.files.text import shown
from pytest_ftgate.gate.floor import Floor
from pytest_ftgate.golden.case import Case, Prompt, PromptError, canonical, digest_of, make_case
from pytest_ftgate.golden.rows import id_problem
from pytest_ftgate.golden.spec import DEFAULT_GRADERS, Golden, Label, Request, Row, read_golden
from pytest_ftgate.graders.answer import label_in
from pytest_ftgate.graders.grade import Grader, case_fault, compile_grader, resolve_spec
from pytest_ftgate.graders.llm_judge import AsksJudge, Judge, bind, judges_among
from pytest_ftgate.graders.nested import all_graders, changed
from pytest_ftgate.graders.source_files import SourceFile
from pytest_ftgate.graders.value import Kind
from pytest_ftgate.metrics.latency_cost import Price

Graders = tuple[Grader, ...]
_ONLY_MEASURING = ("stream", "requests_per_minute", "tokens_per_minute")
"""Keys of [request] that decide no answer."""
_NOT_GRADED = "add `expected`, or name another grader; `grader = []` in the settings leaves all to tests in Python"
_WHERE_SET = ("reasoning", "tools", "extra")
"""Keys of [request] that count only where they are set: no set without them got a new digest when they were added."""


@dataclass(frozen=True, slots=True)
class Suite:
    """A golden set without a fault.

    graders: of all cases that name none of their own. code: files of python graders, by module.
    digest: sha256 of the settings and of all cases, in any order.
    settings_digest: sha256 of what is asked of the model and how it is judged, apart from the cases.
    column: where a run compares several models or prompts, which of them this one is.
    """

    golden: Golden
    cases: tuple[Case, ...]
    prompt: Prompt
    graders: Graders
    own_graders: Mapping[str, Graders] = field(default_factory=dict, repr=False)
    code: Mapping[str, SourceFile] = field(default_factory=dict, repr=False)
    settings_digest: str = ""
    digest: str = ""
    column: Column | None = None

    @property
    def name(self) -> str:
        """The name of the golden set."""
        return self.golden.name

    @property
    def title(self) -> str:
        """The name in reports and of one run: "tickets[b-v2]" where it compares several models or prompts."""
        return f"{self.name}[{self.column.label}]" if self.column else self.name

    @property
    def prompt_keys(self) -> tuple[str, ...]:
        """Where the prompt stands in the settings, ("prompt",) or that of a variant."""
        return ("prompt", "variants", self.column.variant) if self.column and self.column.variant else ("prompt",)

    def graders_of(self, case: Case) -> Graders:
        """The graders of a case: its own, else the set's; none if the set says `grader = []`.

        In a set with [judge] and no other grader named, a case without `expected` is left to the judge.
        """
        return _graders_of(case, self.golden, self.graders, self.own_graders)

    @property
    def metrics(self) -> tuple[tuple[str, dict[str, Any]], ...]:
        """(name for people, {"name", "positive", "average"} as given) of what the gate looks at; () without a gate."""
        if self.golden.gate is None:
            return ()
        labels = self.golden.label.values if self.golden.label else ()
        floors = (Floor("accuracy"), *self.golden.gate.floors)
        return tuple({_metric_name(floor, labels): _metric_options(floor) for floor in floors}.items())


def _metric_name(floor: Floor, labels: Sequence[str]) -> str:
    """Such as "f1-spam", "f1-macro", "accuracy"; a label that cannot stand in a node id is called by its number."""
    if floor.positive is not None:
        unfit = id_problem(floor.positive)
        return f"{floor.metric}-{labels.index(floor.positive) if unfit else floor.positive}"
    return f"{floor.metric}-{floor.average}" if floor.average else floor.metric


def _metric_options(floor: Floor) -> dict[str, str]:
    options = {"name": floor.metric, "positive": floor.positive, "average": floor.average}
    return {key: value for key, value in options.items() if value is not None}


def load_suite(path: Path) -> Suite:
    """The suite of a golden set: its folder or file, as `read_golden` takes it.

    Raises GoldenError with all faults at once: of the files, rows, templates, labels and graders.
    """
    golden = read_golden(path)
    golden = replace(golden, graders=_with_files(golden.graders, golden))
    cases = tuple(_case(row, golden) for row in golden.rows)
    prompt = Prompt.from_json(golden.prompt)
    workshop = _Workshop(golden.path.parent)
    graders = tuple(_set_graders(golden, workshop))
    own = dict(_case_graders(golden, cases, workshop))
    faults = [*golden.faults, *workshop.faults, *prompt_faults(golden, cases, prompt), *_label_faults(golden, cases)]
    faults = faults or [*_ungradable(golden, cases, graders, own), *_incomparable(golden, cases)]
    faults += _duplicates(golden, cases)
    if faults:
        raise GoldenError(dict.fromkeys(faults))
    code = _code([graders, *own.values()])
    settings, digest = digests_of(golden, cases, prompt, code)
    return Suite(replace(golden, rows=()), cases, prompt, graders, own, code, settings, digest)


def digests_of(
    golden: Golden, cases: Iterable[Case], prompt: Prompt, code: Mapping[str, SourceFile]
) -> tuple[str, str]:
    """(settings_digest, digest) of a suite."""
    settings = digest_of(settings_of(golden, prompt, code))
    return settings, digest_of([settings, sorted([case.id, case.digest] for case in cases)])


def priced(suite: Suite, price: tuple[float, float] | None) -> Suite:
    """The suite with what input and output tokens cost for each million, unless it names its own prices."""
    if price is None or suite.golden.price is not None:
        return suite
    return replace(suite, golden=replace(suite.golden, price=Price(*price)))


def judged(suite: Suite, judge_client: Callable[[], AsksJudge]) -> Suite:
    """The suite with its graders of kind judge bound to a client; as it is, if it has none of them."""
    if not any(map(judges_among, [suite.graders, *suite.own_graders.values()])):
        return suite
    own = {name: bind(graders, judge_client, suite.prompt) for name, graders in suite.own_graders.items()}
    return replace(suite, graders=bind(suite.graders, judge_client, suite.prompt), own_graders=own)


def _case(row: Row, golden: Golden) -> Case:
    own = row.data.get("graders")
    data = {**row.data, "graders": _with_files(own, golden)} if own else row.data
    return make_case(data, row.line, row.id)


def _graders_of(case: Case, golden: Golden, graders: Graders, own: Mapping[str, Graders]) -> Graders:
    if case.expected is None and golden.judge and golden.graders == DEFAULT_GRADERS:
        return own.get(case.id, ())
    return own.get(case.id, graders)


def _with_files(specs: Sequence[Mapping[str, Any]], golden: Golden) -> tuple[Mapping[str, Any], ...]:
    """The specs with the schemas that they name as files, so that digests, and the trainer, see the content."""
    return tuple(_with_file(spec, golden) for spec in specs)


def _with_file(spec: Mapping[str, Any], golden: Golden) -> Mapping[str, Any]:
    def with_judge(one: Mapping[str, Any]) -> Mapping[str, Any]:
        if one.get("kind") != Judge.kind:
            return one
        return {**one, "judge": golden.judge.to_json() if golden.judge else {}}

    try:
        return resolve_spec(changed(spec, with_judge), golden.path.parent)
    except FtgateError:
        return spec  # told by the workshop, with its line


def _ungradable(golden: Golden, cases: Sequence[Case], graders: Graders, own: Mapping[str, Graders]) -> Iterator[Fault]:
    """The cases that their graders cannot judge as they are written."""
    path = shown(golden.cases_path)
    for case in cases:
        if problem := case_fault(_graders_of(case, golden, graders, own), case):
            by_default = case.expected is None and case.id not in own and golden.graders == DEFAULT_GRADERS
            yield Fault(path, case.line, problem, _NOT_GRADED if by_default else "")


def _duplicates(golden: Golden, cases: Sequence[Case]) -> Iterator[Fault]:
    """Cases that are another one under another id: they would count twice. In one cluster they do not."""
    path, first = shown(golden.cases_path), dict[str, Case]()
    for case in cases:
        before = first.setdefault(case.digest, case)
        if before.id != case.id and (case.cluster is None or case.cluster != before.cluster):
            what = f"duplicate of case {before.id!r} in line {before.line}: the same input, expected value and graders"
            yield Fault(path, case.line, what, "remove one, or name the same `cluster` in both")


def _incomparable(golden: Golden, cases: Sequence[Case]) -> Iterator[Fault]:
    """The cases that a judge cannot compare two answers to: it looks at a reference, and there is none."""
    if golden.judge is None or not (golden.judge.compare and golden.judge.rubric.reference):
        return
    for case in cases:
        if case.expected is None:
            what = "the case has no `expected`, which [judge] needs as reference"
            yield Fault(shown(golden.cases_path), case.line, what, "add it, or set reference = false and criteria")


def _code(graders: Iterable[Graders]) -> dict[str, SourceFile]:
    """The files of the project that the graders call, by module."""
    kinds = dict.fromkeys(grader for some in graders for grader in all_graders(some) if isinstance(grader, Kind))
    return {module: file for grader in kinds for module, file in grader.code.items()}


def settings_of(golden: Golden, prompt: Prompt, code: Mapping[str, SourceFile]) -> dict[str, Any]:
    """What is asked of the model and how it is judged, apart from the cases: name -> JSON value."""
    label = asdict(golden.label) if golden.label else None
    unset = {key for key in _WHERE_SET if getattr(golden.request, key) == getattr(Request(), key)}
    left_out = {*_ONLY_MEASURING, *unset}
    request = {key: value for key, value in asdict(golden.request).items() if key not in left_out}
    settings = {"prompt": prompt.to_json(), "request": request, "graders": list(golden.graders), "label": label}
    return settings | ({"code": {module: file.digest for module, file in code.items()}} if code else {})


class _Workshop:
    """Compiles each grader once, however many cases name it, and keeps the faults."""

    def __init__(self, folder: Path) -> None:
        self.faults: list[Fault] = []
        self._folder = folder
        self._made: dict[str, Grader | str] = {}

    def compile(self, specs: Sequence[Mapping[str, Any]], places: Sequence[tuple[Path, int]]) -> Iterator[Grader]:
        """The graders of the specs that are sound; places: (file, line) of each, for the faults of the others."""
        for spec, (path, line) in zip(specs, places, strict=True):
            made = self._grader(spec)
            if isinstance(made, str):
                self.faults.append(Fault(shown(path), line, made))
            else:
                yield made

    def _grader(self, spec: Mapping[str, Any]) -> Grader | str:
        key = canonical(spec)
        if key not in self._made:
            try:
                self._made[key] = compile_grader(spec, self._folder)
            except FtgateError as error:
                self._made[key] = str(error)
        return self._made[key]


def _set_graders(golden: Golden, workshop: _Workshop) -> Iterator[Grader]:
    places = [(golden.path, golden.line("grader", number)) for number in range(len(golden.graders))]
    return workshop.compile(golden.graders, places)


def _case_graders(golden: Golden, cases: Sequence[Case], workshop: _Workshop) -> Iterator[tuple[str, Graders]]:
    for case in cases:
        if case.graders:
            places = [(golden.cases_path, case.line)] * len(case.graders)
            yield case.id, tuple(workshop.compile(case.graders, places))


def prompt_faults(
    golden: Golden, cases: Sequence[Case], prompt: Prompt, keys: tuple[str, ...] = ("prompt",)
) -> Iterator[Fault]:
    """The cases whose messages cannot be made; a broken template is one fault, not one for every case.

    keys: where the prompt stands in the settings.
    """
    inputs = [case.input for case in cases]
    try:
        constant = prompt.template is not None and not variables_of(prompt)
        problem = ignored_inputs(prompt.template or "", inputs) if constant else ""
        unmade = unmade_messages(prompt, inputs)
    except PromptError as error:
        problem, unmade = str(error), []
    if problem:
        yield Fault(shown(golden.path), golden.line(*keys, "template"), problem)
    for number, problem in unmade:
        yield Fault(shown(golden.cases_path), cases[number].line, problem)


def _label_faults(golden: Golden, cases: Sequence[Case]) -> Iterator[Fault]:
    """The cases that expect something, but none of the labels: a typo here would be a class of its own."""
    path = shown(golden.cases_path)
    for case in cases:
        if golden.label and case.expected is not None:
            expected = expected_label(case, golden.label)
            if expected not in golden.label.values:
                yield Fault(path, case.line, _no_label(expected, golden.label))


def expected_label(case: Case, label: Label) -> str | None:
    """The label that a case expects: what stands at the label's path, or `expected` itself if it is a bare text."""
    return label_in(case.expected, "" if isinstance(case.expected, str) else label.path)


def _no_label(expected: str | None, label: Label) -> str:
    if expected is None:
        return f"`expected` has no label at [label] path {label.path!r}"
    return f"label {expected!r} of `expected` is not one of the [label] values; " + suggestion(expected, label.values)
