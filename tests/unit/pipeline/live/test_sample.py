"""A log of real messages -> what people may see of it: nothing known, nothing twice, nobody's number."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from pytest_ftgate.data.pii.credentials import credentials
from pytest_ftgate.data.pii.personal import personal_data
from pytest_ftgate.data.request_log.read import read_requests
from pytest_ftgate.pipeline.live.live_input import LiveInput
from pytest_ftgate.pipeline.live.sample import Beside, Sample, sample
from pytest_ftgate.pipeline.live.strata import UNLIKE, draw, shares, stratified
from tests.projects import write_rows
from tests.unit.pipeline.live.sms import Sms, asked, read, request

KEY = "sk-proj-a1B2c3D4e5F6g7H8i9J0k1L2m3N4"


@pytest.fixture(scope="module")
def sms(tmp_path_factory: pytest.TempPathFactory) -> Sms:
    return Sms.make(tmp_path_factory.mktemp("sms"))


def drawn(sms: Sms, log: Path, size: int = 1000, seed: int = 0, earlier: tuple[LiveInput, ...] = ()) -> Sample:
    return sample(read_requests(log), Beside([sms.suite], sms.training, earlier), size, seed)


def test_what_is_a_golden_case_or_a_training_row_or_nearly_one_is_left_out(sms: Sms):
    golden, row = sms.suite.cases[0].input["text"], read(sms.training[0])[0]["input"]["text"]
    around = f"Dear all, my aunt got this yesterday and wonders: {golden} What should she do about it, please?"
    new = asked("Our bakery opens at nine on Sundays, shall I bring two loaves of rye bread?")
    log = sms.log([asked(golden), asked(golden.upper() + "!!"), asked(row), asked(around), new, new])
    found = drawn(sms, log)
    assert [each.question for each in found.inputs] == [new["input"]["text"]]
    assert found.inputs[0].requests == 2
    assert found.inputs[0].input == new["input"], "as a case of the set has it, without the prompt around it"
    assert found.known == {"golden cases": 3, "training rows": 1}


def test_a_golden_case_is_known_also_where_its_number_was_replaced(sms: Sms):
    case = next(case for case in sms.suite.cases if personal_data(case.input["text"]))
    again = asked(case.input["text"].replace(" ", "  "))
    assert drawn(sms, sms.log([again])).inputs == ()


def test_no_personal_data_and_no_key_is_kept_of_input_and_answer(sms: Sms):
    text = f"Reach me at jane.roe@acme.io or +44 7700 912345, the card is 4111 1111 1111 1111 and my key {KEY}"
    lines = [request(asked(text), output=f"Write to jane.roe@acme.io with {KEY}", user="jane", id="req-77")]
    file = sms.folder / "personal.jsonl"
    file.write_text(json.dumps(lines[0]) + "\n", encoding="utf-8")
    [found] = drawn(sms, file).inputs
    kept = json.dumps(found.to_json())
    assert not personal_data(kept)
    assert not credentials(kept)
    assert "<EMAIL>" in found.output
    for secret in ("jane", KEY, "912345", "req-77"):
        assert secret not in kept


def test_the_same_seed_draws_the_same_and_another_does_not(sms: Sms):
    log = sms.log(sms.others[:150])
    first, again, other = drawn(sms, log, 20), drawn(sms, log, 20), drawn(sms, log, 20, seed=1)
    assert first == again
    assert {each.key for each in first.inputs} != {each.key for each in other.inputs}
    later = drawn(sms, log, 20, earlier=first.inputs)
    assert {each.key for each in later.inputs}.isdisjoint(each.key for each in first.inputs)
    assert later.known["earlier samples"] >= 20


def test_rare_labels_and_what_is_unlike_training_have_strata_and_the_weights_add_up(sms: Sms):
    strange = [asked(f"Le train de {n} heures pour Lyon part du quai {n + 40}, voie rapide {n * 7}") for n in range(15)]
    found = drawn(sms, sms.log([*sms.others[:150], *strange]), 40)
    assert found.drift
    by = Counter(each.stratum for each in found.inputs)
    assert set(found.strata) == {"ham", "spam", f"ham, {UNLIKE}", f"spam, {UNLIKE}"} or len(found.strata) == 3
    assert by["spam"] == by["ham"], "in the log one in eight is spam"
    far = [each for each in found.inputs if UNLIKE in each.stratum]
    assert sum("train de" in each.question for each in far) >= len(far) / 2
    for stratum, count in found.strata.items():
        assert sum(each.weight for each in found.inputs if each.stratum == stratum) == pytest.approx(count)


def test_a_request_that_the_prompt_cannot_ask_is_counted_and_not_drawn(sms: Sms):
    file = sms.folder / "odd.jsonl"
    parts = [{"type": "text", "text": "What is in it?"}, {"type": "image_url", "image_url": {"url": "data:,"}}]
    odd = [{"input": {"title": "no text in it"}}, {"input": [1, 2]}, {"messages": [{"role": "user", "content": parts}]}]
    write_rows(file, odd)
    found = drawn(sms, file)
    assert (found.inputs, found.known) == ((), {"requests that the prompt cannot ask": 3})


@pytest.mark.parametrize(
    ("sizes", "size", "wanted"),
    [
        ({"a": 100, "b": 3, "c": 50}, 30, {"a": 14, "b": 3, "c": 13}),
        ({"a": 2, "b": 3}, 30, {"a": 2, "b": 3}),
        ({}, 30, {}),
    ],
)
def test_what_a_small_stratum_lacks_the_others_give(sizes: dict, size: int, wanted: dict):
    assert shares(sizes, size) == wanted


def test_more_inputs_change_no_place_of_those_that_were_there():
    inputs = [LiveInput(f"{n:032x}", "g", str(n), label="a") for n in range(60)]
    before = [each.key for each in draw(stratified(inputs[:50], []), 50, 3)]
    after = [each.key for each in draw(stratified(inputs, []), 60, 3)]
    assert [key for key in after if key in set(before)] == before
