"""(golden set, journal, frozen results) -> the answers that were given to the set as it is, whoever gave them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_ftgate.evaluate.journal import Journal, key_of
from pytest_ftgate.evaluate.responses import sampling_digest
from pytest_ftgate.evaluate.suite import Suite
from pytest_ftgate.golden.case import Case, later_turns
from pytest_ftgate.golden.question import whole_dialogue
from pytest_ftgate.judge.labels import answer_digest

Parts = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Given:
    """One answer to one case, whoever gave it."""

    case: Case
    text: str

    @property
    def answer(self) -> str:
        """Its digest, see `labels.answer_digest`."""
        return answer_digest(self.text)


def from_journal(suite: Suite, journal: Journal) -> Iterator[Given]:
    """The whole, non-empty answers of a run, to cases that ask today what they asked then, under the set's prompt."""
    sampling = sampling_digest(suite)
    by_input = {(case.id, case.asked_digest): case for case in suite.cases}
    inputs = {case.id: case.asked_digest for case in suite.cases}
    for asked, response in journal.read("asked").responses.items():
        wanted = inputs.get(response.case_id, "")
        same = key_of("", wanted, response.model, suite.prompt.digest, sampling, response.repeat)
        if asked == same and response.finish_reason == "stop" and response.text.strip():
            yield Given(by_input[response.case_id, wanted], response.text)


def texts_of(suite: Suite, frozen: Mapping[str, Any]) -> dict[str, str]:
    """Text of each case's answer in a version's frozen results, of unchanged cases, whatever their ids."""
    if frozen.get("settings", suite.settings_digest) != suite.settings_digest:
        return {}
    texts = {row["case"]: str(row["text"]) for row in frozen["cases"].values()}
    return {case.id: texts[case.digest] for case in suite.cases if case.digest in texts}


def from_results(suite: Suite, frozen: Mapping[str, Any]) -> Iterator[Given]:
    """The non-empty answers of a version's frozen results."""
    texts = texts_of(suite, frozen)
    for case in suite.cases:
        if texts.get(case.id, "").strip():
            yield Given(case, texts[case.id])


def distinct(answers: Iterable[Given]) -> list[Given]:
    """Each answer to each case once, in an order that no model decides."""
    found = {(each.case.digest, each.answer): each for each in answers}
    return [found[key] for key in sorted(found)]


def asked_parts(suite: Suite, case: Case) -> Parts:
    """What a person reads before the answer: the turns of the question without examples, and what is expected."""
    turns = [(turn["role"].capitalize(), turn["content"]) for turn in whole_dialogue(suite.prompt, case.input)]
    first = len(turns) - 1 - 2 * len(later_turns(suite.prompt, case.input))
    shown = turns[: first - 2 * len(suite.prompt.examples)] + turns[first:]
    expected = [] if case.expected is None else [("Expected", _told(case.expected))]
    return (*shown, *expected)


def _told(expected: object) -> str:
    from pytest_ftgate.golden.case import answer_text

    return answer_text(expected)
