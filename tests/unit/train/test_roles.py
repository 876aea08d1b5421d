"""Broken chat templates on the real tokenizer: refused before anything is trained, with the text they make."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pytest_ftgate.errors import TrainError
from pytest_ftgate.golden.case import Prompt
from pytest_ftgate.serve.chat_format import named_template
from pytest_ftgate.train.answer_alone import fault
from pytest_ftgate.train.preview import FAULT, JOB, main, preview
from pytest_ftgate.train.rendering import rendered
from pytest_ftgate.train.roles import TurnCheck, check_roles
from tests.projects import write_rows
from tests.repository import ROOT
from tests.unit.train.reads import examples_in

MODEL = ROOT / ".ftgate/models/SmolLM2-135M-Instruct"
ASKED = ("system", "user", "assistant")
CHAT = ("user", "assistant", "user", "assistant")


@pytest.fixture(scope="module")
def smollm():
    if not (MODEL / "tokenizer.json").is_file():
        pytest.skip("the base model is not there; make it with: make data")
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(MODEL)


@pytest.fixture
def with_template(smollm, monkeypatch):
    """`with_template(text)`: the real tokenizer with another chat template."""

    def change(template):
        monkeypatch.setattr(smollm, "chat_template", template)
        return smollm

    return change


def test_our_chatml_is_what_a_model_of_chatml_was_trained_with(smollm, with_template):
    """Its own template but for the system turn that this adds by itself where there is none."""
    turns = [{"role": role, "content": role} for role in ("system", *CHAT, "user")]
    own = rendered(smollm, turns, asks=True)
    assert rendered(with_template(named_template("chatml")), turns, asks=True) == own


TURN = "<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n"
ASK = "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"


def chatml(turn=TURN, ask=ASK, of="messages"):
    return "{% for m in " + of + " %}" + turn + "{% endfor %}" + ask


@pytest.mark.parametrize("roles", [ASKED, CHAT, ("user", "assistant"), ("system", *CHAT, "user", "assistant")])
def test_the_models_own_template_keeps_every_turn(smollm, roles):
    check_roles(smollm, roles)


@pytest.mark.parametrize(
    ("template", "roles", "told"),
    [
        (
            chatml(of="messages if m.role != 'system'"),
            ASKED,
            "drops turn 1 (system); rendering of system, user, assistant",
        ),
        (chatml(of="messages[-2:]"), CHAT, "drops turn 1 (user), and drops turn 2 (assistant)"),
        (
            chatml("{% if m.role == 'user' %}" + TURN + "{% endif %}" + TURN),
            ASKED,
            "renders turn 2 (user) 2 times",
        ),
        (
            chatml("<|im_start|>user\n{{ m.content }}<|im_end|>\n"),
            CHAT,
            "does not distinguish user and assist",
        ),
        (chatml(of="messages | sort(attribute='role')"), ASKED, "changes the order of the turns"),
        (
            chatml(ask=""),
            CHAT,
            "does not start the assistant turn with '<|im_start|>assistant\\n' (add_generation_prompt)",
        ),
        (
            chatml(
                "<|im_start|>{{ m.role }}\n{% if loop.last and m.role == 'assistant' %}<think></think>{% endif %}"
                "{{ m.content | trim }}<|im_end|>\n"
            ),
            CHAT,
            "writes '<think></think>' between prompt and answer, which the model would learn to say",
        ),
    ],
)
def test_a_broken_template_is_an_error_that_shows_its_text(with_template, template, roles, told):
    tokenizer = with_template(template)
    with pytest.raises(TrainError) as caught:
        check_roles(tokenizer, roles)
    assert told in str(caught.value)
    turns = [{"role": role, "content": f"turn-{number:03}-ends"} for number, role in enumerate(roles, 1)]
    assert repr(tokenizer.apply_chat_template(turns, tokenize=False)) in str(caught.value)


@pytest.mark.parametrize(
    "template",
    [
        # in the manner of Llama 2: the system turn inside the user's, no head of the assistant's turn
        "{% for m in messages %}{% if m.role == 'assistant' %} {{ m.content }}<|im_end|>"
        "{% else %}{% if m.role == 'system' %}[SYS]{{ m.content }}[/SYS]{% else %}[INST] {{ m.content }} [/INST]"
        "{% endif %}{% endif %}{% endfor %}",
    ],
)  # fmt: skip
def test_other_ways_to_write_a_conversation_are_no_faults(with_template, template):
    for roles in (ASKED, ("system", *CHAT)):
        check_roles(with_template(template), roles)


@pytest.mark.parametrize("ask", [ASK, "<|im_start|>assistant\n"], ids=["asked", "always"])
def test_a_template_that_drops_the_answer_is_told(with_template, ask):
    found, fix = fault(
        with_template(chatml(of="messages if m.role != 'assistant'", ask=ask)), [{"role": "user", "content": "hello"}]
    )
    assert found == "does not write the answer at all"
    assert "that writes the turns of the assistant" in fix


def test_a_template_is_asked_once_for_each_order_of_roles(smollm, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "pytest_ftgate.train.roles.check_turns", lambda _, turns, tools: asked.append([turn["role"] for turn in turns])
    )
    check = TurnCheck(smollm)
    for text in ("a", "b"):
        check([{"role": "user", "content": text}], {"role": "assistant", "content": text})
    assert asked == [["user", "assistant"]]


def test_the_row_that_the_template_garbles_is_named(with_template, tmp_path):
    """Only roles that the rows have are asked of it: without a system turn this template is as good as any."""
    tokenizer = with_template(chatml(of="messages if m.role != 'system'"))
    rows = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    data = [{"messages": rows}, {"messages": [{"role": "system", "content": "s"}, *rows]}]
    path = write_rows(tmp_path / "rows.jsonl", data[:1])
    assert len(examples_in(path, Prompt(), tokenizer)) == 1
    write_rows(path, data)
    with pytest.raises(TrainError, match=r"rows\.jsonl:2: the chat template drops turn 1 \(system\)") as told:
        examples_in(path, Prompt(), tokenizer)
    assert "turn-003-ends<|im_end|>" in str(told.value)


def test_a_preview_writes_what_the_trainer_will_see(make_job, tmp_path, tokenizer):
    rows = json.loads(preview(make_job(), tmp_path / "out").read_text())
    assert len(rows) == 10
    assert rows[0]["text"] == tokenizer.decode(rows[0]["tokens"])
    assert rows[0]["text"].endswith("<|im_start|>assistant\n")


def test_a_preview_tells_faults_of_the_first_rows(make_job, tmp_path, capsys):
    file = tmp_path / "bad.jsonl"
    file.write_text('{"input": "a"}\n')
    replace(make_job(), train_file=str(file)).write(tmp_path / JOB)
    assert main(tmp_path) == FAULT
    assert "bad.jsonl:1: unknown row format" in capsys.readouterr().out
