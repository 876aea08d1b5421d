"""Responses -> what they used, through the numbers of a run and back."""

from pytest_ftgate.pipeline.cost.usage import Usage, read_usage, usage_of
from pytest_ftgate.serve.response import Response


def answer(n, **facts):
    return Response(f"c{n}", "m", "x", prompt_tokens=100, completion_tokens=10, **facts)


def test_usage_counts_every_answer_and_times_those_that_were_asked_for():
    traffic = {
        "model": [answer(1, queue_s=0.5, total_s=1.5), answer(2, queue_s=3.0, total_s=1.0)],
        "journal": [],
        "cache": [answer(3, queue_s=0.0, total_s=99.0)],
    }
    broken = Response("c4", "m", "", finish_reason="error", total_s=500)
    usage = usage_of({**traffic, "journal": [broken]})
    assert usage == Usage(3, 300, 30, 4.0)
    assert usage.per_hour == 2700
    assert usage.tokens_each == (100, 10)
    assert read_usage(usage.numbers("sms"), "sms") == usage
    assert read_usage(usage.numbers("sms"), "other") is None


def test_answers_of_a_cache_alone_have_no_speed():
    usage = usage_of({"cache": [answer(1)]})
    assert usage is not None
    assert usage.per_hour == 0


def test_no_answer_no_usage():
    assert usage_of({"model": [], "journal": [], "cache": []}) is None
