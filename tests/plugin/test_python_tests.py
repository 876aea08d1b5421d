"""Golden cases in ordinary Python tests: a plain assert is the grader."""

from __future__ import annotations

ECHO = [{"id": f"a{i}", "input": f"text {i}", "expected": f"text {i}"} for i in range(4)]


def test_one_test_for_each_case(project, answering):
    server = answering()
    project.golden("tiny", ECHO)
    project.write(
        "test_mine.py",
        """
        import pytest
        @pytest.mark.golden("tiny")
        def test_echo(case, response, grade):
            assert response.text == case.expected
            assert grade.passed
        """.replace("        ", ""),
    )
    result = project.run("test_mine.py", "-v")
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(["test_mine.py::test_echo?a0? PASSED*"])
    assert len(server.requests) == 4
    project.run().assert_outcomes(passed=8)
    assert len(server.requests) == 8, "an item and a test of the same case share one request"


def test_metrics_of_a_set_are_ordered_after_its_cases(project, answering):
    answering()
    project.golden("tiny", ECHO, "[gate]\n")
    project.write(
        "test_a_first.py",
        """
        import pytest
        @pytest.mark.golden("tiny")
        def test_accuracy(metrics):
            assert metrics.accuracy().value == 1.0
            assert metrics.accuracy().lower < 0.85
        """.replace("        ", ""),
    )
    result = project.run("test_a_first.py", "goldens", "-v")
    assert result.ret == 0, result.stdout.str()
    lines = [line.split(" ")[0] for line in result.outlines if "PASSED" in line]
    assert lines.index("test_a_first.py::test_accuracy") == len(ECHO)


def test_metrics_alone_ask_for_every_case(project, answering):
    server = answering()
    project.golden("tiny", ECHO)
    project.write(
        "test_m.py",
        "import pytest\n@pytest.mark.golden('tiny')\ndef test_m(metrics):\n    assert metrics.accuracy().n == 4\n",
    )
    project.run("test_m.py").assert_outcomes(passed=1)
    assert len(server.requests) == 4


def test_mistakes_are_told_without_traceback(project, answering):
    answering()
    project.golden("tiny", ECHO)
    project.write("test_a.py", "import pytest\n@pytest.mark.golden('tinny')\ndef test_a(case):\n    pass\n")
    project.write("test_b.py", "def test_b(metrics):\n    pass\n")
    project.write("test_c.py", "def test_c(training_run):\n    pass\n")
    result = project.run("test_a.py")
    assert result.ret == 2
    result.stdout.fnmatch_lines(["*no golden set 'tinny'*did you mean 'tiny'*"])
    result = project.run("test_b.py")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*pytest.mark.golden*"])
    project.run("test_c.py").assert_outcomes(skipped=1)
