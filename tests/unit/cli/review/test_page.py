"""The page in a real browser: keys, an edit, and texts that would like to be more than texts."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from pytest_ftgate.annotation.decision_log import DecisionLog
from pytest_ftgate.annotation.item import Item
from pytest_ftgate.annotation.review_queue import ReviewQueue
from pytest_ftgate.cli.review.web import DeskServer
from tests.chromium_here import CTRL, Chromium
from tests.unit.annotation.review_work import TASK, items

EVIL = Item(
    "evil",
    (
        ("Question", "<script>document.title = 'owned'</script><img src=x onerror=\"document.title = 'owned'\">"),
        ("Answer A", "</p></section><iframe src='javascript:1'></iframe>"),
        ("Answer B", "{{nonce}} \u202e ${document.title = 'owned'}"),
    ),
)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    with Chromium(tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@pytest.fixture
def page(chromium, tmp_path):
    """page(items) -> the browser on the page of a queue with these, and the queue."""
    opened = []

    def start(work):
        decision_log = DecisionLog(tmp_path / "book.jsonl").__enter__()
        server = DeskServer(ReviewQueue(TASK, work, decision_log, "ann"))
        thread = threading.Thread(target=server.run)
        thread.start()
        opened.append((decision_log, server, thread))
        chromium.requests.clear()
        chromium.complaints.clear()
        chromium.open(server.url)
        chromium.wait("state && document.querySelectorAll('#parts .part').length > 0")
        return chromium, server

    yield start
    for decision_log, server, thread in opened:
        server.finished.set()
        thread.join(20)
        decision_log.__exit__(None, None, None)


def shown(text: str) -> str:
    return f"document.getElementById('parts').textContent.includes({json.dumps(text)})"


def test_keys_decide_edit_undo_and_finish(page):
    browser, server = page(items())
    queue = server.queue
    browser.wait(shown("what is 0?"))
    browser.press("a")
    browser.wait(shown("what is 1?"))
    browser.press("e")
    browser.wait("document.activeElement.id === 'text'")
    assert browser.value("document.getElementById('text').value") == '{"n": 1}'
    browser.press("r")
    assert queue.done == 1, "letters typed into the text decide nothing"
    browser.press("Enter", CTRL)
    browser.wait("document.getElementById('note').textContent === 'that is no JSON'")
    browser.value("document.getElementById('text').select()")
    browser.type('{"n": 9}')
    browser.press("Enter", CTRL)
    browser.wait(shown("what is 2?"))
    browser.press("r")
    browser.wait("document.getElementById('question').textContent.startsWith('All done')")
    browser.press("u")
    browser.wait(shown("what is 2?"))
    browser.press("e")
    browser.press("Escape")
    browser.wait("document.getElementById('edit').hidden")
    assert {key: (made.value, made.text) for key, made in queue.decisions.items()} == {
        "i0": ("accepted", None),
        "i1": ("edited", '{"n": 9}'),
    }
    browser.press("q")
    browser.wait("document.getElementById('question').textContent.startsWith('Finished')")
    assert server.finished.wait(60)


def test_text_stays_text_and_nothing_is_loaded_from_elsewhere(page):
    browser, server = page([EVIL])
    assert browser.value("document.title") == "work"
    assert browser.value("document.querySelectorAll('#parts img, #parts iframe, #parts script').length") == 0
    assert browser.value(shown("<img src=x onerror"))
    assert browser.value(shown("{{nonce}}"))
    assert browser.value("document.getElementById('parts').classList.contains('pair')")
    browser.value("document.getElementById('parts').innerHTML = '<img src=nowhere onerror=\"document.title=1\">'")
    browser.value("fetch('http://127.0.0.1:9/').catch(() => { document.title = 'refused' })")
    browser.wait("document.title === 'refused'")
    assert all(url.startswith((server.url, "data:")) or url == "http://127.0.0.1:9/" for url in browser.requests)
    assert any("Content Security Policy" in text for text in browser.complaints), "the policy is in force"


def test_a_click_decides_too_and_the_page_as_it_looks(page):
    pair = Item(
        "pair",
        (("Question", "Capital of France?"), ("Answer A", "Paris."), ("Answer B", "It is Paris, of course: " * 8)),
    )
    browser, server = page([pair, *items(1)])
    if folder := os.environ.get("FTGATE_SCREENSHOTS"):
        browser.screenshot(Path(folder, "pair.png"))
    browser.value("document.querySelectorAll('#buttons button')[2].click()")
    browser.wait(shown("what is 0?"))
    assert [made.value for made in server.queue.decisions.values()] == ["rejected"]
    browser.press("e")
    browser.wait("!document.getElementById('edit').hidden")
    if folder:
        browser.screenshot(Path(folder, "edit.png"))
    assert browser.complaints == []
