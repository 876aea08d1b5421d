"""Questions and answers of the server, as `ftgate live sample` reads them."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.front.metrics import FrontMetrics
from pytest_ftgate.serve.front.request_log import RequestLog, said_in
from tests.mock_openai import Fault
from tests.unit.serve.front.fronts import Telling, route, running
from tests.unit.serve.front.test_front import one_of_the_load


def test_answers_are_logged_with_their_version_streams_too_and_nobody_s_name(tmp_path):
    log = tmp_path / "requests.jsonl"

    class Odd(Telling):
        def said(self, body):
            return Fault(status=500, text="no") if body.get("user") == "odd" else super().said(body)

    async def ask():
        with Odd() as engine:
            async with running(log=log) as front:
                front.state.switch(route(engine, 1))
                await front.chat(user="ann@example.org")
                await front.chat(user="odd")
                await front.chat(model="unknown")
                log.rename(tmp_path / "rotated.jsonl")
                front.state.switch(route(engine, 2))
                await one_of_the_load(front, stream=True)

    asyncio.run(ask())
    lines = [(tmp_path / "rotated.jsonl").read_text(), log.read_text()]
    assert [text.count("\n") for text in lines] == [1, 1]
    for version, text in enumerate(lines, 1):
        found = json.loads(text)
        assert found.pop("at").endswith("Z")
        assert found == {
            "messages": [{"role": "user", "content": "Hi"}],
            "output": " ".join([f"ftgate-{version:020x}"] * 8),
            "model": f"spam/v{version}",
        }
    assert log.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (b'{"choices": [{"text": "yes"}]}', "yes"),
        (b'{"choices": [{"index": 1, "message": {"content": "b"}}, {"index": 0, "message": {"content": "a"}}]}', "a"),
        (b'{"choices": [{"message": {"content": null, "tool_calls": []}}]}', None),
        (b'data: {"choices": [{"delta": {"content": "a"}}]}\r\n\r\ndata: {"choices": []}\n\ndata: [DONE]\n\n', "a"),
        (b"{", None),
        (b"[1]", None),
        (b'{"choices": 3}', None),
    ],
)
def test_the_text_of_an_answer(answer, text):
    assert said_in(answer) == text


def test_a_log_that_cannot_be_written_is_refused_at_the_start(tmp_path):
    with pytest.raises(ServeError, match="cannot be written: No such file"):
        RequestLog(tmp_path / "none" / "log.jsonl", "spam", FrontMetrics(), print)


def test_a_log_that_cannot_be_written_later_fails_no_request(tmp_path):
    metrics, said = FrontMetrics(), []
    log = RequestLog(tmp_path / "log.jsonl", "spam", metrics, said.append)
    (tmp_path / "log.jsonl").unlink()
    (tmp_path / "log.jsonl").mkdir()
    for _ in range(2):
        log.write("/v1/completions", {"prompt": "Hi"}, b"{}", "v1")
    assert "ftgate_log_errors_total 2.0" in metrics.text().decode()
    [once] = said
    assert "cannot be written: Is a directory" in once


def test_odd_texts_do_not_spoil_the_log(tmp_path):
    from pytest_ftgate.data.request_log.read import read_requests

    log = RequestLog(tmp_path / "log.jsonl", "spam", FrontMetrics(), print)
    for text in ("", "half \ud800", "Win?"):
        log.write("/v1/completions", {"prompt": text}, b"{}", "v3")
    assert [each.question for each in read_requests(tmp_path / "log.jsonl")] == ["", "half ?", "Win?"]


def test_a_line_that_was_written_in_part_is_counted_and_ended(tmp_path, monkeypatch):
    said = []
    log, write = RequestLog(tmp_path / "log.jsonl", "spam", FrontMetrics(), said.append), os.write
    with monkeypatch.context() as full:
        full.setattr(os, "write", lambda file, data: write(file, data[:9]))
        log.write("/v1/completions", {"prompt": "Hi"}, b"{}", "v3")
    log.write("/v1/completions", {"prompt": "Ho"}, b"{}", "v3")
    torn, whole = (tmp_path / "log.jsonl").read_bytes().splitlines()
    assert (len(said), len(torn)) == (1, 9)
    assert json.loads(whole)["input"] == "Ho"


def test_the_live_room_reads_it(tmp_path: Path):
    from pytest_ftgate.data.request_log.read import read_requests

    log = RequestLog(tmp_path / "log.jsonl", "spam", FrontMetrics(), print)
    log.write("/v1/completions", {"prompt": "Win?"}, b'{"choices": [{"text": "yes"}]}', "v3")
    log.write("/v1/chat/completions", {"messages": [{"role": "user", "content": "Hi"}]}, b"{}", "v3")
    found = read_requests(tmp_path / "log.jsonl")
    assert [(each.output, each.model) for each in found] == [("yes", "spam/v3"), (None, "spam/v3")]
