"""The whole page: nothing empty, nothing executed, nothing fetched, and made for everybody to read."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from html.parser import HTMLParser
from importlib.resources import files

import pytest
from markupsafe import Markup

from pytest_ftgate.pipeline.report.html.page import page
from tests.unit.pipeline.report.html.reports import (
    EVIL,
    check,
    columns,
    difference,
    fact,
    leak,
    move,
    pipeline,
    run,
    score,
    verdict,
)


def everything(text: str = "x"):
    """A run with all sections; text: what a model or a user could have written, everywhere."""
    part = [{"slice": f"lang={text}", "n": 60, "value": 0.7, "lower": 0.6, "upper": 0.8}]
    matrix = {"rows": [text, "ham"], "columns": [text, "ham"], "cells": [[0, 0, 3], [1, 1, 2]]}
    change = {"set": "mail", "title": text, "text": text, "gain": 0.1, "lower": 0.0, "upper": 0.2}
    told = {"set": "mail", "asked": 8, "n": 8, "unmeasured": [text], "columns": [{"label": text}]}
    judge = {
        "names": [text],
        "judge": text,
        "digest": "d",
        "models": ["m"],
        "bills": [{"text": text}],
        "same_family": [text],
        "reasons": {text: 1},
    }
    judge |= dict.fromkeys(("again", "refused", "invalid", "broken", "questions", "unscored", "pairs", "flips"), 0)
    return run(
        train=True,
        nights=[{"task": text, "version": 1, "kind": "drift", "reason": text, "lines": [text], "of": text}],
        verdicts=[verdict("REJECT", reason=f"{text}\n{text}", warnings=[text])],
        sets=[fact(path=text)],
        scores=[score(title=text, slices=part, matrix=matrix)],
        checks={
            "mail": [
                difference("champion", "reject", -0.1, margin=0.03) | {"reason": text},
                check("admission", "hold", text),
            ]
        },
        changed=[change | {"fixed": [text], "broken": []}],
        columns=[told],
        judges=[judge],
        data=[{"task": text, "check": text, "level": "error", "rows": 3, "text": text}],
        pipelines=[
            pipeline(leaks=[leak(span=text, before=text)], params={text: text}, history=[move("promote", 1)], base=text)
        ],
        missed=[{"test": text}],
        about={"args": [text], "git": text, "dirty": False, "packages": {text: text}},
    )


class Outline(HTMLParser):
    """Headings, tables and pictures of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.levels: list[int] = []
        self.ids: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        known = dict(attrs)
        self.tags.append((tag, known))
        self.ids += [known["id"]] if "id" in known else []
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))


def test_a_run_that_only_passed_has_nothing_empty():
    text = page(run(), Markup(""))
    assert re.findall('<section id="([a-z]+)"', text) == ["facts"]
    assert "<tbody>\n</tbody>" not in text


def test_what_anybody_wrote_is_text():
    text = page(everything(EVIL), Markup(""))
    assert "<script" not in text
    assert "<img" not in text
    assert text.count("&lt;script&gt;") > 20


def test_nothing_is_fetched_and_only_our_scripts_run():
    text = page(everything(), Markup("<p>cases</p>"), ["let a = '<b>';"])
    assert not re.search(r'(src|href)="(?!#)', text)
    assert "url(" not in text
    assert "@import" not in text
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
    assert policy.startswith("default-src &#39;none&#39;")
    digest = b64encode(hashlib.sha256(b"let a = '<b>';").digest()).decode()
    assert policy.endswith(f"script-src &#39;sha256-{digest}&#39;")
    assert "<script>let a = '<b>';</script>" in text
    assert "script-src &#39;none&#39;" in page(run(), Markup(""))


def test_the_cases_stand_between_what_they_explain():
    names = re.findall('<section id="([a-z]+)"', page(everything(), Markup("<p>cases</p>")))
    assert names[:3] == ["canary", "checks", "sets"]
    assert names.index("sets") < names.index("slices") < names.index("cases") < names.index("data")
    assert names[-2:] == ["history", "facts"]


def test_headings_tables_and_pictures_can_be_read_by_all():
    outline = Outline(page(everything(), Markup("")))
    assert outline.levels[0] == 1
    assert all(after - before <= 1 for before, after in zip(outline.levels, outline.levels[1:], strict=False))
    assert len(outline.ids) == len(set(outline.ids))
    tags = [tag for tag, _ in outline.tags]
    assert tags.count("table") == tags.count("caption") > 5
    assert all("scope" in known for tag, known in outline.tags if tag == "th")
    pictures = [known for tag, known in outline.tags if tag == "svg"]
    assert pictures
    assert all(known["role"] == "img" and known["aria-label"] for known in pictures)
    assert tags.count("title") > len(pictures)
    assert tags.count("desc") == len(pictures)


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_all_text_has_contrast(theme):
    """At least 4.5 to 1, as WCAG 2 asks at level AA."""
    css = (files("pytest_ftgate.pipeline.report.html") / "style.css").read_text(encoding="utf-8")
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", css.split(":root {")[theme + 1]))
    pairs = [(text, ground) for text in ("text", "muted", "accent") for ground in ("bg", "panel", "sunken")]
    pairs += [(tone, ground) for tone in ("good", "bad", "warn") for ground in ("panel", f"{tone}-bg")]
    pairs += [("text", ground) for ground in ("warn-bg", "good-bg", "bad-bg", "added", "removed")]
    pairs += [("muted", ground) for ground in ("good-bg", "bad-bg")]
    for text, ground in pairs:
        dark, light = sorted((luminance(colours[text]), luminance(colours[ground])))
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, ground)


def test_a_large_run_stays_small():
    parts = [{"slice": f"s={n}", "n": 60, "value": 0.7, "lower": 0.6, "upper": 0.8} for n in range(5000)]
    found = [leak(golden_id=f"c{n}") for n in range(5000)]
    text = page(
        run(scores=[score(slices=parts)], pipelines=[pipeline(leaks=found)]), Markup(""), (), [columns(tested="1")]
    )
    assert len(text) < 400_000
    assert "4900 more are not shown" in text
