"""The cases in a real browser, from a file: filters, search, answers side by side, keys, the address, files."""

from __future__ import annotations

import csv
import json
import os
import time
from pathlib import Path

import pytest

from pytest_ftgate.evaluate.records.store import RecordStore
from pytest_ftgate.pipeline.report.html.document import document
from pytest_ftgate.pipeline.report.run_report import RunReport
from tests.chromium_here import Chromium
from tests.run_records import cases, keep, record
from tests.unit.pipeline.report.html.cases.case_runs import EVIL, MANY, run_here

IDS = "[...document.querySelectorAll('.cases-row th button')].map((each) => each.textContent)"
READY = "document.getElementById('cases')?.dataset.ready === '1'"
COUNT = "document.getElementById('cases-count').textContent"
FOCUSED = "document.activeElement.dataset.key"
OPENED = "(document.querySelector('.cases-opened')?.innerText ?? '')"


class Page:
    """The report in a browser, with the folder where its files go."""

    def __init__(self, browser: Chromium, file: Path, downloads: Path) -> None:
        self.browser, self.file, self.downloads = browser, file, downloads

    def open(self, address: str = "") -> None:
        self.browser.open("about:blank")
        self.browser.open(self.file.as_uri() + address)
        self.browser.wait(READY)

    def value(self, script: str):
        return self.browser.value(script)

    def click(self, selector: str) -> None:
        self.browser.value(f"document.querySelector({json.dumps(selector)}).click()")

    def search(self, text: str, *, regex: bool = False) -> None:
        self.browser.value(
            f"document.getElementById('cases-regex').checked !== {json.dumps(regex)} && document.getElementById('cases-regex').click()"
        )
        self.browser.value(
            f"(() => {{ const field = document.getElementById('cases-search'); field.value = {json.dumps(text)}; field.dispatchEvent(new Event('input')) }})()"
        )
        self.browser.wait(f"(new URLSearchParams(location.hash.slice(1)).get('q') ?? '') === {json.dumps(text)}")

    def export(self, title: str, name: str) -> str:
        """Press the button; what the file says."""
        self.browser.value(
            f"[...document.querySelectorAll('.cases-export button')].find((each) => each.textContent.startsWith({json.dumps(title)})).click()"
        )
        end = time.monotonic() + 60
        while not (found := [path for path in self.downloads.iterdir() if path.name.endswith(name)]):
            assert time.monotonic() < end, f"{name} did not come"
            time.sleep(0.02)
        with found[0].open(encoding="utf-8", newline="") as stream:
            return stream.read()


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    with Chromium(tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@pytest.fixture(scope="module")
def report_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    store, report = run_here(folder / "state")
    file = folder / "report.html"
    file.write_text(document(store, report), encoding="utf-8")
    return file


@pytest.fixture
def page(chromium, report_file, tmp_path):
    """The page, opened; at the end nothing was asked for from anywhere, and nothing went wrong in it."""
    chromium.requests.clear()
    chromium.complaints.clear()
    chromium.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    made = Page(chromium, report_file, tmp_path)
    made.open()
    yield made
    assert all(
        url.startswith((report_file.as_uri(), made.file.as_uri(), "about:blank", "blob:")) for url in chromium.requests
    )
    assert chromium.complaints == []


def test_what_went_wrong_comes_first_and_filters_show_a_kind(page):
    assert page.value(IDS)[:4] == ["p2", "evil", "refund", "votes"]
    assert page.value(COUNT) == f"1–100 of {MANY + 10} cases."
    assert page.value("document.querySelector('.cases-table').getAttribute('aria-rowcount')") == str(MANY + 11)
    assert page.value("document.querySelectorAll('.cases-row')[99].getAttribute('aria-rowindex')") == "101"
    assert page.value("[...document.querySelectorAll('.cases-plain')].every((each) => !each.checkVisibility())")
    counted = dict(
        page.value(
            "[...document.querySelectorAll('.cases-filters button')].map((each) => each.textContent.split(/ (?=\\d+$)/))"
        )
    )
    assert counted["All"] == str(MANY + 10)
    assert counted["Errors"] == "1"
    for name in ("broken", "fixed", "failing", "errors", "different", "right", "wrong"):
        page.click(f"[data-filter={name}]")
        page.browser.wait(
            f"location.hash === '#filter={name}' && document.querySelector('[data-filter={name}]').ariaPressed === 'true'"
        )
        title = page.value(f"document.querySelector('[data-filter={name}]').textContent.replace(/ \\d+$/, '')")
        assert f"{page.value(COUNT)} ".split(" of ")[1].split()[0] == counted[title]
    page.value("history.back()")
    page.browser.wait("location.hash === '#filter=right'")
    page.browser.wait("document.querySelector('[data-filter=right]').ariaPressed === 'true'")


def test_the_counts_of_paired_outcomes_filter_the_cases_that_they_count(page):
    links = page.value(
        "[...document.querySelectorAll('.outcome a')].map((each) => [each.hash, each.querySelector('.number').textContent])"
    )
    assert len(links) == 16, "four outcomes against champion and base model on two sets"
    for place, (address, count) in enumerate(links):
        page.value(f"document.querySelectorAll('.outcome a')[{place}].click()")
        page.browser.wait(
            f"location.hash === {json.dumps(address)} && document.querySelector('[data-filter][aria-pressed=true]').dataset.filter === {json.dumps(address[8:].split('&')[0])}"
        )
        page.browser.wait(
            f"document.getElementById('cases-count').textContent.match({'/^No case/' if count == '0' else f'/of {count} cases/'}) !== null"
        )


def test_search_by_text_and_by_regex_by_slice_and_in_groups(page):
    page.search("MAIL number 17")
    page.browser.wait(f"{IDS}.length === 11")
    page.search("number 1[12]$", regex=True)
    page.browser.wait(f'JSON.stringify({IDS}) === \'["c11","c12"]\'')
    page.search("number (", regex=True)
    page.browser.wait("document.getElementById('cases-problem').textContent.startsWith('Not a regular expression')")
    page.search("")
    page.value(
        "(() => { const list = document.getElementById('cases-slice'); list.value = 'lang = de'; list.dispatchEvent(new Event('change')) })()"
    )
    page.browser.wait(f"{COUNT}.includes('of {MANY // 2 + 1} cases')")
    page.open("#filter=all&group=lang&page=2")
    assert page.value("document.querySelector('.cases-group').textContent").startswith("lang = de · ")
    assert page.value("document.querySelectorAll('.cases-group').length") == 2
    page.open("#filter=failing&set=practice&vs=base+model")
    assert page.value(IDS) == ["p2"]
    assert page.value("document.querySelector('.cases-sign').textContent") == "✗ both wrong"


def test_an_open_case_shows_answers_side_by_side_with_words_that_differ(page):
    page.open("#filter=all&case=tickets/refund")
    text = page.value(OPENED)
    for wanted in (
        "goldens/tickets/cases.jsonl:1",
        "lang = en",
        "champion v7",
        "base model",
        "✗ not passed",
        "10 + 2 tokens",
        "0.5 s",
    ):
        assert wanted in text
    assert page.value("[...document.querySelectorAll('.cases-card ins')].map((each) => each.textContent)") == [
        "45",
        "five",
    ]
    assert page.value(
        "[...document.querySelectorAll('.cases-card:nth-child(2) del')].map((each) => each.textContent)"
    ) == ["40", "ten"]
    assert (
        page.value("[...document.querySelectorAll('mark.judged')].map((each) => each.textContent).join('')")
        == "45 euros"
    )
    page.open("#filter=all&case=tickets/refund&q=(REFUND|paid)+o&re=1")
    marked = "[...document.querySelectorAll('mark.hit')].map((each) => each.textContent)"
    assert page.value(marked) == ["refund o"] * 3
    page.open("#filter=all&case=tickets/refund&q=arrive%3F")
    assert page.value(marked) == ["arrive?"]
    page.click("#cases-only")
    page.browser.wait("document.querySelector('.cases-answer').textContent.includes(' … ')")
    assert "receipt" not in page.value("document.querySelector('.cases-card .cases-answer').textContent")
    page.open("#filter=all&case=tickets/votes")
    assert "3 repeats, 2 passed" in page.value(OPENED)
    assert page.value("document.querySelector('.cases-repeats').checkVisibility()")
    page.open("#filter=all&case=tickets/thought")
    text = page.value("document.querySelector('.cases-opened').textContent")
    for wanted in (
        "cut off at max_tokens",
        "1,200 + 64 tokens",
        "Let me think.",
        'look({"at": 1})',
        "must pass",
        "Be <b>calm</b>.",
    ):
        assert wanted in text
    page.open("#filter=all&case=tickets/long")
    assert "Cut: 20,000 of 1,140,000 characters are shown." in page.value(OPENED)


def test_keys_move_open_search_help_and_close(page):
    browser = page.browser
    for key, case in (
        ("j", "practice/p2"),
        ("j", "tickets/evil"),
        ("j", "tickets/refund"),
        ("k", "tickets/evil"),
        ("j", "tickets/refund"),
    ):
        browser.press(key)
        browser.wait(f"{FOCUSED} === {json.dumps(case)}")
    browser.press("Enter")
    browser.wait(f"{OPENED}.includes('Your refund') && {FOCUSED} === 'tickets/refund'")
    browser.press("j")
    browser.wait("document.querySelector('.cases-row.open th').innerText.startsWith('votes')")
    browser.press("Escape")
    browser.wait(f"!document.querySelector('.cases-opened') && {FOCUSED} === 'tickets/votes'")
    browser.press("/")
    browser.wait("document.activeElement.id === 'cases-search'")
    browser.press("j")
    browser.wait("document.getElementById('cases-search').value === 'j'")
    browser.press("Escape")
    browser.press("?")
    browser.wait("document.querySelector('#cases dialog').open")
    browser.press("Escape")
    browser.wait("!document.querySelector('#cases dialog').open")
    page.open("#filter=fixed&case=tickets/refund")
    assert (
        page.value("document.getElementById('cases-problem').textContent") == "Case tickets/refund is not among these."
    )
    page.open("#filter=all&case=tickets/c246")
    assert "goldens/tickets/cases.jsonl:1" in page.value(OPENED)
    page.open("#filter=all&page=3")
    assert page.value("document.querySelector('.cases-pages').innerText").startswith("Previous\n")
    assert "Page 3 of 3" in page.value("document.querySelector('.cases-pages').innerText")


def test_what_a_model_wrote_is_text(page):
    page.open("#filter=all&case=tickets/evil")
    title = page.value("document.title")
    assert page.value("document.querySelectorAll('#cases img, #cases iframe, #cases a, #cases pre script').length") == 0
    answer = page.value("document.querySelector('.cases-answer').textContent")
    shown = EVIL.translate({0x2028: "\\u2028", 0x202E: "\\u202e", 0x202C: "\\u202c", 0: "\\x00", 0xD800: "\\ud800"})
    assert answer == shown
    marked = "document.querySelectorAll('.cases-card ins, .cases-card del').length"
    assert page.value(marked) == 0, "answers that share no word are not compared"
    page.value("document.querySelector('.cases-detail').click()")
    assert "owned" not in title + page.value("document.title")


def test_files_are_made_in_the_page(page):
    failed = [json.loads(line) for line in page.export("Failed only", "failed.jsonl").rstrip().split("\n")]
    assert {each["status"] for each in failed} == {"broken", "wrong"}
    refund = next(each for each in failed if each["id"] == "refund")
    assert [answer["passed"] for answer in refund["answers"]] == [False, True, True]
    page.search("SUM")
    page.browser.wait(f"{IDS}.length === 1")
    rows = list(csv.DictReader(page.export("What is shown (CSV)", "cases.csv").splitlines()))
    assert [(row["id"], row["question"], row["answer 1"]) for row in rows] == [("formula", "'@SUM(A1)", "'=1+1")]
    assert [each["id"] for each in json.loads(page.export("What is shown (JSON)", "cases.json"))] == ["formula"]
    page.open("#filter=all")
    pairs = [json.loads(line) for line in page.export("Preference pairs", "preferences.jsonl").splitlines()]
    assert pairs == [
        {
            "prompt": [{"role": "user", "content": "text of p2"}],
            "chosen": [{"role": "assistant", "content": "p2"}],
            "rejected": [{"role": "assistant", "content": "worse"}],
        },
        {
            "prompt": [{"role": "user", "content": "text of p1"}],
            "chosen": [{"role": "assistant", "content": "better"}],
            "rejected": [{"role": "assistant", "content": "champion says no"}],
        },
    ]
    assert "Left out: tickets (decides on tickets)" in page.value("document.getElementById('cases-told').textContent")


def test_a_comment_stays_and_goes_into_a_file(page):
    page.open("#filter=all&case=tickets/refund")
    page.value("document.getElementById('cases-comment').focus()")
    page.browser.type("Expected value is outdated: </textarea>")
    page.open("#filter=all&q=outdated")
    assert page.value(IDS) == ["refund"]
    made = json.loads(page.export("Comments", "comments.jsonl"))
    assert {key: made[key] for key in ("set", "id", "line", "comment")} == {
        "set": "tickets",
        "id": "refund",
        "line": 1,
        "comment": "Expected value is outdated: </textarea>",
    }
    page.open("#filter=all&case=tickets/refund")
    assert page.value("document.getElementById('cases-comment').value").startswith("Expected")


def test_of_several_models_each_later_one_is_compared_with_the_first(page, tmp_path):
    run = keep(tmp_path, record(cases({"a": 1.0, "b": 1.0, "c": 0.0, "d": 0.0}), title="first"))
    keep(tmp_path, record(cases({"a": 0.0, "b": 1.0, "c": 1.0, "d": 0.0}), title="second"), run)
    keep(tmp_path, record(cases({"a": 1.0, "b": 0.0, "c": 0.0, "d": None}), title="third"), run)
    page.file = tmp_path / "models.html"
    report = RunReport(run=run, at=0.0, seconds=1.0, code=0)
    page.file.write_text(document(RecordStore(tmp_path), report), encoding="utf-8")
    for address, shown in (
        ("broken", ["a"]),
        ("fixed", ["c"]),
        ("broken&vs=third", ["b"]),
        ("failing", ["a", "b", "c", "d"]),
        ("errors", ["d"]),
    ):
        page.open(f"#filter={address}")
        assert page.value(IDS) == shown, address
    assert page.value("[...document.querySelectorAll('.cases-table thead th')].map((each) => each.textContent)")[
        4:
    ] == [
        "first",
        "second",
    ]


@pytest.mark.parametrize("width", [1280, 768, 390])
def test_nothing_is_wider_than_the_window(page, width):
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    page.browser.call("Emulation.setDeviceMetricsOverride", **size)
    try:
        page.open("#filter=all&case=tickets/evil")
        assert page.value("document.documentElement.scrollWidth") <= width
        if folder := os.environ.get("FTGATE_SCREENSHOTS"):
            page.browser.screenshot(Path(folder, f"cases-{width}.png"))
    finally:
        page.browser.call("Emulation.clearDeviceMetricsOverride")


def test_without_the_script_and_on_paper_what_went_wrong_is_a_plain_table(page):
    page.browser.call("Emulation.setEmulatedMedia", media="print")
    try:
        assert page.value(
            "document.querySelector('.cases-plain').checkVisibility() && !document.querySelector('.cases-app').checkVisibility()"
        )
    finally:
        page.browser.call("Emulation.setEmulatedMedia", media="")
    page.browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        page.browser.open("about:blank")
        page.browser.open(page.file.as_uri())
        page.browser.wait(
            "document.querySelector('.cases-plain caption')?.textContent.startsWith('42 of 42 cases that are not right, of 260')"
        )
        assert page.value("document.querySelector('.cases-plain').checkVisibility()")
    finally:
        page.browser.call("Emulation.setScriptExecutionDisabled", value=False)
