"""pipeline.toml: what it says, every fault at once with its line, and the job it makes."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ftgate.errors import PipelineError
from pytest_ftgate.gate.policy import Forgetting, Policy
from pytest_ftgate.pipeline.config import Pipeline, read_pipeline
from pytest_ftgate.serve.model import Model
from pytest_ftgate.train.job import Grading, TrainJob
from pytest_ftgate.train.tuning import Lora, Tuning
from tests import projects
from tests.projects import pipeline_toml
from tests.repository import ROOT

SMALLEST = pipeline_toml("sms", validation="data/validation.jsonl") + 'made_by = "python make.py"\n'
GRADING = {"graders": [{"kind": "exact"}], "label": None, "max_tokens": 16}


def write(tmp_path: Path, text: str) -> Path:
    return projects.write(tmp_path / "sms" / "pipeline.toml", text)


@pytest.fixture
def made(tmp_path) -> Pipeline:
    """The smallest pipeline with its files."""
    path = write(tmp_path, SMALLEST)
    for name in ("train.jsonl", "data/validation.jsonl", "model/config.json"):
        file = path.parent / name
        file.parent.mkdir(exist_ok=True)
        file.write_text('{"input": "a", "expected": "b"}\n')
    return read_pipeline(path)


def faults(tmp_path: Path, text: str) -> list[tuple[int, str]]:
    with pytest.raises(PipelineError) as caught:
        read_pipeline(write(tmp_path, text))
    return [(fault.line, fault.message) for fault in caught.value.faults]


def test_8_and_8_0_are_one_setting_of_one_digest(tmp_path, made):
    whole = "[train]\nlearning_rate = 1\nepochs = 3\nneftune_alpha = 5\n[lora]\nr = 4\nalpha = 8\n"
    other = whole.replace("= 1\n", "= 1.0\n").replace("= 3", "= 3.0").replace("= 5", "= 5.0")
    other = other.replace("r = 4", "r = 4.0").replace("= 8", "= 8.0")
    jobs = [read_pipeline(write(tmp_path, SMALLEST + each)).job({}, GRADING) for each in (whole, other)]
    assert jobs[0].digest == jobs[1].digest
    assert [repr(jobs[1].lora.r), repr(jobs[0].lora.alpha), repr(jobs[1].tuning.epochs)] == ["4", "8.0", "3"]


@pytest.mark.parametrize("name", ["awq", "nf4", ""])
def test_a_quantization_that_training_could_not_validate_is_refused(tmp_path, name):
    [(line, message)] = faults(tmp_path, f'{SMALLEST}[serve]\nquantization = "{name}"\n')
    assert line == 10
    assert f"'{name}'" in message.replace('"', "'")
    assert "bitsandbytes" in message


def test_the_smallest_pipeline_and_its_defaults(made):
    assert made.name == "sms"
    assert made.goldens == ("sms",)
    assert made.base_model.base == str(made.path.parent / "model")
    assert made.data_files == (made.path.parent / "train.jsonl", made.path.parent / "data" / "validation.jsonl")
    assert (made.tuning, made.lora, made.seed) == (Tuning(), Lora(), 0)
    assert (made.baseline.few_shot, made.baseline.choices, made.baseline.min_gain) == (0, (), 0.0)


def test_what_the_gate_asks(tmp_path, made):
    assert made.policy == Policy("non-inferior", None)
    text = SMALLEST + '[gate]\nmode = "superior"\n[forgetting]\ngolden = "general"\n'
    assert read_pipeline(write(tmp_path, text)).policy == Policy("superior", Forgetting("general", 0.10, required=True))
    text = SMALLEST + '[gate]\nmode = "better"\n[forgetting]\nmax_drop = 10\n'
    assert [line for line, _ in faults(tmp_path, text)] == [10, 11, 12]
    [(line, message)] = faults(tmp_path, SMALLEST + '[forgetting]\ngolden = "sms"\n')
    assert line == 10
    assert "is already in `goldens`" in message


def test_the_example_is_valid():
    example = read_pipeline(ROOT / "pipelines" / "sms_spam" / "pipeline.toml")
    assert example.goldens == ("sms_spam",)
    assert example.baseline.few_shot == 4


def test_a_key_of_another_table_is_sent_there(tmp_path):
    told = faults(tmp_path, SMALLEST + "[train]\nmax_rows = 200\n")
    assert told == [(10, "'max_rows' is not a valid key of [train]; it belongs to [data]")]


def test_all_faults_are_told_at_once_with_their_lines(tmp_path):
    text = SMALLEST + '[train]\nepoch = 2\nbatch_size = 0\nlearning_rate = "fast"\nmethod = "dora"\n[lora]\nr = 600\n'
    told = faults(tmp_path, text)
    assert [line for line, _ in told] == [10, 11, 12, 13, 15]
    assert told[0][1] == "'epoch' is not a valid key of [train]; did you mean 'epochs'?"
    assert "must be at least 1" in told[1][1]
    assert "must be one of: qlora, lora, full, dpo" in told[3][1]
    assert "must be at most 512" in told[4][1]


@pytest.mark.parametrize(
    ("key", "value", "what"),
    [("modules_to_save", '["lm_head"]', "full layers"), ("use_dora", "true", "DoRA"), ("bias", '"all"', "biases")],
)
def test_what_vllm_cannot_serve_is_refused_by_name(tmp_path, key, value, what):
    [(line, message)] = faults(tmp_path, SMALLEST + f"[lora]\n{key} = {value}\n")
    assert line == 10
    assert message.startswith(f"lora.{key} is not supported: vLLM cannot serve")
    assert what in message


def test_arguments_of_peft_and_trl_are_handed_on_or_named_with_their_line(tmp_path, made):
    text = f"{SMALLEST}[train.extra]\nadam_beta2 = 0.95\n[lora.extra]\nrank_pattern = {{ q_proj = 16 }}\n"
    read = read_pipeline(write(tmp_path, text))
    assert (read.tuning.extra, read.lora.extra) == ({"adam_beta2": 0.95}, {"rank_pattern": {"q_proj": 16}})
    told = faults(tmp_path, text.replace("adam_beta2", "adam_beta").replace("rank_pattern", "rank_patern"))
    assert told == [(12, "'rank_patern' is not a valid key of [lora.extra]; did you mean 'rank_pattern'?")]
    assert faults(tmp_path, text.replace("adam_beta2", "adam_beta"))[0][0] == 10
    assert faults(tmp_path, text.replace("rank_pattern = { q_proj = 16 }", "use_dora = true")) == [
        (12, "lora.extra.use_dora is not supported: vLLM cannot serve DoRA adapters")
    ]


def test_settings_that_exclude_each_other(tmp_path):
    text = SMALLEST.replace("[data]", 'revision = "abc"\n[data]') + '[train]\nmethod = "full"\n[lora]\nr = 8\n'
    assert [line for line, _ in faults(tmp_path, text)] == [5, 12]


def test_a_configuration_of_accelerate_is_read_into_the_job_or_its_fault_named(tmp_path, made):
    text = SMALLEST + '[train]\naccelerate_config = "two.yaml"\n'
    [(line, message)] = faults(tmp_path, text)
    assert line == text.splitlines().index('accelerate_config = "two.yaml"') + 1
    assert message.startswith("train.accelerate_config: ")
    assert message.endswith("two.yaml cannot be read: No such file or directory")
    own = made.path.parent / "two.yaml"
    digests = set()
    for processes in (2, 4):
        own.write_text(f"distributed_type: MULTI_GPU\nnum_processes: {processes}\n")
        job = read_pipeline(write(tmp_path, text)).job({}, GRADING)
        assert job.accelerate == {"distributed_type": "MULTI_GPU", "num_processes": processes}
        digests.add(job.digest)
    assert len(digests) == 2
    for where in ("", 'where = "ray"\n'):
        own.write_text("distributed_type: MULTI_GPU\nnum_machines: 2\nnum_processes: 2\n")
        [(_, message)] = faults(tmp_path, text + where)
        assert "two.yaml:2 has num_machines = 2, but such a file is started on one machine alone" in message
    own.write_text("distributed_type: MULTI_GPU\nnum_processes: 2\nmixed_precison: bf16\n")
    [(_, message)] = faults(tmp_path, text)
    assert "two.yaml:3 has the unknown key 'mixed_precison', which accelerate refuses" in message
    assert "mixed_precision" in message
    own.write_text("distributed_type: FSDP\nnum_processes: 2\n")
    [(line, message)] = faults(
        tmp_path, text.replace("[train]", '[train]\nmethod = "lora"') + '[lora]\ninit = "pissa"\n'
    )
    assert (line, message[:19]) == (text.count("\n") + 3, 'lora.init = "pissa"')


def test_columns_are_mapped_to_keys_that_are_read(tmp_path):
    text = f'{SMALLEST}[data.columns]\nprompt = "Frage"\ncompletion = "Antwort"\n'
    assert read_pipeline(write(tmp_path, text)).data.columns == {"prompt": "Frage", "completion": "Antwort"}
    line = text.splitlines().index("[data.columns]") + 1
    [(found, message)] = faults(tmp_path, text.replace("completion", "reply"))
    assert (found, message) == (line + 2, "data.columns: 'reply' is not a key of training rows")
    [(found, message)] = faults(tmp_path, text.replace("Antwort", "Frage"))
    assert (found, message) == (line + 2, "data.columns: column 'Frage' is read as two keys")


def test_several_training_files_with_weights_and_a_general_one(tmp_path):
    listed = 'train = ["train.jsonl", { file = "more.jsonl", weight = 0.5 }]\ngeneral = "g.jsonl"\ngeneral_share = 0.08'
    text = SMALLEST.replace('train = "train.jsonl"', listed)
    data = read_pipeline(write(tmp_path, text)).data
    assert [path.name for path in data.files.values()] == ["train.jsonl", "more.jsonl", "g.jsonl", "validation.jsonl"]
    assert list(data.files) == ["train.1", "train.2", "general", "validation"]
    assert (data.weights, data.general_share, data.is_mixed) == ((1.0, 0.5), 0.08, True)
    [(line, message)] = faults(tmp_path, text.replace("\ngeneral_share = 0.08", ""))
    assert (line, message) == (7, "data.general and data.general_share go together")
    [(line, message)] = faults(tmp_path, text.replace("weight = 0.5", "wieght = 0.5"))
    assert (line, message.partition(";")[0]) == (6, "'wieght' is not a valid key of a file of data.train")
    with pytest.raises(PipelineError) as caught:
        _ = read_pipeline(write(tmp_path, text)).data_files
    assert [fault.line for fault in caught.value.faults] == [6, 6, 7, 9]
    for golden in ("train.golden.jsonl", "more.golden.jsonl", "g.golden.jsonl"):
        [(_, message)] = faults(tmp_path, text.replace(golden.replace("golden.", ""), golden))
        assert "golden cases must not be trained on" in message


def test_rows_in_the_folder_of_a_golden_set_are_refused(tmp_path):
    golden = tmp_path / "goldens" / "sms" / "golden.toml"
    golden.parent.mkdir(parents=True)
    golden.touch()
    text = SMALLEST.replace('train = "train.jsonl"', 'train = "../goldens/sms/cases.jsonl"')
    [(line, message)] = faults(tmp_path, text)
    assert line == 6
    assert "golden cases must not be trained on" in message


def test_a_golden_set_itself_is_no_folder_of_rows(tmp_path):
    golden = tmp_path / "goldens" / "sms" / "golden.toml"
    golden.parent.mkdir(parents=True)
    golden.touch()
    [(line, _)] = faults(tmp_path, SMALLEST.replace('train = "train.jsonl"', 'train = "../goldens/sms"'))
    assert line == 6


@pytest.mark.parametrize(("text", "line"), [("goldens = [\n", 1), ("goldens = 1\n=\n", 2), ("\ufeffgoldens = 1", 1)])
def test_a_file_that_is_no_toml(tmp_path, text, line):
    assert faults(tmp_path, text)[0][0] == line


def test_missing_files_name_the_command_that_makes_them(tmp_path):
    pipeline = read_pipeline(write(tmp_path, SMALLEST))
    with pytest.raises(PipelineError) as caught:
        _ = pipeline.data_files
    assert [fault.line for fault in caught.value.faults] == [6, 7]
    assert "run: python make.py" in str(caught.value)
    with pytest.raises(PipelineError, match=r"base\.model: .* not found"):
        _ = pipeline.base_model


def test_a_hub_id_needs_no_folder(tmp_path):
    text = SMALLEST.replace('"./model"', '"org/model"\nrevision = "abc"')
    model = read_pipeline(write(tmp_path, text)).base_model
    assert (model.base, model.revision) == ("org/model", "abc")


@pytest.mark.parametrize(
    ("args", "key"),
    [
        ('"--dtype=half"', "[serve] dtype"),
        ('"--chat-template", "x.jinja"', "[base] chat_template"),
        ('"--default_chat_template_kwargs", "{}"', "[base] chat_template_kwargs"),
        ('"--tokenizer", "other"', "[base] model"),
        ('"--revision", "v2"', "[base] revision"),
    ],
)
def test_arguments_of_vllm_that_serve_otherwise_than_is_trained_are_refused(tmp_path, args, key):
    [(_, said)] = faults(tmp_path, SMALLEST + f"[serve]\nargs = [{args}]\n")
    assert "by which the model would be served otherwise than it is trained" in said
    with pytest.raises(PipelineError, match=re.escape(f"remove it, and set {key}")):
        read_pipeline(write(tmp_path, SMALLEST + f"[serve]\nargs = [{args}]\n"))


def test_the_server_s_arguments_and_context_travel_with_the_base_model(tmp_path, made):
    path = write(tmp_path, SMALLEST + '[serve]\nargs = ["--quantization", "fp8", "-tp", "2"]\ncontext = 4096\n')
    model = read_pipeline(path).base_model
    assert (model.arguments, model.context) == (("--quantization", "fp8", "-tp", "2"), 4096)
    assert model.digest == made.base_model.digest, "which of them count is known with the engine"
    for taken in ("--port=1", "--served_model_name", "--model"):
        [(line, said)] = faults(tmp_path, SMALLEST + f'[serve]\ncontext = 4096\nargs = ["-tp", "2", "{taken}"]\n')
        assert (line, "which is set by the plugin" in said) == (11, True)


@pytest.mark.parametrize(
    ("word", "is_now"),
    [
        ("parser.py", "{}/parser.py"),
        ("../shared/parser.py", "{}/../shared/parser.py"),
        ("--reasoning-parser-plugin=./parser.py", "--reasoning-parser-plugin={}/parser.py"),
        ('{"model": "./draft", "n": 2}', '{{"model": "{}/draft", "n": 2}}'),
        ("draft/config.json", "{}/draft/config.json"),
        ("name=./draft", "name={}/draft"),
        *((same, same) for same in ("qwen3", "org/model", "https://host/x.json", '{"method": "ngram"}', "-1", "0.9")),
    ],
)
def test_files_in_the_server_s_arguments_are_those_seen_from_the_pipeline(tmp_path, monkeypatch, word, is_now):
    monkeypatch.chdir(tmp_path)
    here = tmp_path / "sms"
    for file in ("parser.py", "../shared/parser.py", "draft/config.json"):
        projects.write(here / file, "x")
    args = json.dumps(["--option", word])
    pipeline = read_pipeline(write(tmp_path, SMALLEST + f"[serve]\nargs = {args}\n"))
    wanted = is_now if word == is_now else is_now.format(here).replace(f"{here}/..", str(tmp_path))
    assert pipeline.serve.args == ("--option", wanted)
    assert (len(pipeline.named_files) == 4) == (word != is_now), "Ray takes them along"


def test_a_file_in_the_server_s_arguments_that_is_not_there_is_a_fault(tmp_path):
    text = SMALLEST + '[serve]\nargs = ["--reasoning-parser-plugin", "parser.py", "-O", "./gone"]\n'
    assert [(line, said.rpartition("/")[2]) for line, said in faults(tmp_path, text)] == [
        (10, "gone not found"),
        (10, "parser.py not found"),
    ]


def test_a_hub_id_is_trained_at_the_commit_that_it_was_resolved_to(tmp_path):
    text = SMALLEST.replace('"./model"', '"org/model"\nrevision = "v1"')
    made = read_pipeline(write(tmp_path, text)).at("0123abcd")
    assert made.base_model.revision == "0123abcd"
    assert made.base_model.base_digest == Model("org/model", "0123abcd").base_digest


def test_preferences_have_settings_of_their_own(tmp_path):
    made = read_pipeline(write(tmp_path, SMALLEST + '[train]\nmethod = "dpo"\n'))
    assert (made.tuning.beta, made.tuning.in_4bit, made.tuning.learning_rate) == (0.1, True, 1e-5)
    text = SMALLEST + '[train]\nmethod = "dpo"\nbeta = 0.5\nload_in_4bit = false\nlearning_rate = 1e-4\n'
    made = read_pipeline(write(tmp_path, text))
    assert (made.tuning.beta, made.tuning.in_4bit, made.tuning.learning_rate) == (0.5, False, 1e-4)
    for beta in (0, 11):
        assert faults(tmp_path, SMALLEST + f'[train]\nmethod = "dpo"\nbeta = {beta}\n')[0][0] == 11


def test_odds_of_preferences_have_settings_of_their_own(tmp_path):
    made = read_pipeline(write(tmp_path, SMALLEST + '[train]\nmethod = "orpo"\nbeta = 0.2\n'))
    assert (made.tuning.beta, made.tuning.in_4bit, made.tuning.learning_rate) == (0.2, True, 8e-6)
    text = SMALLEST + '[train]\nmethod = "orpo"\nload_in_4bit = false\n[lora]\ntarget_modules = ["lm_head"]\n'
    assert not read_pipeline(write(tmp_path, text)).tuning.in_4bit
    told = faults(tmp_path, SMALLEST + '[train]\nmethod = "orpo"\npacking = true\n')
    assert told == [(11, 'train.packing requires method = "qlora" or "lora" or "full", found "orpo"')]


def test_graded_answers_have_settings_of_their_own(tmp_path):
    made = read_pipeline(write(tmp_path, SMALLEST + '[train]\nmethod = "grpo"\n')).tuning
    assert (made.generations, made.temperature, made.beta, made.learning_rate) == (8, 1.0, 0.04, 1e-5)
    assert made.step_rows == 1
    text = SMALLEST + '[train]\nmethod = "grpo"\nbatch_size = 4\ngenerations = 6\n'
    [(line, message)] = faults(tmp_path, text)
    assert line == 12
    assert message == "a step has 4 answers (batch_size 4), which is no multiple of train.generations = 6"
    text = text.replace("batch_size = 4", "batch_size = 3\ngradient_accumulation = 2")
    assert read_pipeline(write(tmp_path, text)).tuning.step_rows == 1
    [(line, message)] = faults(tmp_path, SMALLEST + '[train]\nmethod = "grpo"\nstrategy = "fsdp"\n')
    assert (line, "draws answers from the whole model" in message) == (11, True)
    told = faults(tmp_path, SMALLEST + "[train]\ngenerations = 4\n")
    assert told == [(10, 'train.generations requires method = "grpo", found "qlora"')]


def test_judged_answers_have_weights_and_batches_of_two_or_more(tmp_path):
    text = SMALLEST + '[train]\nmethod = "kto"\ndesirable_weight = 1.5\nundesirable_weight = 0.5\n'
    tuning = read_pipeline(write(tmp_path, text)).tuning
    assert (tuning.desirable_weight, tuning.undesirable_weight, tuning.beta) == (1.5, 0.5, 0.1)
    assert (tuning.learning_rate, tuning.in_4bit) == (1e-5, True)
    for key in ("desirable_weight", "undesirable_weight"):
        told = faults(tmp_path, SMALLEST + f'[train]\nmethod = "dpo"\n{key} = 2\n')
        assert told == [(11, f'train.{key} requires method = "kto", found "dpo"')]
    [(line, message)] = faults(tmp_path, SMALLEST + '[train]\nmethod = "kto"\nbatch_size = 1\n')
    assert (line, "compares each answer with another one of its batch" in message) == (11, True)
    text = SMALLEST + '[train]\nmethod = "kto"\n[lora]\ntarget_modules = ["lm_head"]\n'
    assert [line for line, _ in faults(tmp_path, text)] == [12]


def test_settings_that_the_method_does_not_look_at_are_refused(tmp_path):
    told = faults(tmp_path, SMALLEST + "[train]\nbeta = 0.2\nload_in_4bit = true\n")
    assert told[0] == (10, 'train.beta requires method = "dpo" or "kto" or "orpo" or "grpo", found "qlora"')
    assert [line for line, _ in told] == [10, 11]
    text = SMALLEST + '[train]\nmethod = "dpo"\n[lora]\ntarget_modules = ["q_proj", "lm_head"]\n'
    [(line, message)] = faults(tmp_path, text)
    assert line == 12
    assert "lm_head" in message


def test_settings_of_preferences_are_in_no_other_jobs_digest(made):
    job = made.job({}, GRADING)
    assert replace(job, tuning=replace(made.tuning, beta=0.5)).digest == job.digest
    prefers = replace(job, tuning=replace(made.tuning, method="dpo"))
    assert prefers.digest not in {job.digest, replace(prefers, tuning=replace(prefers.tuning, beta=0.5)).digest}


@pytest.mark.parametrize(("rows", "r"), [(999, 8), (1000, 16)])
def test_the_rank_follows_the_number_of_rows(rows, r):
    assert Lora().resolved(rows) == Lora(r, 2.0 * r)
    assert Lora(r=4, alpha=3.0).resolved(rows) == Lora(4, 3.0)


def test_the_job_is_known_by_its_content(made, tmp_path):
    job = made.job({}, GRADING)
    assert job.lora.r == 8
    assert not [value for value in map(str, job.to_json().values()) if "goldens" in value]
    assert made.job({}, GRADING).digest == job.digest
    moved = replace(job, train_file="/elsewhere", validation_file="/elsewhere", base="/moved", report_to=("wandb",))
    assert moved.digest == job.digest
    other = replace(made, tuning=replace(made.tuning, learning_rate=0.0))
    assert other.job({}, GRADING).digest != job.digest
    made.data.train.write_text('{"input": "a", "expected": "c"}\n')
    assert made.job({}, GRADING).digest != job.digest


@given(
    lr=st.floats(0, 1),
    epochs=st.integers(1, 99),
    modules=st.one_of(st.just("all-linear"), st.lists(st.text(min_size=1), min_size=1).map(tuple)),
    graders=st.lists(st.dictionaries(st.text(), st.integers() | st.text()), min_size=1).map(tuple),
    report=st.lists(st.text(min_size=1)).map(tuple),
)
def test_a_job_survives_json(lr, epochs, modules, graders, report):
    job = TrainJob(
        name="x",
        base="b",
        base_digest="1",
        train_file="t",
        validation_file="v",
        train_digest="2",
        validation_digest="3",
        grading=Grading(graders, {"path": "", "values": ["a", "b"]}, 16),
        tuning=replace(Tuning(), learning_rate=lr, epochs=epochs),
        lora=Lora(4, 8.0, 0.1, modules),
        report_to=report,
    )
    assert TrainJob.from_json(job.to_json()) == job
    assert TrainJob.from_json(job.to_json()).digest == job.digest


def test_a_split_and_its_faults(tmp_path):
    assert read_pipeline(write(tmp_path, SMALLEST)).ab is None
    plan = read_pipeline(write(tmp_path, SMALLEST + '[ab]\nshare = 0.05\nexposures = "../log.jsonl"\n')).ab
    assert plan is not None
    assert (plan.share, plan.outcome, plan.window_hours, plan.margin, plan.required) == (0.05, "graded", 24, 0, False)
    assert plan.exposures is not None
    assert plan.exposures.resolve() == tmp_path / "log.jsonl"
    told = faults(tmp_path, SMALLEST + '[ab]\nshare = 5\noutcome = "yes"\nmargin = -1\n')
    assert [line for line, _ in told] == [10, 11, 12]
    assert faults(tmp_path, SMALLEST + "[ab]\nmargin = 0.1\n")[0][1] == "[ab] needs 'share'; found: margin"
    told = faults(tmp_path, SMALLEST + "[ab]\nshare = 0.05\nrequired = true\n")
    assert told == [(11, "ab.required requires exposures")]


@pytest.mark.parametrize("name", ["ftgate-lock.sms", "-sms", "a b", "a" * 121])
def test_a_folder_whose_name_no_task_can_have_is_refused(tmp_path, name):
    path = projects.write(tmp_path / name / "pipeline.toml", SMALLEST)
    with pytest.raises(PipelineError, match=r"pipeline name '.*\n    rename the folder"):
        read_pipeline(path)


def test_keys_of_peft_that_ask_for_nothing_are_no_fault(tmp_path):
    read = read_pipeline(write(tmp_path, f'{SMALLEST}[lora.extra]\nuse_dora = false\nbias = "none"\n'))
    assert read.lora.extra == {}
