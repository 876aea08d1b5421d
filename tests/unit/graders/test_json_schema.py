"""json_schema: valid or not, closed to the world; files of specs."""

from __future__ import annotations

import json
import time
import urllib.request

import pytest

from pytest_ftgate.graders.grade import Failure, Grade, GraderError, compile_grader, resolve_spec
from tests.unit.graders.one_grade import judge, value

SCHEMA = {"type": "object", "required": ["label"], "properties": {"label": {"enum": ["spam", "ham"]}}}


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    """Fail the test if anything was fetched, even if somebody caught the error."""
    fetched = []

    def fetch(*args, **kwargs):
        fetched.append(args)
        raise OSError("there is no network")

    monkeypatch.setattr(urllib.request, "urlopen", fetch)
    yield
    assert fetched == []


@pytest.mark.parametrize(
    ("answer", "worth"),
    [
        ('{"label": "spam"}', 1),
        ('Sure!\n```json\n{"label": "ham"}\n```', 1),
        ('{"label": "eggs"}', 0),
        ("{}", 0),
        ("spam", 0),
        ("[]", 0),
    ],
)
def test_valid_or_not(answer, worth):
    assert value("json_schema", None, answer, schema=SCHEMA) == worth


def test_reason_shows_where_and_what():
    reason = judge("json_schema", None, '{"label": "eggs"}', schema=SCHEMA).reason
    assert reason == 'found \'eggs\' at $.label, expected {"enum": ["spam", "ham"]}'


@pytest.mark.parametrize(
    "reference",
    ["http://example.com/s.json", "https://example.com/s.json", "file:///etc/hostname", "other.json", "#/$defs/gone"],
)
@pytest.mark.parametrize(
    "draft", ["https://json-schema.org/draft/2020-12/schema", "http://json-schema.org/draft-07/schema#"]
)
def test_a_reference_to_the_outside_is_refused_and_never_fetched(reference, draft):
    with pytest.raises(GraderError, match=r"\$ref .* references to other files or URLs are not supported"):
        compile_grader(
            {"kind": "json_schema", "schema": {"$schema": draft, "properties": {"a": {"items": {"$ref": reference}}}}}
        )


@pytest.mark.parametrize("key", ["enum", "const", "default", "examples"])
def test_what_only_looks_like_a_reference_is_none(key):
    looks = {"$ref": "https://example.com"}
    compile_grader({"kind": "json_schema", "schema": {key: looks if key in ("const", "default") else [looks]}})


def test_references_inside_the_schema_work():
    schema = {
        "$id": "https://example.com/mine",
        "properties": {"a": {"$ref": "#/$defs/whole"}, "b": {"$ref": "whole"}},
        "$defs": {"whole": {"$id": "whole", "type": "integer"}},
    }
    assert value("json_schema", None, '{"a": 1, "b": 2}', schema=schema) == 1
    assert value("json_schema", None, '{"a": 1, "b": "2"}', schema=schema) == 0


def test_published_drafts_are_known_offline():
    assert (
        value("json_schema", None, '{"type": 3}', schema={"$ref": "https://json-schema.org/draft/2020-12/schema"}) == 0
    )


def test_draft_2020_12_is_the_default():
    prefix = {"prefixItems": [{"type": "integer"}]}
    assert value("json_schema", None, '["x"]', schema=prefix) == 0
    seven = {"$schema": "http://json-schema.org/draft-07/schema#", **prefix}
    assert value("json_schema", None, '["x"]', schema=seven) == 1


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"type": "intege"}, r"invalid schema at \$.type"),
        ({"$schema": "https://example.com/draft"}, r"unknown \$schema 'https://example.com/draft'"),
        ("{}", "schema must be a table; found '{}'"),
    ],
)
def test_bad_schemas(schema, told):
    with pytest.raises(GraderError, match=told):
        compile_grader({"kind": "json_schema", "schema": schema})


def exponential(word, last):
    """A schema that asks for 2^24 looks at one value."""
    doubled = {f"d{i}": {word: [{"$ref": f"#/$defs/d{i + 1}"}] * 2} for i in range(24)}
    return {"$defs": {**doubled, "d24": {"type": last}}, "$ref": "#/$defs/d0"}


@pytest.mark.parametrize(
    ("schema", "answer"),
    [
        ({"pattern": "(a|aa)+$"}, "a" * 200 + "!"),
        ({"patternProperties": {"(a+)+$": {"type": "integer"}}}, {"a" * 40 + "!": 1}),
        ({"patternProperties": {"^(a+)+$": {}}, "additionalProperties": False}, {"a" * 40 + "!": 1}),
        ({"propertyNames": {"pattern": "(a|aa)+$"}}, {"a" * 90 + "!": 1}),
        ({"items": {"pattern": "(a|aa)+$"}}, ["a" * 28 + "!"] * 6000),
        (exponential("allOf", "integer"), 1),
        (exponential("anyOf", "string"), 1),
        ({"uniqueItems": True}, [{"a": [i]} for i in range(30_000)]),
    ],
)
def test_a_schema_that_takes_too_long_is_a_failure_soon(schema, answer):
    begun = time.monotonic()
    outcome = judge("json_schema", None, json.dumps(answer), schema=schema, timeout_s=1)
    assert isinstance(outcome, Failure)
    assert "timed out after 1 s" in outcome.reason or "needs more than 1" in outcome.reason
    assert time.monotonic() - begun < 60, "it would take longer than the world is old"


def test_deep_nesting_in_schema_and_answer_ends_the_case_alone(tmp_path):
    assert isinstance(judge("json_schema", None, "[" * 100_000 + "]" * 100_000, schema={}), Grade)
    nested = {"$defs": {"a": {"properties": {"x": {"$ref": "#/$defs/a"}}}}, "$ref": "#/$defs/a"}
    assert isinstance(judge("json_schema", None, '{"x":' * 900 + "{}" + "}" * 900, schema=nested), Grade | Failure)
    (tmp_path / "s.json").write_text('{"allOf":[' * 3000 + "{}" + "]}" * 3000)
    with pytest.raises(GraderError, match="is not valid JSON: maximum recursion depth"):
        compile_grader({"kind": "json_schema", "file": "s.json"}, tmp_path)


def test_a_schema_without_end_is_a_failure():
    assert isinstance(judge("json_schema", None, "1", schema={"$ref": "#"}), Failure)


def test_a_file_is_read_from_the_folder_of_the_set(tmp_path):
    (tmp_path / "s.json").write_text(json.dumps(SCHEMA))
    spec = {"kind": "json_schema", "file": "s.json", "threshold": 0.5}
    assert resolve_spec(spec, tmp_path) == {"kind": "json_schema", "schema": SCHEMA, "threshold": 0.5}
    assert compile_grader(spec, tmp_path).name == "json_schema@1"


@pytest.mark.parametrize(
    ("content", "spec", "told"),
    [
        (None, {}, "s.json cannot be read: No such file"),
        ("{", {}, "s.json is not valid JSON"),
        ("{}", {"schema": {}}, "not both"),
        ("{}", {"file": 3}, "file must be a path"),
    ],
)
def test_faults_of_a_file(tmp_path, content, spec, told):
    if content is not None:
        (tmp_path / "s.json").write_text(content)
    with pytest.raises(GraderError, match=told):
        compile_grader({"kind": "json_schema", "file": "s.json", **spec}, tmp_path)


def test_a_reference_hidden_under_an_unknown_keyword_is_not_fetched_either():
    schema = {"$ref": "#/hidden", "hidden": {"$ref": "https://example.com/s.json"}}
    outcome = judge("json_schema", None, "1", schema=schema)
    assert isinstance(outcome, Failure)
    assert "Unresolvable: https://example.com/s.json" in outcome.reason
