from __future__ import annotations

import pytest

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.client.sampling import NEUTRAL, sampling


def test_plain_settings():
    assert sampling(max_tokens=16) == {"max_tokens": 16, "temperature": 0.0, "seed": 0}


def test_each_draw_has_its_own_seed():
    assert sampling(max_tokens=1, seed=5, repeat=2)["seed"] == 7


def test_all_settings():
    offers = frozenset({"choice", "json_schema", "logprobs"})
    body = sampling(
        max_tokens=1, stop=["x"], choices=["a"], response_format={"type": "json_object"}, logprobs=3, offers=offers
    )
    assert body["stop"] == ["x"]
    assert body["structured_outputs"] == {"choice": ["a"]}
    assert body["response_format"] == {"type": "json_object"}
    assert (body["logprobs"], body["top_logprobs"]) == (True, 3)


@pytest.mark.parametrize(
    ("setting", "feature"),
    [({"choices": ["a"]}, "choice"), ({"logprobs": 1}, "logprobs"), ({"tools": [{"type": "function"}]}, "tools")],
)
def test_what_the_engine_cannot_do_is_refused(setting, feature):
    with pytest.raises(ServeError, match=f"'{feature}', not supported by this engine"):
        sampling(max_tokens=1, **setting)


def test_further_keys_are_sent_as_they_are():
    assert sampling(max_tokens=1, extra={"reasoning_effort": "low"}) == {
        **sampling(max_tokens=1),
        "reasoning_effort": "low",
    }


def test_the_limit_of_reasoning_models_replaces_the_other():
    body = sampling(max_tokens=1, extra={"max_completion_tokens": 2000})
    assert body == {"max_completion_tokens": 2000, "temperature": 0.0, "seed": 0}


def test_tools_are_sent_where_the_engine_can():
    tools = [{"type": "function", "function": {"name": "f"}}]
    assert sampling(max_tokens=1, tools=tools, offers=frozenset({"tools"}))["tools"] == tools


def test_only_a_vllm_of_others_is_sent_what_it_would_take_from_the_models_own_defaults():
    body = sampling(max_tokens=1, offers=frozenset({"neutral"}))
    assert body == {**NEUTRAL, **sampling(max_tokens=1)}
    assert body["repetition_penalty"] == 1.0
    own = sampling(max_tokens=1, extra={"repetition_penalty": 1.2}, offers=frozenset({"neutral"}))
    assert own["repetition_penalty"] == 1.2, "what [request] says goes before"
