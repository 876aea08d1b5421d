"""Several models and several prompts in one run: items, requests, the table, and what a comparison refuses."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from tests import projects
from tests.mock_openai import Fault, MockServer

LABELLED = "[label]\nvalues = ['spam', 'ham']\n[[gate.floor]]\nmetric = 'accuracy'\nmin = 0.5\n"
BY_PROMPT = "[prompt]\nsystem = 'base'\n[prompt.variants.v2]\nsystem = 'better'\n[prompt.variants.v3]\nexamples = [['q', 'spam']]\n"


class Models(MockServer):
    """answer(model, messages)."""

    def said(self, body):
        return self.answer(body["model"], body["messages"])


@pytest.fixture
def models(project):
    """`models(answer)`: a server with the models "alpha" and "beta"; gives (server, run) where run names the server."""
    started: list[Models] = []

    def start(answer, *names):
        server = Models(answer, models=names or ("alpha", "beta"))
        server.__enter__()
        started.append(server)

        def run(*args, models=("alpha",)):
            named = [word for name in models for word in ("--ftgate-model", name)]
            return project.pytester.runpytest_inprocess("--ftgate-base-url", server.base_url, *named, *args)

        return server, run

    yield start
    for server in started:
        server.__exit__()


def mails(n=40):
    """Every fourth one is spam; languages alternate."""
    return [
        {
            "id": f"m{i}",
            "input": f"mail {i}",
            "expected": "ham" if i % 4 else "spam",
            "slices": {"lang": "de" if i % 2 else "en"},
        }
        for i in range(n)
    ]


def number(messages):
    return int(messages[-1]["content"].removeprefix("mail "))


def right(messages):
    return "ham" if number(messages) % 4 else "spam"


def by_model(model, messages):
    """alpha is wrong on 1, 2, 3; beta on 3 and 5."""
    wrong = {"alpha": (1, 2, 3), "beta": (3, 5)}[model]
    return "spam" if number(messages) in wrong and right(messages) == "ham" else right(messages)


def by_prompt(_model, messages):
    """The own prompt is wrong on 1 to 3, v2 on 5 only, v3 as the own."""
    wrong = (5,) if messages[0]["content"] == "better" else (1, 2, 3)
    return "spam" if number(messages) in wrong else right(messages)


def requested(server):
    return sorted((body["model"], body["messages"][-1]["content"]) for body in server.requests)


def test_two_models_in_one_run_are_columns_of_one_table(project, models):
    server, run = models(by_model)
    project.golden("mail", mails(), LABELLED)
    result = run(models=("alpha", "beta"))
    assert result.ret == 0, result.stdout.str()
    assert len(server.requests) == 80
    assert {model for model, _ in requested(server)} == {"alpha", "beta"}
    result.stdout.fnmatch_lines(
        [
            "mail[[]alpha[]]: alpha, served at *",
            "mail[[]beta[]]: beta, served at *",
            "mail in 2 columns, compared on 40 cases",
            "* alpha * beta",
            "*accuracy * 0.925 [[]*[]] * 0.950 [[]*[]]",
            "*against alpha * +2.5 [[]*[]] points",
            "*fixed, broken * 2, 1",
            "*lang=de (n = 20) * 0.900 * 0.900",
            "*lang=en (n = 20) * 0.950 * 1.000",
            "*p50 latency * ms * ms",
            "*beta fixes: m1, m2",
            "*beta breaks: m5",
        ]
    )


def test_the_own_prompt_is_the_first_column_whatever_runs_first(project, models):
    _, run = models(by_model)
    project.golden("mail", mails(), "[prompt.variants.v2]\nsystem = 'Echo.'\n")
    ids = [f"goldens/mail/golden.toml::m{number}[{prompt}]" for prompt in ("v2", "base") for number in range(3)]
    run(*ids, "--ftgate-prompt", "all").stdout.fnmatch_lines(["* base * v2", "*against base *"])


def test_an_address_of_azure_is_taken(project, models):
    server, _ = models(by_model)
    project.golden("mail", mails())
    url = f"{server.base_url}?api-version=2024-10-21"
    result = project.pytester.runpytest_inprocess("--ftgate-base-url", url, "--ftgate-model", "alpha")
    assert "40 answered" in result.stdout.str()


def test_the_difference_has_tangos_interval(project, models):
    from pytest_ftgate.metrics.paired import tango_bounds

    _, run = models(by_model)
    project.golden("mail", mails(), LABELLED)
    lower, upper = tango_bounds(2, 1, 40)
    run(models=("alpha", "beta")).stdout.fnmatch_lines(
        [f"*against alpha * +2.5 [[]{100 * lower:+.1f}, {100 * upper:+.1f}[]] points"]
    )


def test_items_are_named_like_parametrized_tests_and_can_be_pasted(project, models):
    server, run = models(by_model)
    project.golden("mail", mails(), LABELLED)
    both = ("alpha", "beta")
    result = run("goldens/mail/golden.toml::m5[beta]", "-v", models=both)
    result.stdout.fnmatch_lines(["goldens/mail/golden.toml::m5[[]beta[]] FAILED*"])
    assert requested(server) == [("beta", "mail 5")]
    run("goldens/mail/golden.toml::m5", models=both).assert_outcomes(passed=1, failed=1)
    run("-k", "m5 and beta", models=both).assert_outcomes(failed=1, deselected=85)
    listed = run("--collect-only", "-q", models=both).stdout.str()
    for name in ("metric[accuracy-alpha]", "metric[accuracy-beta]", "gate[floors-alpha]", "gate[floors-beta]"):
        assert f"goldens/mail/golden.toml::{name}\n" in listed


def test_each_column_has_its_own_gate(project, models):
    _, run = models(lambda model, messages: right(messages) if model == "alpha" else "spam")
    project.golden("mail", mails(), LABELLED)
    result = run(models=("alpha", "beta"))
    assert result.ret == 1, result.stdout.str()
    result.stdout.fnmatch_lines(["FAILED goldens/mail/golden.toml::gate[[]floors-beta[]]*"])
    result.stdout.no_fnmatch_line("FAILED *alpha*")


def test_one_model_and_the_own_prompt_are_as_ever(project, models):
    _, run = models(by_model)
    project.golden("mail", mails(), LABELLED + BY_PROMPT)
    result = run("-v")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["goldens/mail/golden.toml::m0 PASSED*", "mail: alpha, served at *"])
    result.stdout.no_fnmatch_line("*columns*")
    result.stdout.no_fnmatch_line("*prompt variant*")


def test_prompts_are_columns_and_a_variant_keeps_what_it_does_not_replace(project, models):
    server, run = models(by_prompt)
    project.golden("mail", mails(), LABELLED + BY_PROMPT)
    result = run("--ftgate-prompt", "all")
    assert result.ret == 0, result.stdout.str()
    result.stdout.fnmatch_lines(
        [
            "mail in 3 columns, compared on 40 cases",
            "* base * v2 * v3",
            "*accuracy * 0.925 * 0.975 * 0.925 *",
            "*against base * +5.0 * +0.0 *",
            "*fixed, broken * 3, 1 * 0, 0",
            "*the bounds against base hold for all 2 comparisons together",
        ]
    )
    systems = [[turn["content"] for turn in body["messages"][:-1]] for body in server.requests]
    assert systems.count(["base"]) == systems.count(["better"]) == systems.count(["base", "q", "spam"]) == 40


def test_v_names_the_cases_that_changed_in_every_column(project, models):
    _, run = models(by_prompt)
    project.golden("mail", mails(), LABELLED + BY_PROMPT)
    run("--ftgate-prompt", "all", "-v").stdout.fnmatch_lines(["*v2 fixes: m1, m2, m3", "*v2 breaks: m5"])


def test_named_prompts_only(project, models):
    server, run = models(by_prompt)
    project.golden("mail", mails(), LABELLED + BY_PROMPT)
    run("--ftgate-prompt", "v2", "--ftgate-prompt", "base", "goldens/mail/golden.toml::m5").assert_outcomes(
        passed=1, failed=1
    )
    assert [body["messages"][0]["content"] for body in server.requests] == ["better", "base"]


def test_models_times_prompts(project, models):
    server, run = models(by_prompt)
    project.golden("mail", mails(), LABELLED + BY_PROMPT)
    result = run("--ftgate-prompt", "base", "--ftgate-prompt", "v2", "-v", models=("alpha", "beta"))
    assert len(server.requests) == 160
    for label in ("alpha-base", "alpha-v2", "beta-base", "beta-v2"):
        result.stdout.fnmatch_lines([f"goldens/mail/golden.toml::m0[[]{label}[]] PASSED*"])
    result.stdout.fnmatch_lines(["mail in 4 columns, compared on 40 cases"])


def test_an_added_variant_does_not_break_the_lock_and_a_run_says_what_it_asked_with(project, models):
    _, run = models(by_prompt)
    path = project.locked("mail", mails(), LABELLED + "[prompt]\nsystem = 'base'\n")
    path.write_text(path.read_text() + "[prompt.variants.v2]\nsystem = 'better'\n")
    assert run().ret == 0
    result = run("--ftgate-prompt", "v2")
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["*integrity * prompt variant 'v2', not with the set's own prompt that golden.lock accepts"]
    )


def test_journal_and_regrade_keep_the_columns_apart(project, models):
    server, run = models(by_prompt)
    project.golden("mail", mails(), LABELLED + BY_PROMPT)
    run("--ftgate-prompt", "all", models=("alpha", "beta"))
    sent = len(server.requests)
    for how in (["--ftgate-regrade", "last"], ["--ftgate-resume"]):
        again = run("--ftgate-prompt", "all", *how, models=("alpha", "beta"))
        assert len(server.requests) == sent
        again.stdout.fnmatch_lines(["mail in 6 columns, compared on 40 cases", "*fixed, broken * 3, 1 * 0, 0*"])


def test_a_variant_is_no_second_model_for_power(project, models):
    _, run = models(by_prompt)
    project.golden("mail", mails(), LABELLED + BY_PROMPT)
    run("--ftgate-prompt", "all")
    run().stdout.no_fnmatch_line("*discordance*measured*")


def test_cases_that_one_column_could_not_answer_are_left_out_of_all(project, models):
    def answer(model, messages):
        broken = model == "beta" and number(messages) == 0
        return Fault(status=400, text="no") if broken else by_model(model, messages)

    _, run = models(answer)
    project.golden("mail", mails(), LABELLED)
    run(models=("alpha", "beta")).stdout.fnmatch_lines(
        ["mail in 2 columns, compared on 39 cases of 40 (the others were not measured in all of them)"]
    )


def test_a_column_without_any_answer_hides_no_other(project, models):
    def answer(model, messages):
        return Fault(status=400, text="no") if model == "beta" else by_model("alpha", messages)

    _, run = models(answer, "alpha", "beta", "gamma")
    project.golden("mail", mails(), LABELLED)
    result = run(models=("beta", "alpha", "gamma"))
    assert result.ret == 11
    result.stdout.fnmatch_lines(
        ["mail in 3 columns, compared on 40 cases", "* alpha * gamma", "*fixed, broken * 0, 0*", "  beta: not measured"]
    )


def test_a_model_that_the_server_does_not_have_stops_its_column_only(project, models):
    server, run = models(by_model)
    project.golden("mail", mails(), LABELLED)
    result = run(models=("alpha", "nonsense"))
    assert result.ret != 0
    assert requested(server) == sorted(("alpha", f"mail {n}") for n in range(40))
    result.stdout.fnmatch_lines(["*mail[[]nonsense[]]: not asked: *nonsense*", "*accuracy * 0.925 *"])
    assert "Traceback" not in result.stdout.str()


def test_models_on_servers_of_their_own(project):
    project.golden("mail", mails(), LABELLED)
    with (
        MockServer(right, models=("alpha",)) as first,
        MockServer(lambda messages: "ham", models=("beta",)) as second,
    ):
        urls = ("--ftgate-base-url", first.base_url, "--ftgate-base-url", second.base_url)
        result = project.pytester.runpytest_inprocess(*urls, "--ftgate-model", "alpha", "--ftgate-model", "beta")
        assert (len(first.requests), len(second.requests)) == (40, 40)
        assert {body["model"] for body in second.requests} == {"beta"}
    result.stdout.fnmatch_lines([f"*asking beta, served at {second.base_url}", "*accuracy * 1.000 * 0.750 *"])


def test_models_of_one_last_part_keep_their_whole_names(project, models):
    _, run = models(lambda model, messages: right(messages), "one/chat", "two/chat")
    project.golden("mail", mails(4))
    listed = run("--collect-only", "-q", models=("one/chat", "two/chat")).stdout.str()
    assert "::m0[one/chat]" in listed
    assert "::m0[two/chat]" in listed


def test_tests_in_python_run_once_for_each_column(project, models):
    _, run = models(by_model)
    project.golden("mail", mails(8))
    project.write(
        "test_mine.py",
        "import pytest\n"
        "pytestmark = pytest.mark.golden('mail')\n"
        "def test_case(case, grade):\n    assert grade.passed\n"
        "def test_set(metrics):\n    assert metrics.accuracy().value == 0.75\n",
    )
    result = run("test_mine.py", "-v", models=("alpha", "beta"))
    result.stdout.fnmatch_lines(
        [
            "test_mine.py::test_case[[]m5-alpha[]] PASSED*",
            "test_mine.py::test_case[[]m5-beta[]] FAILED*",
            "test_mine.py::test_set[[]alpha[]] FAILED*",
            "test_mine.py::test_set[[]beta[]] PASSED*",
        ],
        consecutive=False,
    )


def test_workers_of_xdist_send_the_table(project, models):
    server, run = models(by_model)
    project.golden("mail", mails(), LABELLED)
    result = run("-n", "2", models=("alpha", "beta"))
    assert result.ret == 0, result.stdout.str()
    assert len(server.requests) == 80
    result.stdout.fnmatch_lines(["mail in 2 columns, compared on 40 cases", "*beta fixes: m1, m2"])


def test_markdown_and_junit_have_the_columns(project, models):
    _, run = models(by_model)
    project.golden("mail", mails(), LABELLED)
    run("--ftgate-markdown", "out.md", "--junitxml", "out.xml", models=("alpha", "beta"))
    page = (project.path / "out.md").read_text()
    assert "### mail in 2 columns, compared on 40 cases" in page
    assert "|  | alpha | beta |" in page
    assert "| fixed, broken |  | 2, 1 |" in page
    names = {case.get("name") for case in ET.parse(project.path / "out.xml").iter("testcase")}
    assert {"m0[alpha]", "m0[beta]", "gate[floors-beta]"} <= names


def test_the_command_line_replaces_models_of_addopts(project, models):
    server, run = models(by_model)
    project.golden("mail", mails(4))
    project.pytester.makeini("[pytest]\naddopts = -p no:randomly -p no:syrupy --ftgate-model alpha\n")
    run(models=("beta",))
    assert {body["model"] for body in server.requests} == {"beta"}


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--ftgate-model", "a", "--ftgate-model", "a"], "*'a' is named twice*"),
        (["--ftgate-base-url", "http://127.0.0.1:9/v1", "--ftgate-model", "a"], "*found 2 URLs for 1 models*"),
        (["--ftgate-model", "a", "--ftgate-model", "b", "--train"], "*--train decides on one model*"),
        (["--ftgate-model", "a", "--ftgate-model", "b", "--canary"], "*--canary decides on one model*"),
        (["--ftgate-model", "a", "--ftgate-prompt", "v2", "--train"], "*--train*own prompt; remove --ftgate-prompt*"),
    ],
)
def test_what_cannot_be_compared_is_a_usage_error(project, args, message):
    project.golden("mail", mails(4))
    result = project.pytester.runpytest_inprocess("--ftgate-base-url", "http://127.0.0.1:9/v1", *args)
    assert result.ret == 4
    result.stderr.fnmatch_lines([message])
    assert "Traceback" not in result.stderr.str() + result.stdout.str()


def test_a_variant_that_the_set_does_not_have_says_which_there_are(project, models):
    _, run = models(by_model)
    project.golden("mail", mails(4), BY_PROMPT)
    result = run("--ftgate-prompt", "v22")
    assert result.ret == 2
    result.stdout.fnmatch_lines(["goldens/mail/golden.toml:*no prompt variant 'v22'; did you mean 'v2'?"])


def test_all_prompts_of_a_set_without_variants_are_its_own(project, models):
    _, run = models(by_model)
    project.golden("mail", mails(4))
    run("--ftgate-prompt", "all", "--collect-only", "-q").stdout.fnmatch_lines(["goldens/mail/golden.toml::m0"])


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("[prompt.variants.base]\nsystem = 'x'\n", "*golden.toml:1: *'base' is reserved*"),
        ("[prompt.variants.'v 2']\nsystem = 'x'\n", "*golden.toml:1: *'v 2' contains ' '*"),
        ("[prompt.variants.v2]\nsistem = 'x'\n", "*golden.toml:2: 'sistem'*did you mean 'system'?*"),
        ("[prompt.variants.v2]\ntemplate = '{{ nothing }}'\n", "*cases.jsonl:1: 'nothing' is undefined*"),
        ("[prompt.variants.v2]\ntemplate = '{{ text'\n", "*golden.toml:2: *not valid Jinja2*"),
    ],
)
def test_faults_of_a_variant_have_their_line(project, models, toml, message):
    _, run = models(by_model)
    project.golden("mail", mails(1), toml)
    result = run("--ftgate-prompt", "v2")
    assert result.ret == 2
    result.stdout.fnmatch_lines([message])


def test_ftgate_leakage_looks_at_the_variants_too(project):
    from pytest_ftgate.cli.main import main

    question = "Which of our three warehouses keeps the replacement parts for the older coffee machines?"
    toml = f"[prompt.variants.v2]\nsystem = '''Answer briefly. {question} The one in Rotterdam, since the spring.'''\n"
    projects.write_golden(
        project.path / "goldens/parts",
        [{"id": "p1", "input": question, "expected": "The one in Rotterdam, since the spring."}],
        toml,
    )
    projects.write_rows(project.path / "train.jsonl", [{"input": "another question", "expected": "another answer"}])
    assert main(["leakage", "train.jsonl", "--goldens", "goldens/parts"]) != 0


def test_records_keep_every_column_and_each_is_compared_with_a_run_that_was_named(project, models):
    from pytest_ftgate.evaluate.records.store import RecordStore

    _, run = models(by_prompt)
    project.golden("mail", mails(), LABELLED + BY_PROMPT)
    run()
    prompts = ("--ftgate-prompt", "base", "--ftgate-prompt", "v2")
    result = run(*prompts, "--ftgate-against", "last")
    result.stdout.fnmatch_lines(["mail[[]base[]]: +0.0 points*", "mail[[]v2[]]: +5.0 points*: 3 fixed, 1 broken"])
    run(*prompts, models=("alpha", "beta"))
    kept = {(each.facts.model, each.facts.variant) for each in RecordStore(project.path / ".ftgate").all("mail")}
    assert kept == {("alpha", ""), ("alpha", "v2"), ("beta", ""), ("beta", "v2")}
