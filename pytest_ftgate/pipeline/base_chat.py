"""[base] chat_template, chat_template_kwargs and date -> ChatFormat; and what requests say against it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import Fault, PipelineError
from pytest_ftgate.files.text import shown
from pytest_ftgate.files.toml import toml_line
from pytest_ftgate.pipeline.tables import Base
from pytest_ftgate.serve.chat_format import NAMED, RESERVED, ChatFormat, named_template

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite

KWARGS = "chat_template_kwargs"
PLACE = (".", "/", "~")
"""What the path of a template begins with; anything else is the name of one of ours."""


def chat_of(base: Base) -> ChatFormat:
    """Of a table without faults. Raises PipelineError if the template's file has gone, or is empty now."""
    variables = json.dumps(base.chat_template_kwargs, sort_keys=True, ensure_ascii=False)
    return ChatFormat(_template(base.chat_template), variables if base.chat_template_kwargs else "", base.date)


def _template(named: str) -> str:
    if not named:
        return ""
    if named in NAMED:
        return named_template(named)
    try:
        text = Path(named).read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise PipelineError([Fault(shown(Path(named)), 0, f"base.chat_template cannot be read: {error}")]) from None
    if not text.strip():
        raise PipelineError([_empty(Path(named))])
    return text


def _empty(file: Path) -> Fault:
    return Fault(shown(file), 0, "base.chat_template is empty", "fill it, or remove the key: the tokenizer's is taken")


def chat_faults(base: Mapping[str, Any], text: str, path: Path) -> Iterator[Fault]:
    """Of the table [base] of a pipeline.toml that its schema accepts, and of the template's file. text: of the file."""
    for key, message, fix in _problems(base):
        yield Fault(shown(path), toml_line(text, ("base", key)), message, fix)
    named = base.get("chat_template", "")
    if named.startswith(PLACE):
        file = (path.parent / Path(named).expanduser()).resolve()
        if file.is_file():
            yield from _syntax(file)
        else:
            line = toml_line(text, ("base", "chat_template"))
            yield Fault(shown(path), line, f"base.chat_template: {shown(file)} not found", "correct the path")


def _problems(base: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    named = base.get("chat_template", "")
    if named and named not in NAMED and not named.startswith(PLACE):
        known = ", ".join(f'"{name}"' for name in NAMED)
        yield "chat_template", f"base.chat_template is {named!r}, expected {known} or a file", f"write ./{named}"
    for name, value in base.get(KWARGS, {}).items():
        if not name.isidentifier() or name in RESERVED:
            why = "is set by the conversation" if name in RESERVED else "is no name of a variable"
            yield KWARGS, f"base.{KWARGS}: {name!r} {why}", "remove it"
        elif not _is_json(value):
            yield (
                KWARGS,
                f"base.{KWARGS}: {name} is {value!r}, expected a JSON value",
                "use a text, a finite number, true or false",
            )
    try:
        date.fromisoformat(base.get("date", "2025-01-01"))
    except ValueError:
        yield "date", f"base.date is {base['date']!r}, which is no day of the calendar", ""


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return True


def _syntax(file: Path) -> Iterator[Fault]:
    """Where Jinja cannot read the file, with the statements that transformers adds to it."""
    from jinja2 import Environment, TemplateSyntaxError, nodes
    from jinja2.ext import Extension, loopcontrols

    class Generation(Extension):
        tags = {"generation"}  # noqa: RUF012 - as Jinja has it

        def parse(self, parser: Any) -> list[nodes.Node]:
            next(parser.stream)
            body: list[nodes.Node] = parser.parse_statements(("name:endgeneration",), drop_needle=True)
            return body

    try:
        text = file.read_text(encoding="utf-8")
        if not text.strip():
            yield _empty(file)
        Environment(extensions=[Generation, loopcontrols], autoescape=False).parse(text)  # noqa: S701
    except TemplateSyntaxError as error:
        yield Fault(shown(file), error.lineno, f"base.chat_template is no valid Jinja: {error.message}")
    except (OSError, UnicodeError) as error:
        yield Fault(shown(file), 0, f"base.chat_template cannot be read: {error}")


def check_requests(chat: ChatFormat, suites: Iterable[Suite]) -> None:
    """[base] alone says how conversations become text: training reads no [request.extra].

    Raises PipelineError for each golden set whose requests set a variable of the template otherwise than [base].
    """
    told = chat.kwargs
    if faults := [fault for suite in suites for fault in _conflicts(told, suite)]:
        raise PipelineError(faults)


OTHERWISE = {
    "chat_template": "set [base] chat_template of pipeline.toml, for training and serving alike, and remove it here",
    **dict.fromkeys(sorted(RESERVED - {"messages", "tools"}), "remove it"),
}
"""Keys of a request by which vLLM makes another prompt of a conversation, and what to do instead."""

EFFORT = "reasoning_effort"
THINKS = "enable_thinking"
"""A key of a request that vLLM gives to the template too, before what [base] says; and the variable it sets with it."""


def _conflicts(told: Mapping[str, Any], suite: Suite) -> Iterator[Fault]:
    extra, place = suite.golden.request.extra, shown(suite.golden.path)
    asked = extra.get(KWARGS)
    variables = asked if isinstance(asked, Mapping) else {}
    sets = [(KWARGS, name, value) for name, value in variables.items()]
    if EFFORT in extra:
        sets.append(("", EFFORT, extra[EFFORT]))
        if THINKS in told and THINKS not in variables:
            sets.append((EFFORT, THINKS, extra[EFFORT] != "none"))
    for key, name, value in sets:
        if name not in told or told[name] != value:
            found = f"[base] {KWARGS} of the pipeline has {told[name]!r}" if name in told else "the pipeline sets none"
            yield Fault(
                place,
                suite.golden.line("request", "extra", key or name),
                f"[request.extra] {f'{key} ' if key else ''}sets {name} = {value!r}, but {found}: the model would be "
                "trained on other prompts than it is asked",
                f"set it in [base] {KWARGS} of pipeline.toml, for training and serving alike, and remove it here",
            )
    for key, fix in OTHERWISE.items():
        if key in extra:
            what = "the model would be trained on other prompts than it is asked"
            yield Fault(place, suite.golden.line("request", "extra", key), f"[request.extra] sets {key}: {what}", fix)
