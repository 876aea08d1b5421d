"""The page's server: who is answered, and what may be sent."""

from __future__ import annotations

import http.client
import json
import threading

import pytest

from pytest_ftgate.annotation.decision_log import DecisionLog
from pytest_ftgate.annotation.item import Item
from pytest_ftgate.annotation.review_queue import ReviewQueue
from pytest_ftgate.cli.review.web import PAGE, DeskServer
from tests.unit.annotation.review_work import TASK, items


class Browser:
    def __init__(self, server: DeskServer) -> None:
        self.server = server

    def ask(self, method: str, path: str, body: bytes | None = None, token: str | None = None, **headers: str):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.server_port, timeout=20)
        token = self.server.token if token is None else token
        connection.request(method, f"/{token}/{path}", body, {k.replace("_", "-"): v for k, v in headers.items()})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer, content

    def post(self, path: str, data: object, **headers: str):
        sent = {"Content_Type": "application/json"} | headers
        answer, content = self.ask("POST", path, json.dumps(data).encode(), **sent)
        return answer.status, json.loads(content) if answer.status in (200, 409) else content


@pytest.fixture
def browser(tmp_path):
    with DecisionLog(tmp_path / "book.jsonl") as decision_log:
        server = DeskServer(
            ReviewQueue(TASK, [*items(), Item("x", (("Question", "<script>alert(1)</script>"),))], decision_log, "ann")
        )
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            yield Browser(server)
        finally:
            server.finished.set()
            thread.join(20)
    assert not thread.is_alive()


def test_it_listens_on_this_machine_alone_under_a_random_address(browser):
    assert browser.server.server_address[0] == "127.0.0.1"
    assert len(browser.server.token) >= 32


def test_decisions_edits_and_undo_reach_the_journal(browser):
    assert browser.post("decide", {"item": "i0", "choice": "accepted"})[1]["item"]["id"] == "i1"
    status, state = browser.post("decide", {"item": "i1", "choice": "edited", "text": "{"})
    assert (status, state["note"], state["item"]["id"]) == (409, "that is no JSON", "i1")
    browser.post("decide", {"item": "i1", "choice": "edited", "text": "[1]"})
    status, state = browser.post("decide", {"item": "i1", "choice": "rejected"})
    assert (status, state["item"]["id"]) == (409, "i2")
    assert "already decided" in state["note"]
    assert browser.post("undo", {})[1]["item"]["id"] == "i1"
    assert {key: made.value for key, made in browser.server.queue.decisions.items()} == {"i0": "accepted"}


def test_finish_ends_the_server(browser):
    assert browser.post("finish", {})[0] == 200
    assert browser.server.finished.wait(20)


@pytest.mark.parametrize(
    ("token", "headers", "status"),
    [
        ("", {}, 404),
        ("wrong", {}, 404),
        ("é", {}, 404),
        (None, {"Host": "evil.example"}, 403),
        (None, {"Host": "evil.example:{port}"}, 403),
        (None, {"Origin": "http://evil.example"}, 403),
        (None, {"Origin": "null"}, 403),
        (None, {"Origin": "http://127.0.0.1:1"}, 403),
        (None, {"Sec_Fetch_Site": "cross-site"}, 403),
        (None, {"Sec_Fetch_Site": "same-site"}, 403),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nobody_else_is_answered(browser, method, token, headers, status):
    token = "%C3%A9" if token == "é" else token
    headers = {key: value.format(port=browser.server.server_port) for key, value in headers.items()}
    path, body = ("state", None) if method == "GET" else ("decide", b'{"item": "i0", "choice": "accepted"}')
    answer, content = browser.ask(method, path, body, token, Content_Type="application/json", **headers)
    assert answer.status == status
    assert b"what is" not in content
    assert browser.server.queue.done == 0


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b'{"item": "i0", "choice": "accepted"}', {"Content_Type": "text/plain"}, 415),
        (b"item=i0", {"Content_Type": "application/x-www-form-urlencoded"}, 415),
        (b"{", {"Content_Type": "application/json"}, 400),
        (b"[]", {"Content_Type": "application/json"}, 400),
        (b"", {"Content_Type": "application/json", "Content_Length": "999999999"}, 413),
        (b"", {"Content_Type": "application/json", "Content_Length": "-1"}, 411),
    ],
)
def test_what_no_page_of_ours_sends_is_refused(browser, body, headers, status):
    assert browser.ask("POST", "decide", body, **headers)[0].status == status
    assert browser.server.queue.done == 0


def test_our_own_page_is_answered(browser):
    own = f"http://127.0.0.1:{browser.server.server_port}"
    status, _ = browser.post("decide", {"item": "i0", "choice": "accepted"}, Origin=own, Sec_Fetch_Site="same-origin")
    assert status == 200


def test_the_page_loads_nothing_from_elsewhere_and_runs_no_script_but_its_own(browser):
    answer, content = browser.ask("GET", "")
    policy, text = answer.headers["Content-Security-Policy"], content.decode()
    nonce = policy.split("script-src 'nonce-")[1].split("'")[0]
    assert text.count(f'nonce="{nonce}"') == 2
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "http://" not in text
    assert "https://" not in text
    assert "alert(1)" not in text, "no item is written into the page"
    assert browser.ask("GET", "")[0].headers["Content-Security-Policy"] != policy


def test_the_script_writes_text_and_never_markup():
    script = PAGE.read_text()
    assert "textContent" in script
    assert not [
        word for word in ("innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(") if word in script
    ]


def test_unknown_paths_and_methods_are_refused(browser):
    assert browser.ask("GET", "decide")[0].status == 404
    assert browser.ask("POST", "state", b"{}", Content_Type="application/json")[0].status == 404
    assert browser.ask("DELETE", "state")[0].status == 501
