"""All decisions on one table: what is left out is counted, no near copy is on two sides, labels and slices balance."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from pytest_ftgate.data.readers.record import Record
from pytest_ftgate.errors import FtgateError
from pytest_ftgate.pipeline.starting.columns import Mapped
from pytest_ftgate.pipeline.starting.parts import Parts
from pytest_ftgate.pipeline.starting.personal import PersonalError
from pytest_ftgate.pipeline.starting.plan import Plan
from pytest_ftgate.pipeline.starting.planned import Wish, mapping_of, planned
from pytest_ftgate.pipeline.starting.reachable import best_macro_f1
from pytest_ftgate.pipeline.starting.reading import CONTRADICTORY, COPIES
from pytest_ftgate.pipeline.starting.texts import python_test
from tests.unit.pipeline.starting.tables import records, table

NOTHING = Mapped()


@pytest.fixture
def plan_of(tmp_path):
    """plan_of(rows, ...) -> Plan; other names are fields of Wish."""

    def make(rows: list[dict[str, Any]], given: Mapped = NOTHING, **more: Any) -> Plan:
        read = records(rows)
        mapped = mapping_of(read, given)
        return planned(Wish(tmp_path / "mail.csv", tmp_path, "mail", mapped, base="org/model", **more), read)

    return make


def label(i: int) -> str:
    return "ham" if i % 4 else "spam"


def all_rows(parts: Parts) -> list[str]:
    return sorted(each.place for part in (parts.goldens, parts.train, parts.validation) for each in part)


def test_each_part_has_its_share_of_labels_and_slices(plan_of):
    rows = table(800, label, lang=lambda i: "de" if i % 10 == 1 else "en")
    plan = plan_of(rows, Mapped(slices=("lang",)))
    parts = plan.parts
    assert [len(parts.goldens), len(parts.train), len(parts.validation)] == [266, 481, 53]
    assert len(set(all_rows(parts))) == 800
    for part, rows_of in (("goldens", parts.goldens), ("train", parts.train)):
        labels = Counter(each.expected for each in rows_of)
        langs = Counter(each.slices["lang"] for each in rows_of)
        assert abs(labels["spam"] / len(rows_of) - 0.25) < 0.02, part
        assert abs(langs["de"] / len(rows_of) - 0.1) < 0.02, part


def test_the_same_seed_splits_the_same_and_another_one_otherwise(plan_of):
    rows = table(300, label)
    one, same, other = plan_of(rows), plan_of(rows), plan_of(rows, seed=1)
    assert one.parts == same.parts
    assert one.parts.goldens != other.parts.goldens


def test_near_copies_are_in_one_part_and_one_cluster(plan_of):
    rows = table(300, label)
    for i in range(0, 120, 3):  # each with a twin that differs in one word
        rows.append({"text": f"{rows[i]['text']} again", "label": rows[i]["label"]})
    parts = plan_of(rows).parts
    assert (parts.near, parts.grouped) == (40, 80)
    sides: dict[str, set[str]] = {}
    for name, part in (("g", parts.goldens), ("t", parts.train), ("v", parts.validation)):
        for each in part:
            sides.setdefault(each.question.removesuffix(" again"), set()).add(name)
    assert all(len(side) == 1 for side in sides.values())
    twins = [each for each in parts.goldens if each.question.endswith(" again")]
    assert twins
    assert all(each.cluster.startswith("near-") for each in twins)


def test_rows_that_cannot_be_used_are_counted_with_their_lines(plan_of):
    rows = table(300, label)
    rows += [{"text": "", "label": "ham"}, {"text": "what is this", "label": None}, dict(rows[0])]
    rows += [{"text": "one and the same", "label": "ham"}, {"text": "One and the same ", "label": "spam"}]
    plan = plan_of(rows)
    assert dict(plan.left.places) == {
        "nothing in text": ["mail.csv:302"],
        "nothing in label": ["mail.csv:303"],
        COPIES: ["mail.csv:304"],
        CONTRADICTORY: ["mail.csv:305", "mail.csv:306"],
    }
    assert len(all_rows(plan.parts)) == 300 == plan.read - plan.left.count


def test_an_expected_value_that_the_grader_cannot_judge_is_left_out(plan_of):
    rows = [*table(300, lambda i: f"a sentence with many words in it, the number is {i}"), {"text": "q", "label": "!?"}]
    plan = plan_of(rows)
    [(reason, places)] = plan.left.places.items()
    assert "no word is left of it" in reason
    assert places == ["mail.csv:302"]


def test_a_label_of_too_few_rows_is_left_out_with_its_line(plan_of):
    rows = table(520, lambda i: ("shipping", "refund", "account")[i % 3])
    rows[7]["label"] = "shiping"
    rows[8]["label"] = rows[9]["label"] = "other"
    plan = plan_of(rows)
    assert dict(plan.left.places) == {
        "label 'shiping' in fewer than 5 rows (near 'shipping': a typo?)": ["mail.csv:9"],
        "label 'other' in fewer than 5 rows": ["mail.csv:10", "mail.csv:11"],
    }
    assert set(plan.answers.labels) == set(plan.grading.choices) == {"shipping", "refund", "account"}
    assert "shiping" not in f"{plan.system}{plan.grading}"


def test_a_rare_label_in_an_object_or_written_in_several_ways(plan_of):
    rows = table(400, lambda i: {"team": "billing" if i % 2 else "support"})
    rows[5]["label"] = {"team": "biling"}
    plan = plan_of(rows)
    assert list(plan.left.places) == ["label 'biling' in fewer than 5 rows (near 'billing': a typo?)"]
    assert "biling" not in f"{plan.system}{plan.grading}"
    rows = table(400, label)
    rows[1]["label"], rows[4]["label"], rows[2]["label"] = "Ham", "other", "Other"
    plan = plan_of(rows)
    assert list(plan.left.places.values()) == [["mail.csv:4", "mail.csv:6"]]


def test_each_label_has_golden_cases_and_training_rows(plan_of):
    """The six rows of a label are one cluster, so that they cannot be in two parts."""
    rows = table(400, label, cluster=lambda i: "c" if i < 6 else "")
    for row in rows[:6]:
        row["label"] = "rare"
    plan = plan_of(rows)
    [(reason, places)] = plan.left.places.items()
    assert reason.startswith("label 'rare', which no ")
    assert len(places) == 6
    assert {each.expected for each in plan.parts.goldens} == set(plan.grading.choices) == {"ham", "spam"}


def test_one_label_alone_is_no_task(plan_of):
    rows = table(400, lambda i: "spam" if i == 3 else "ham")
    with pytest.raises(FtgateError, match="fewer than two labels would be left: label 'spam' in fewer than 5 rows"):
        plan_of(rows)


def test_one_answer_everywhere_is_nothing_to_learn(plan_of):
    with pytest.raises(FtgateError, match=r"every row expects 'yes': nothing to learn .*'label' the right column"):
        plan_of(table(400, lambda _: "yes"))


def test_a_cluster_of_most_rows_is_named(plan_of):
    with pytest.raises(FtgateError, match="`cluster` says 'all' in 400 of 400 rows"):
        plan_of(table(400, label, cluster=lambda _: "all"))


def test_why_too_few_rows_can_be_used_is_said(plan_of):
    rows = table(400, lambda i: "ham" if i < 100 else "")
    with pytest.raises(
        FtgateError, match=r"100 can be used.*\n    left out: nothing in label: 300 \(mail.csv:102 first"
    ):
        plan_of(rows)


def test_the_test_in_python_can_pass(plan_of):
    assert "accuracy().lower > 0.75" in python_test(plan_of(table(400, label)))
    rare = plan_of(table(600, lambda i: "ham" if i % 100 else "spam"))
    assert 'metrics.f1(average="macro").lower > 0.50' in python_test(rare)


def test_a_model_without_a_mistake_reaches_the_floor(plan_of):
    rare = plan_of(table(600, lambda i: "ham" if i % 100 else "spam"))
    counts = Counter(each.expected for each in rare.parts.goldens)
    assert best_macro_f1(list(counts.values())) > rare.grading.floor["min"] == 0.7
    assert "macro F1 0.70" in rare.grading.told
    assert "no model shows more than 0.76 on so few cases" in rare.grading.look[0]
    assert plan_of(table(400, label)).grading.floor["min"] == 0.8


def test_personal_data_beside_the_texts_are_found_and_redacted(plan_of):
    mails = ["jane.doe@harbour-mail.org", "maria.lopez@acme-mail.org"]
    more = {name: (lambda i: mails[i % 2]) for name in ("cluster", "owner")}
    rows = table(300, label, id=lambda i: f"{i}-{mails[i % 2]}", **more)
    for i, row in enumerate(rows):
        row["cluster"] += f" {i // 4}"
    given = Mapped(slices=("owner",))
    with pytest.raises(PersonalError, match="in 300 rows"):
        plan_of(rows, given)
    found = _every(plan_of(rows, given, pii="redact"))
    assert "mail.org" not in str(found)
    assert len({each.cluster for each in found}) == 150
    assert {each.id for each in found} == {""}
    assert {each.slices["owner"] for each in found} == {"<EMAIL>"}


def test_personal_data_need_a_decision(plan_of):
    rows = table(300, label)
    rows[3]["text"] += " call 020 7946 0123 or write to maria.lopez@acme-mail.org"
    with pytest.raises(PersonalError, match=r"in 1 row \(mail.csv:5\): e-mail in 1\n.*--pii redact"):
        plan_of(rows)
    redacted = plan_of(rows, pii="redact")
    [text] = [each.input for each in _every(redacted) if each.place == "mail.csv:5"]
    assert "<EMAIL>" in text
    assert "acme" not in text
    assert plan_of(rows, pii="drop").left.places == {"personal data": ["mail.csv:5"]}
    allowed = plan_of(rows, pii="allow")
    assert any("acme" in each.input for each in _every(allowed))


def test_keys_are_left_out_even_where_personal_data_are_allowed(plan_of):
    rows = table(300, label)
    rows[0]["text"] += " password: " + "Tr0ub4dor-and-3"
    plan = plan_of(rows, pii="allow")
    assert plan.left.places == {"keys or passwords": ["mail.csv:2"]}


def _every(plan: Plan) -> list[Any]:
    return [*plan.parts.goldens, *plan.parts.train, *plan.parts.validation]


def test_several_columns_are_variables_of_the_template(plan_of):
    rows = table(300, label, **{"Subject line": lambda i: f"nr {i}"})
    plan = plan_of(rows, Mapped(("Subject line", "text")))
    assert plan.template == "Subject line: {{ Subject_line }}\ntext: {{ text }}"
    assert plan.parts.goldens[0].input.keys() == {"Subject_line", "text"}


def test_chats_give_their_common_system_prompt_and_questions_as_text(tmp_path):
    rows = [
        {"messages": [
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": row["text"]},
            {"role": "assistant", "content": row["label"]},
        ]}
        for row in table(300, label)
    ]  # fmt: skip
    read = [Record("chat.jsonl", number, row) for number, row in enumerate(rows, 1)]
    mapped = mapping_of(read, Mapped())
    assert mapped == Mapped()
    plan = planned(Wish(tmp_path / "chat.jsonl", tmp_path, "chat", mapped, base="org/model"), read)
    assert plan.system == "Be kind."
    assert plan.answers.labels == {"ham": 225, "spam": 75}
    assert all(isinstance(each.input, str) for each in plan.parts.goldens)
    own = planned(Wish(tmp_path / "chat.jsonl", tmp_path, "chat", mapped, system="Be short.", base="org/model"), read)
    assert own.system == "Be short."
    assert own.parts == plan.parts


def test_dialogues_of_several_turns_carry_the_system_prompt_themselves(plan_of):
    rows = [
        {"messages": [
            {"role": "user", "content": row["text"]},
            {"role": "assistant", "content": "Go on."},
            {"role": "user", "content": "And now?"},
            {"role": "assistant", "content": row["label"]},
        ]}
        for row in table(300, label)
    ]  # fmt: skip
    plan = plan_of(rows, system="Be short.")
    assert plan.parts.goldens[0].input[0] == {"role": "system", "content": "Be short."}
    assert [turn["role"] for turn in plan.parts.train[0].input] == ["system", "user", "assistant", "user"]


def test_too_few_usable_rows_are_an_error(plan_of):
    with pytest.raises(FtgateError, match="too few rows: 100 can be used, at least 280 are needed"):
        plan_of(table(100, label))
