"""[base] chat_template, chat_template_kwargs, date: what they make, every fault of them, and requests against them."""

from __future__ import annotations

import pytest

from pytest_ftgate.errors import PipelineError
from pytest_ftgate.evaluate.suite import load_suite
from pytest_ftgate.pipeline.base_chat import check_requests
from pytest_ftgate.pipeline.config import read_pipeline
from pytest_ftgate.pipeline.discovery import Catalogue
from pytest_ftgate.pipeline.golden_sets import GoldenSets
from pytest_ftgate.pipeline.training_runs import TrainingRuns
from pytest_ftgate.serve.chat_format import ChatFormat, named_template
from tests.projects import lock, write, write_golden, write_model, write_pipeline, write_rows


def pipeline(tmp_path, base):
    """A pipeline whose table [base] has these lines too, from line 5 on."""
    folder = tmp_path / "sms"
    write_model(folder / "model")
    for name in ("train.jsonl", "validation.jsonl"):
        write_rows(folder / name, [{"input": "a", "expected": "b"}])
    path = write_pipeline(folder, "sms")
    head, middle, rest = path.read_text().partition('model = "./model"\n')
    return read_pipeline(write(path, head + middle + base + rest))


def test_without_a_word_it_is_the_tokenizers_own(tmp_path):
    made = pipeline(tmp_path, "")
    assert made.chat == made.base_model.chat == made.job({}, {"graders": []}).chat == ChatFormat()


def test_the_model_and_the_job_have_what_base_says(tmp_path):
    write(tmp_path / "sms/own.jinja", "{% for m in messages %}{% generation %}{{ m.content }}{% endgeneration %}"
          "{% continue %}{% endfor %}{{ thinking }}")  # fmt: skip
    made = pipeline(
        tmp_path,
        'chat_template = "./own.jinja"\nchat_template_kwargs = { thinking = false, a = "ä" }\ndate = "2025-01-31"\n',
    )
    assert made.chat.template.endswith("{{ thinking }}")
    assert made.chat.kwargs == {"thinking": False, "a": "ä"}
    assert made.chat.date == "2025-01-31"
    job = made.job({}, {"graders": []})
    assert made.base_model.chat == job.chat == made.chat
    plain = pipeline(tmp_path, "")
    assert made.base_model.digest != plain.base_model.digest
    assert job.digest != plain.job({}, {"graders": []}).digest


def test_a_template_of_ours_by_its_name(tmp_path):
    assert pipeline(tmp_path, 'chat_template = "chatml"\n').chat.template == named_template("chatml")


@pytest.mark.parametrize(
    ("base", "told"),
    [
        ('chat_template = "chatlm"', "sms/pipeline.toml:5: base.chat_template is 'chatlm', expected \"chatml\" or a f"),
        (
            'chat_template = "./gone.jinja"',
            "sms/pipeline.toml:5: base.chat_template: sms/gone.jinja not found\n    corr",
        ),
        ('chat_template = "./empty.jinja"', "sms/empty.jinja: base.chat_template is empty"),
        ('chat_template = "./bad.jinja"', "sms/bad.jinja:2: base.chat_template is no valid Jinja: "),
        ("chat_template_kwargs = { messages = 1 }", "sms/pipeline.toml:5: base.chat_template_kwargs: 'messages' is s"),
        ('chat_template_kwargs = { "a b" = 1 }', "sms/pipeline.toml:5: base.chat_template_kwargs: 'a b' is no name"),
        ("chat_template_kwargs = { a = nan }", "sms/pipeline.toml:5: base.chat_template_kwargs"),
        ('date = "tomorrow"', 'pipeline.toml:5: base.date must be a date like "2025-01-31"; found "tomorrow"'),
        ('date = "2025-02-30"', "sms/pipeline.toml:5: base.date is '2025-02-30', which is no day of the calendar"),
    ],
)
def test_each_fault_has_its_line(tmp_path, monkeypatch, base, told):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "sms/bad.jinja", "{% for m in messages %}\n{{ m.content }\n{% endfor %}")
    write(tmp_path / "sms/empty.jinja", "\n")
    with pytest.raises(PipelineError) as caught:
        pipeline(tmp_path, base + "\n")
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("base", "asked", "told"),
    [
        ("", "enable_thinking = false", "sets enable_thinking = False, but the pipeline sets none"),
        ("enable_thinking = true", "enable_thinking = false", "but [base] chat_template_kwargs of the pipeline has Tr"),
        ("enable_thinking = false", "enable_thinking = false", ""),
        ("enable_thinking = false", "", ""),
    ],
)
def test_a_request_that_differs_from_what_is_trained_is_refused(tmp_path, base, asked, told):
    made = pipeline(tmp_path, f"chat_template_kwargs = {{ {base} }}\n")
    extra = f"[request.extra]\nchat_template_kwargs = {{ {asked} }}\n" if asked else ""
    suite = load_suite(write_golden(tmp_path / "golden/sms", [{"input": "a", "expected": "b"}], extra))
    if not told:
        check_requests(made.chat, [suite])
        return
    with pytest.raises(PipelineError) as caught:
        check_requests(made.chat, [suite])
    assert told in str(caught.value)
    assert "golden.toml:2: " in str(caught.value)


@pytest.mark.parametrize(
    ("base", "asked", "told"),
    [
        ("", 'reasoning_effort = "low"', "[request.extra] sets reasoning_effort = 'low', but the pipeline sets none"),
        ('reasoning_effort = "high"', 'reasoning_effort = "low"', "of the pipeline has 'high'"),
        ('reasoning_effort = "low"', 'reasoning_effort = "low"', ""),
        (
            'reasoning_effort = "low", enable_thinking = false',
            'reasoning_effort = "low"',
            "[request.extra] reasoning_effort sets enable_thinking = True, but",
        ),
        ("", 'chat_template = "{{ messages }}"', "[request.extra] sets chat_template: the model would be trained on"),
        ("", "add_generation_prompt = false", "[request.extra] sets add_generation_prompt: "),
        ("", "continue_final_message = true", "[request.extra] sets continue_final_message: "),
        ("", "documents = []", "[request.extra] sets documents: "),
        ("", "max_completion_tokens = 20", ""),
    ],
)
def test_other_keys_of_a_request_that_make_another_prompt_are_refused(tmp_path, base, asked, told):
    made = pipeline(tmp_path, f"chat_template_kwargs = {{ {base} }}\n")
    extra = f"[request.extra]\nmin_p = 0.1\n{asked}\n"
    suite = load_suite(write_golden(tmp_path / "golden/sms", [{"input": "a", "expected": "b"}], extra))
    if not told:
        check_requests(made.chat, [suite])
        return
    with pytest.raises(PipelineError) as caught:
        check_requests(made.chat, [suite])
    assert told in str(caught.value)
    assert "golden.toml:3: " in str(caught.value)


def test_a_run_that_trains_looks_at_the_requests_of_its_golden_sets(tmp_path):
    pipeline(tmp_path / "pipelines", "chat_template_kwargs = { enable_thinking = true }\n")
    extra = "[request.extra]\nchat_template_kwargs = { enable_thinking = false }\n"
    lock(write_golden(tmp_path / "goldens/sms", [{"input": "a", "expected": "b"}], extra))
    catalogue = Catalogue((tmp_path / "goldens",), (tmp_path / "pipelines",))
    golden_sets = GoldenSets(catalogue, None, lambda _: pytest.fail("no judge is asked"), str)
    runs = TrainingRuns(catalogue, golden_sets, *3 * [lambda *_: pytest.fail("nothing is begun")])
    with pytest.raises(PipelineError, match="sets enable_thinking = False, but"):
        runs.run("sms")


def test_a_template_that_was_emptied_meanwhile_is_not_the_tokenizers(tmp_path):
    file = write(tmp_path / "sms/own.jinja", "{{ messages }}")
    made = pipeline(tmp_path, 'chat_template = "./own.jinja"\n')
    file.write_text("")
    with pytest.raises(PipelineError, match=r"base\.chat_template is empty"):
        _ = made.chat
