"""python: functions of the project, what they may return, and what they may do without harm."""

from __future__ import annotations

import itertools
import os
import textwrap
import time
from pathlib import Path

import pytest

from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.grade import Failure, Grade, GraderError, Unscored, compile_grader, grade_case
from pytest_ftgate.serve.response import Response
from tests.unit.graders.one_grade import judge

NUMBERS = itertools.count()


@pytest.fixture
def calls(tmp_path, monkeypatch):
    """Write a module with a function `f` of some lines; gives its import path."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(body: str, signature: str = "case, response, **options") -> str:
        name = f"mine{next(NUMBERS)}"
        lines = textwrap.indent(textwrap.dedent(body), "    ")
        (tmp_path / f"{name}.py").write_text(f"three = 3\ndef f({signature}):\n{lines}\n")
        return f"{name}:f"

    return write


@pytest.mark.parametrize(
    ("result", "worth"),
    [
        ("True", 1),
        ("False", 0),
        ("0.25", 0.25),
        ("1", 1),
        ("__import__('numpy').float32(0.5)", 0.5),
        ("__import__('numpy').bool_(True)", 1),
    ],
)
def test_values(calls, result, worth):
    outcome = judge("python", None, "answer", call=calls(f"return {result}"))
    assert isinstance(outcome, Grade)
    assert type(outcome.value) is float
    assert outcome.value == worth


def test_it_sees_an_answer_that_only_calls_tools(calls):
    grader = compile_grader({"kind": "python", "call": calls("return response.tool_calls[0]['name'] == 'lookup'")})
    called = Response("a1", "m", "", tool_calls=({"name": "lookup", "arguments": "{}"},))
    assert grade_case([grader], Case("a1", "q"), called).passed
    assert grade_case([grader], Case("a1", "q"), Response("a1", "m", "")).reason == "the answer is empty"


def test_a_reason_may_come_with_the_value(calls):
    call = calls("return 0.5, 'half right'")
    assert judge("python", None, "a", call=call) == Grade(0.5, "half right", "python@1", passed=False)


def test_a_reason_is_one_short_line_that_steers_no_terminal(calls):
    outcome = judge(
        "python", None, "a", call=calls(r"return False, 'a\x1b]0;title\x07\n::error::b \ud800' + 'x' * 10**7")
    )
    assert outcome.reason.startswith(r"a\x1b]0;title\x07 \x3a:error::b \ud800 xx".replace(" xx", "xx"))
    assert outcome.reason.isprintable()
    assert len(outcome.reason) < 2000


def test_none_is_unscored(calls):
    call = calls("return None")
    assert judge("python", None, "a", call=call) == Unscored(f"{call} returned None", "python@1")
    call = calls("return None, 'in another language'")
    assert judge("python", None, "a", call=call) == Unscored("in another language", "python@1")


@pytest.mark.parametrize(
    "result",
    [
        *("1.5", "-0.1", "float('nan')", "float('inf')", "10**400", "'yes'", "'1'", "[1]", "[True, 'x']", "(1, 2)"),
        *("(0.5, 'a', 'b')", "__import__('numpy').array([1.0])", "{}", "1j", "object()", "case", "lambda: 1"),
    ],
)
def test_anything_else_is_a_failure(calls, result):
    call = calls(f"return {result}")
    outcome = judge("python", None, "a", call=call)
    assert isinstance(outcome, Failure)
    assert f"{call} returned" in outcome.reason


HARM = {
    "raise ValueError('no')": "ValueError: no (at ",
    "import pytest; pytest.skip('cannot')": "Skipped: cannot (at ",
    "import pytest; pytest.fail('cannot')": "Failed: cannot (at ",
    "import pytest; pytest.xfail('cannot')": "XFailed: cannot (at ",
    "import pytest; pytest.exit('bye', returncode=0)": "Exit: bye (at ",
    "import sys; sys.exit(0)": "SystemExit: 0 (at ",
    "raise KeyboardInterrupt": "KeyboardInterrupt: ",
    "raise GeneratorExit": "GeneratorExit: ",
    "raise BaseException('all')": "BaseException: all",
    "raise BaseExceptionGroup('x', [KeyboardInterrupt()])": "BaseExceptionGroup: x",
    "import asyncio; raise asyncio.CancelledError": "CancelledError: ",
    "raise StopIteration": "StopIteration: ",
    "raise MemoryError": "MemoryError: ",
    "return f(case, response)": "RecursionError: ",
    "import os; os._exit(0)": "ended the process that it runs in (exit code 0)",
    "import os; os.kill(os.getpid(), 9)": "ended the process that it runs in (signal 9)",
    "import ctypes; ctypes.string_at(0)": "ended the process that it runs in (signal 11) (at ",
    "import os; os.closerange(0, 65536)": "ended the process that it runs in",
}
"""Body of a grader -> what is reported of it."""


@pytest.mark.parametrize("body", HARM)
def test_whatever_it_does_is_a_failure_of_its_case_alone(calls, body):
    right = calls("return response.text == 'a'")
    outcome = judge("python", None, "a", call=calls(body))
    assert isinstance(outcome, Failure)
    assert HARM[body] in outcome.reason
    assert "(at " not in outcome.reason or ".py:3)" in outcome.reason
    assert judge("python", None, "a", call=right).passed


@pytest.mark.parametrize(
    "body",
    [
        "while True: pass",
        "import time; time.sleep(1000)",
        """
        while True:
            try:
                while True: pass
            except BaseException: pass
        """,
        "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65)); signal.pause()",
        "import re; re.match('(a+)+$', 'a' * 64 + '!')",
        "sum(range(10**15))",
        "import os; os.fork(); import time; time.sleep(1000)",
    ],
)
def test_one_that_hangs_is_ended(calls, body):
    call = calls(body)
    begun = time.monotonic()
    outcome = judge("python", None, "a", call=call, timeout_s=1)
    assert isinstance(outcome, Failure)
    assert outcome.reason.startswith(f"{call} timed out after 1 s (at ")
    assert time.monotonic() - begun < 60


def test_a_forked_child_does_not_come_back_into_our_code(calls):
    parent = os.getpid()
    call = calls("import os; pid = os.fork(); return pid != 0")
    assert [judge("python", None, "a", call=call).passed for _ in range(5)] == [True] * 5
    assert os.getpid() == parent


def test_it_changes_nothing_here(calls, capfd):
    call = calls(
        """
        import os, signal, sys
        case.expected.append(2)
        object.__setattr__(response, "text", "other")
        os.chdir("/")
        os.environ["CHANGED"] = "1"
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        print("::error::printed")
        os.write(2, b"::error::printed")
        sys.setrecursionlimit(50)
        return True
        """
    )
    before = (Path.cwd(), dict(os.environ), [1])
    expected = [1]
    assert judge("python", expected, "a", call=call).passed
    assert (Path.cwd(), dict(os.environ), expected) == before
    assert capfd.readouterr() == ("", "")


def test_importing_a_module_that_exits_or_hangs_is_an_error_of_the_grader(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "exits.py").write_text("raise SystemExit(0)")
    (tmp_path / "hangs.py").write_text("while True: pass")
    with pytest.raises(GraderError, match=r"exits:f cannot be imported: SystemExit: 0"):
        compile_grader({"kind": "python", "call": "exits:f"})
    with pytest.raises(GraderError, match=r"importing hangs:f timed out after 0.5 s \(at .*hangs.py:1\)"):
        compile_grader({"kind": "python", "call": "hangs:f", "timeout_s": 0.5})


@pytest.mark.parametrize("limit", [0, -1, 3601, 1e308])
@pytest.mark.parametrize(
    "spec", [{"kind": "regex"}, {"kind": "python", "call": "math:ceil"}, {"kind": "json_schema", "schema": {}}]
)
def test_time_limits_have_bounds(spec, limit):
    with pytest.raises(GraderError, match=r"timeout_s is .* must be above 0 and at most 3600"):
        compile_grader({**spec, "timeout_s": limit})


def test_case_response_and_options_are_handed_over(calls):
    call = calls("return len(response.text) >= least, case.expected", "case, response, least")
    assert judge("python", "x", "abc", call=call, options={"least": 3}) == Grade(1.0, "x", "python@1", passed=True)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("mine.f", "expected 'package.module:name'"),
        (":f", "expected 'package.module:name'"),
        ("mine:", "expected 'package.module:name'"),
        ("textwrap:g", "cannot be imported: AttributeError"),
        ("math:pi", "is 3.14.*, not callable"),
        ("no_such_module:f", "there is no module 'no_such_module'; add its folder to `pythonpath`"),
    ],
)
def test_bad_import_paths(call, told):
    with pytest.raises(GraderError, match=told):
        compile_grader({"kind": "python", "call": call})


@pytest.mark.parametrize("bytes_", ["struct.pack('!i', 100000) + b'x'", "struct.pack('!i', 8) + b'notapick'"])
def test_what_it_writes_into_a_pipe_that_it_finds_is_a_failure_and_no_wait(calls, bytes_, monkeypatch):
    monkeypatch.setattr("pytest_ftgate.graders.limited.parent._SPARE_S", 2.0)
    body = f"""
        import os, struct
        for number in range(3, 300):
            try:
                os.write(number, {bytes_})
            except OSError:
                pass
        return True
    """
    outcome = judge("python", None, "a", call=calls(body), timeout_s=3)
    assert isinstance(outcome, Failure)
    assert judge("python", None, "a", call=calls("return True")).passed, "the next one has a child of its own"


def test_a_key_across_the_end_of_a_reason_leaves_no_beginning(calls, monkeypatch):
    from pytest_ftgate.graders.limited import parent

    monkeypatch.setenv("FTGATE_API_KEY", "sk-CANARY-0123456789abcdef")
    parent._stop()  # the next child has the key in its environment
    body = "import os; return False, 'x' * 990 + os.environ['FTGATE_API_KEY']"
    outcome = judge("python", None, "a", call=calls(body))
    assert outcome.reason.endswith("x***")
    parent._stop()
