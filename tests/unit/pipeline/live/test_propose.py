"""Whatever is labelled, in however many rounds: nothing, and nothing like it, is on both sides."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_ftgate.data.near.rows import Row
from pytest_ftgate.golden.case import make_case
from pytest_ftgate.leakage.check import find_leaks
from pytest_ftgate.pipeline.live.labelling import Labelled
from pytest_ftgate.pipeline.live.live_input import LiveInput, key_of
from pytest_ftgate.pipeline.live.propose import Plan, Proposals, earlier_of, golden_row, propose, train_row
from pytest_ftgate.pipeline.live.rounds import finish, keep
from pytest_ftgate.pipeline.live.store import LiveStore
from tests.unit.pipeline.live.sms import Sms, read


@pytest.fixture(scope="module")
def sms(tmp_path_factory: pytest.TempPathFactory) -> Sms:
    return Sms.make(tmp_path_factory.mktemp("sms"), cases=30, rows=40)


def labelled(text: str, label: str = "ham") -> Labelled:
    asked = {"text": text}
    return Labelled(LiveInput(key_of(asked), "sms_spam", asked), {"label": label}, "ann", "2026-11-28")


def changed(text: str, how: int) -> str:
    """Another writing of a message, or one that holds it."""
    words = text.split()
    return [
        text,
        text.upper(),
        " ".join([*words[:-1], "soon"]),
        f"Hello there, this came in today: {text}",
        " ".join(words[: max(6, len(words) * 3 // 4)]),
    ][how]


def lines(found: Proposals, number: int) -> list[dict]:
    named = {"round": number, "folder": ""}
    made = [{**named, "side": "golden", "id": key, "row": golden_row(each)} for key, each in found.golden.items()]
    return made + [{**named, "side": "train", "id": key, "row": train_row(each)} for key, each in found.train.items()]


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(seed=st.integers(0, 2**16), share=st.sampled_from([0.2, 0.5, 0.8]))
def test_no_round_puts_on_one_side_what_is_like_something_on_the_other(sms: Sms, seed: int, share: float):
    rng = random.Random(seed)
    texts = [row["input"]["text"] for row in rng.sample(list(sms.others), 12)]
    known = [case.input["text"] for case in sms.suite.cases[:3]] + [
        row["input"]["text"] for row in read(sms.training[0])[:3]
    ]
    pool = [changed(text, how) for text in (*texts, *known) for how in rng.sample(range(5), 3)]
    rng.shuffle(pool)
    memory: list[dict] = []
    for number in range(3):
        part = [labelled(text) for text in pool[number * 14 : number * 14 + 18]]
        found = propose(part, [sms.suite], sms.training, earlier_of(memory), Plan(share, rng.randrange(9)))
        memory += lines(found, number)
    cases = [make_case(line["row"], 0, line["row"]["id"]) for line in memory if line["side"] == "golden"]
    rows = [line["row"] for line in memory if line["side"] == "train"]
    trained = [row for path in sms.training for row in read(path)]
    keys = [line["id"] for line in memory]
    assert len(set(keys)) == len(keys), "once proposed, never again"
    assert cases or rows
    if cases:
        report = find_leaks(cases, [Row(f"{n}", n, row) for n, row in enumerate([*trained, *rows], 1)])
        assert report.found == ()
    if rows:
        report = find_leaks(sms.suite.cases, [Row(f"{n}", n, row) for n, row in enumerate(rows, 1)])
        assert report.found == ()


def test_the_order_of_the_inputs_decides_nothing(sms: Sms):
    some = [labelled(row["input"]["text"]) for row in sms.others[:30]]
    plan, none = Plan(0.5, 7), earlier_of([])
    one = propose(some, [sms.suite], sms.training, none, plan)
    other = propose(some[::-1], [sms.suite], sms.training, none, plan)
    assert (set(one.golden), set(one.train)) == (set(other.golden), set(other.train))
    assert one.golden
    assert one.train
    earlier = earlier_of(lines(one, 1))
    assert not propose(some, [sms.suite], sms.training, earlier, Plan(0.9, 8)).golden
    near = [labelled(changed(each.sampled.question, 2)) for each in some if len(each.sampled.question) > 60]
    again = propose(near, [sms.suite], sms.training, earlier, Plan(0.5, 8))
    assert not {**again.golden, **again.train}
    assert "is among the inputs proposed before, or nearly so" in again.neither.values()


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_all_may_go_to_one_side(sms: Sms, share: float):
    found = propose(
        [labelled(row["input"]["text"]) for row in sms.others[:6]],
        [sms.suite],
        sms.training,
        earlier_of([]),
        Plan(share, 0),
    )
    assert not (found.train if share else found.golden)


def test_a_kill_between_memory_and_files_loses_neither(sms: Sms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    some = [labelled(row["input"]["text"]) for row in sms.others[:10]]
    found = propose(some, [sms.suite], sms.training, earlier_of([]), Plan(0.5, 0))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with LiveStore(tmp_path, "sms_spam") as store:
        with monkeypatch.context() as patched:
            patched.setattr("pytest_ftgate.pipeline.live.rounds.write_text", killed)
            with pytest.raises(KeyboardInterrupt):
                keep(store, found, None)
        assert not propose(some, [sms.suite], sms.training, earlier_of(store.proposed()), Plan(0.5, 1)).golden
        [folder] = finish(store)
        assert list(finish(store)) == []
    written = [json.loads(line)["id"] for line in (folder / "cases.jsonl").read_text().splitlines()]
    assert written == [golden_row(each)["id"] for each in found.golden.values()]
    assert len(read(folder / "train.jsonl")) == len(found.train)
