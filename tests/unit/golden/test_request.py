"""[request]: reasoning, tools and further keys of the body; what each changes in digests."""

from __future__ import annotations

import pytest

from pytest_ftgate.evaluate.responses import sampling_digest
from pytest_ftgate.evaluate.suite import Suite, load_suite
from pytest_ftgate.golden.spec import read_golden
from tests.unit.golden.golden_files import CASE, folder

pytestmark = pytest.mark.usefixtures("in_tmp")

TOOL = '{type = "function", function = {name = "lookup"}}'


def suite(more: str = "", case: str = CASE) -> Suite:
    path = folder(f"[request]\n{more}\n", case)
    try:
        return load_suite(path)
    finally:
        for file in path.iterdir():
            file.unlink()
        path.rmdir()
        path.parent.rmdir()


def test_the_new_keys_are_read():
    request = suite(f'reasoning = "keep"\ntools = [{TOOL}]\nextra = {{reasoning_effort = "low"}}').golden.request
    assert request.reasoning == "keep"
    assert request.tools == ({"type": "function", "function": {"name": "lookup"}},)
    assert request.extra == {"reasoning_effort": "low"}


@pytest.mark.parametrize("more", ['reasoning = "keep"', f"tools = [{TOOL}]", "[request.extra]\nreasoning_effort = 1"])
def test_each_is_part_of_the_digests_that_tell_answers_and_locks_apart(more):
    plain, other = suite(), suite(more)
    assert sampling_digest(plain) != sampling_digest(other)
    assert plain.settings_digest != other.settings_digest


def test_what_is_set_to_its_default_changes_no_lock():
    assert suite().settings_digest == suite('reasoning = "split"\n[request.extra]').settings_digest


def test_the_tools_of_a_case_are_part_of_what_it_asks():
    own = '{"input": "hi", "expected": "x", "tools": [{"type": "function", "function": {"name": "f"}}]}\n'
    plain, tools = (suite(case=case).cases[0] for case in ('{"input": "hi", "expected": "x"}\n', own))
    assert tools.tools[0]["function"]["name"] == "f"
    assert len({plain.asked_digest, tools.asked_digest}) == len({plain.digest, tools.digest}) == 2
    assert plain.id != tools.id


@pytest.mark.parametrize(
    ("key", "said", "fix"),
    [
        ('model = "x"', "the model under test is named by", "remove it"),
        ("messages = []", "made from [prompt]", "remove it"),
        ("temperature = 1.0", "the plugin sets it", "write `temperature` in [request]"),
        ("max_tokens = 5", "the plugin sets it", "write `max_tokens` in [request]"),
        ("top_logprobs = 5", "the plugin sets it", "write `logprobs` in [request]"),
        ("stream = true", "the plugin sets it", "write `stream` in [request]"),
        ("n = 2", "the plugin sets it", "write `repeats` in [request]"),
    ],
)
def test_what_the_plugin_sets_itself_is_refused_in_its_line(key, said, fix):
    [fault] = read_golden(folder(f"[request]\nseed = 1\n[request.extra]\n{key}\n")).faults
    assert (fault.path, fault.line) == ("goldens/sms/golden.toml", 4)
    assert said in fault.message
    assert fault.fix == fix


def test_a_grammar_of_the_servers_own_is_allowed_without_choices():
    extra = '[request.extra]\nstructured_outputs = {regex = "a+"}\n'
    assert not read_golden(folder(extra)).faults


def test_a_grammar_beside_choices_is_refused():
    [fault] = read_golden(folder('[request]\nchoices = ["a"]\nextra = {structured_outputs = {regex = "a"}}\n')).faults
    assert (fault.line, "beside `choices`" in fault.message) == (3, True)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('reasoning = "hide"', "request.reasoning"),
        ("tools = []", "request.tools"),
        ('tools = [{type = "function"}]', "function"),
        ("extra = {day = 2024-01-01}", "request.extra.day"),
        ("extra = 5", "request.extra must be"),
    ],
)
def test_what_is_no_such_setting_is_a_fault_in_its_line(line, said):
    faults = read_golden(folder(f"[request]\n{line}\n")).faults
    assert [fault.line for fault in faults] == [2] * len(faults)
    assert said in faults[0].message
