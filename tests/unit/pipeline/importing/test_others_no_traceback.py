"""Whatever stands in a file of a harness, it is carried over, named as lost, or a fault: never a traceback."""

from __future__ import annotations

import copy
import json
import random
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.pipeline.importing.deepeval import DeepevalOptions, read_deepeval
from pytest_ftgate.pipeline.importing.inspect_samples import read_inspect
from pytest_ftgate.pipeline.importing.lm_eval import read_lm_eval
from pytest_ftgate.pipeline.importing.openai import read_openai
from pytest_ftgate.pipeline.importing.write import write_golden_set

ODD: list[Any] = [None, True, 0, -1, 2.5, 1e308, "", " ", "x", "{{q}}", "{{ q", "{% if %}", "{{ item.q }}"]
ODD += ["*", "[", "\x00", "::", [], {}, [[]], [{}], [None], {"role": "user"}, ["a", "b"], {"a": 1}]
CHAT = [{"role": "system", "content": "S"}, {"role": "user", "content": [{"type": "text", "text": "q"}]}]
SAMPLES = [
    {"id": "a", "input": CHAT, "target": ["x", "y"], "metadata": {"k": "v", "n": [1]}},
    {"input": "q", "choices": ["a", "b"], "target": "A"},
]
GOLDENS = [
    {"input": "q", "expected_output": "a", "context": ["c"], "additional_metadata": {"k": "v"}},
    {"input": "r", "expected_tools": [{"name": "f", "input_parameters": {"x": 1}}]},
]
HOSTED = {
    "name": "n",
    "testing_criteria": [
        {"type": "string_check", "input": "{{sample.output_text}}", "operation": "eq", "reference": "{{item.a}}"},
        {
            "type": "text_similarity",
            "input": "{{sample.output_text}}",
            "reference": "x y z w",
            "evaluation_metric": "bleu",
            "pass_threshold": 0.5,
        },
    ],
    "data_source": {
        "input_messages": {"template": [{"role": "user", "content": "It: {{item.q}}"}]},
        "source": {"content": [{"item": {"q": "q", "a": "b"}}, {"item": {"q": "r", "a": "c"}}]},
        "sampling_params": {"temperature": 0},
    },
}
REGISTRY = {
    "t": {"id": "t.v0", "description": "d"},
    "t.v0": {
        "class": "x:Match",
        "args": {"samples_jsonl": "s.jsonl", "max_tokens": 5, "num_few_shot": 1, "few_shot_jsonl": "f.jsonl"},
    },
}
TASK = {
    "task": "t",
    "dataset_path": "json",
    "dataset_kwargs": {"data_files": {"test": "s.jsonl", "train": "f.jsonl"}},
    "test_split": "test",
    "fewshot_split": "train",
    "doc_to_text": "{{input}}",
    "doc_to_target": "ideal",
    "doc_to_choice": ["a", "b"],
    "output_type": "multiple_choice",
    "num_fewshot": 1,
    "description": "d",
    "metric_list": [{"metric": "acc"}, {"metric": "exact_match", "ignore_case": True, "regexes_to_ignore": ["x"]}],
    "filter_list": [{"name": "f", "filter": [{"function": "regex", "regex_pattern": "a (b+)"}]}],
    "generation_kwargs": {"until": ["x"], "max_gen_toks": 5, "do_sample": False},
    "repeats": 2,
}
ROWS = [{"input": "q", "ideal": "a", "sample": CHAT}, {"input": CHAT, "ideal": ["a", "b"], "sample": CHAT}]


def places(value: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [place for key in keys for place in ((*before, key), *places(value[key], (*before, key)))]


def changed(data: Any, draw: random.Random) -> Any:
    data = copy.deepcopy(data)
    *way, last = draw.choice(places(data))
    inner = data
    for key in way:
        inner = inner[key]
    inner[last] = draw.choice(ODD)
    return data


def lines(rows: list[Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def read(kind: str, folder: Path, draw: random.Random) -> Any:
    (folder / "f.jsonl").write_text(lines(ROWS[:1]))
    if kind == "inspect":
        (folder / "s.jsonl").write_text(lines(changed(SAMPLES, draw)))
        return read_inspect(folder / "s.jsonl")
    if kind == "deepeval":
        (folder / "g.json").write_text(json.dumps(changed(GOLDENS, draw)))
        return read_deepeval(folder / "g.json", DeepevalOptions(with_context=True, tools=folder / "f.json"))
    if kind == "hosted":
        (folder / "e.json").write_text(json.dumps(changed(HOSTED, draw)))
        return read_openai(folder / "e.json")
    of_rows = draw.random() < 0.4
    (folder / "s.jsonl").write_text(lines(changed(ROWS, draw) if of_rows else ROWS))
    whole = REGISTRY if kind == "registry" else TASK
    (folder / "t.yaml").write_text(yaml.safe_dump(whole if of_rows else changed(whole, draw)))
    return read_openai(folder / "t.yaml") if kind == "registry" else read_lm_eval(folder / "t.yaml")


@pytest.mark.parametrize("kind", ["inspect", "deepeval", "hosted", "registry", "lm-eval"])
def test_an_odd_value_anywhere_is_told(kind, tmp_path):
    draw, done = random.Random(11), 0
    for number in range(100):
        with tempfile.TemporaryDirectory(dir=tmp_path) as made:
            folder = Path(made)
            (folder / "f.json").write_text("[]")
            with suppress(FtgateError):
                imported = read(kind, folder, draw)
                done += 1
                if imported.cases and number % 10 == 0:
                    write_golden_set(imported, folder / "goldens/t")
    assert done > 30
