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
    with pytest.raises(GraderError, match=r"\$ref.* references to other files or URLs are not supported"):
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
    ("schema", "answer", "worth"),
    [
        ({"pattern": "(a|aa)+$"}, "a" * 200 + "!", 0),
        ({"patternProperties": {"(a+)+$": {"type": "integer"}}}, {"a" * 40 + "!": "x"}, 1),
        ({"patternProperties": {"(a+)+$": {"type": "integer"}}}, {"a" * 40: "x"}, 0),
        ({"patternProperties": {"^(a+)+$": {}}, "additionalProperties": False}, {"a" * 40 + "!": 1}, 0),
        ({"propertyNames": {"pattern": "(a|aa)+$"}}, {"a" * 90 + "!": 1}, 0),
        ({"items": {"pattern": "(a|aa)+$"}}, ["a" * 28 + "!"] * 6000, 0),
        (exponential("allOf", "integer"), 1, 1),
        ({"uniqueItems": True}, [{"a": [i]} for i in range(30_000)], 1),
        ({"uniqueItems": True}, [*range(30_000), 7], 0),
    ],
)
def test_what_took_exponential_time_is_graded(schema, answer, worth):
    assert value("json_schema", None, json.dumps(answer), schema=schema) == worth


@pytest.mark.parametrize(
    ("schema", "answer", "why"),
    [
        (exponential("anyOf", "string"), 1, "timed out after 1 s"),
        ({"pattern": r"^(?:(a+)+\1)+$"}, "a" * 5000 + "!", "Max limit for backtracking count exceeded"),
        (
            {"patternProperties": {r"^(?:(a+)+\1)+$": False}},
            {"a" * 5000 + "!": 1},
            "Max limit for backtracking count exceeded",
        ),
    ],
)
def test_a_schema_that_takes_too_long_is_a_failure_soon(schema, answer, why):
    begun = time.monotonic()
    outcome = judge("json_schema", None, json.dumps(answer), schema=schema, timeout_s=1)
    assert isinstance(outcome, Failure)
    assert why in outcome.reason
    assert time.monotonic() - begun < 60, "it would take longer than the world is old"


ECMA_262 = [
    (r"^\d$", "3", "\u0663"),
    (r"^\d$", "3", "3\n"),
    (r"^\w$", "_", "\u00e9"),
    (r"^\s$", "\ufeff", "\x1c"),
    (r"^\s$", "\u00a0", "\x85"),
    (r"^\p{L}+$", "\u0436", "1"),
    (r"^\p{Letter}+$", "\u0436", "1"),
    (r"^\p{Script=Greek}+$", "\u03b1", "a"),
    (r"^(?<year>\d{4})$", "2026", "26"),
    (r"^\cA$", "\x01", "A"),
    (r"^\u{1F600}$", "\U0001f600", "u"),
    (r"^a\/b$", "a/b", "a"),
    (r"^.$", "\x85", "\u2028"),
    (r"^(?!x)a(?=b)", "ab", "ac"),
    (r"^(.)\1$", "aa", "ab"),
]


@pytest.mark.parametrize(("pattern", "yes", "no"), ECMA_262)
def test_patterns_mean_what_ecma_262_says(pattern, yes, no):
    for schema, wrap in (({"pattern": pattern}, lambda text: text), ({"propertyNames": {"pattern": pattern}}, _key)):
        assert value("json_schema", None, json.dumps(wrap(yes)), schema=schema) == 1
        assert value("json_schema", None, json.dumps(wrap(no)), schema=schema) == 0
    only = {"patternProperties": {pattern: {}}, "additionalProperties": False}
    assert value("json_schema", None, json.dumps({yes: 1}), schema=only) == 1
    assert value("json_schema", None, json.dumps({no: 1}), schema=only) == 0


def _key(text):
    return {text: 1}


@pytest.mark.parametrize("pattern", ["(", r"\a", "[^", r"\Z", "a{2,1}"])
@pytest.mark.parametrize("keyword", ["pattern", "patternProperties"])
def test_a_pattern_that_ecma_262_does_not_know_is_refused(pattern, keyword):
    schema = {"properties": {"a": {keyword: {pattern: {}} if keyword == "patternProperties" else pattern}}}
    with pytest.raises(GraderError, match=rf"invalid schema at \$.properties.a.{keyword}"):
        compile_grader({"kind": "json_schema", "schema": schema})


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("end", ["", "#"])
@pytest.mark.parametrize("draft", ["draft/2020-12", "draft/2019-09", "draft-07", "draft-06", "draft-04"])
def test_a_draft_is_known_however_its_address_is_written(scheme, end, draft):
    schema = {"$schema": f"{scheme}://json-schema.org/{draft}/schema{end}", "type": "integer"}
    assert value("json_schema", None, "1", schema=schema) == 1
    assert value("json_schema", None, '"a"', schema=schema) == 0


def test_formats_hold_where_the_set_asks_for_it():
    schema = {"type": "string", "format": "date"}
    for draft in ({}, {"$schema": "http://json-schema.org/draft-07/schema#"}):
        assert value("json_schema", None, '"tomorrow"', schema={**draft, **schema}) == 1
        assert value("json_schema", None, '"tomorrow"', schema={**draft, **schema}, assert_format=True) == 0
        assert value("json_schema", None, '"2026-11-28"', schema={**draft, **schema}, assert_format=True) == 1
    with pytest.raises(GraderError, match="Unknown format: 'dates'"):
        compile_grader({"kind": "json_schema", "schema": {"format": "dates"}, "assert_format": True})


@pytest.mark.parametrize(
    ("schema", "answer", "worth"),
    [
        ({"multipleOf": 0.01}, "19.99", 1),
        ({"multipleOf": 0.01}, "19.995", 0),
        ({"multipleOf": 3}, "1" + "0" * 400, 0),
        ({"multipleOf": 0.01}, "1e400", 0),
        ({"type": "integer"}, "1.0", 1),
        ({"type": "integer"}, "true", 0),
        ({"type": "integer"}, "[" * 900 + "]" * 900, 0),
        ({"maximum": 5}, "1" * 4000, 0),
        ({"maximum": 5}, "1" * 5000, 0),
        ({"minLength": 1}, '"\\ud800"', 0),
        ({}, "NaN", 0),
        ({}, '{"a": 1, "a": 2}', 0),
        ({"const": {"a": 1}}, '\ufeff{"a": 1}', 1),
    ],
)
def test_no_answer_makes_it_fail(schema, answer, worth):
    assert value("json_schema", None, answer, schema=schema) == worth


def test_deep_nesting_in_schema_and_answer_ends_the_case_alone(tmp_path):
    assert isinstance(judge("json_schema", None, "[" * 100_000 + "]" * 100_000, schema={}), Grade)
    nested = {"$defs": {"a": {"properties": {"x": {"$ref": "#/$defs/a"}}}}, "$ref": "#/$defs/a"}
    assert isinstance(judge("json_schema", None, '{"x":' * 900 + "{}" + "}" * 900, schema=nested), Grade | Failure)
    (tmp_path / "s.json").write_text('{"allOf":[' * 3000 + "{}" + "]}" * 3000)
    with pytest.raises(GraderError, match="is not valid JSON: maximum recursion depth"):
        compile_grader({"kind": "json_schema", "file": "s.json"}, tmp_path)


def test_a_schema_that_only_refers_to_itself_asks_for_nothing():
    assert value("json_schema", None, "1", schema={"$ref": "#"}) == 1


def test_a_file_is_read_from_the_folder_of_the_set(tmp_path):
    (tmp_path / "s.json").write_text(json.dumps(SCHEMA))
    spec = {"kind": "json_schema", "file": "s.json", "threshold": 0.5}
    assert resolve_spec(spec, tmp_path) == {"kind": "json_schema", "schema": SCHEMA, "threshold": 0.5}
    assert compile_grader(spec, tmp_path).name == "json_schema@2"


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
    with pytest.raises(GraderError, match=r"Retrieval is disabled, cannot fetch https://example\.com/s\.json"):
        compile_grader({"kind": "json_schema", "schema": schema})


def test_of_a_choice_the_branch_that_fits_best_is_told():
    schema = {"anyOf": [{"type": "integer"}, {"properties": {"to": {"properties": {"zip": {"type": "string"}}}}}]}
    reason = judge("json_schema", None, '{"to": {"zip": 1}}', schema=schema).reason
    assert reason == 'found 1 at $.to.zip, expected {"type": "string"}'
    tied = judge("json_schema", None, "1", schema={"anyOf": [{"type": "string"}, {"type": "object"}]}).reason
    assert tied == 'found 1 at $, expected {"anyOf": [{"type": "string"}, {"type": "object"}]}'
