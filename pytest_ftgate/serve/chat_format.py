"""How a conversation becomes the text that a model reads: by the tokenizer's chat template, or as [base] says.

What [base] says becomes part of the template's text: variables are set at its beginning, the day stands in it. So the
trainer, the transformers server, vLLM and a server of somebody else read the same, and no request has to say it again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pytest_ftgate.errors import ServeError

NAMED = {"chatml": "chatml.jinja"}
"""Names of our own templates, and their files beside this one.

chatml ends turns with the model's own end token, since a token that the model was never shown ends no answer.
"""

TEMPLATE = "chat_template.jinja"
"""File of a chat template in the folder of a model or an adapter, as transformers calls it."""

DAY = "2025-01-01"
"""What templates that write today's date write where [base] has none: prompts are the same tomorrow."""

RESERVED = frozenset({"messages", "tools", "documents", "add_generation_prompt", "continue_final_message"})
"""Variables of templates that a conversation or a request decides."""

_TODAY = re.compile(r"""\bstrftime_now\s*\(\s*(?P<quote>['"])(?P<format>.*?)(?P=quote)\s*\)""")
_UNKNOWN_TODAY = re.compile(r"\bstrftime_now\b(?!\s+is\s+(?:not\s+)?defined\b)[^\n]{0,40}")
_DATE_STRING, _DATE_FORMAT = "date_string", "%d %b %Y"
"""The variable of Llama's templates, and how it is written."""

Own = str | Mapping[str, str] | Sequence[Mapping[str, str]] | None
"""A tokenizer's chat template: one text, or several by name ("default", "tool_use")."""


class TemplateError(ServeError):
    """A chat template does not do what [base] says. key: of [base]."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


@dataclass(frozen=True, slots=True)
class ChatFormat:
    """The same for trainer, validation, transformers server, vLLM and probe. All "" = the tokenizer's own way.

    template: Jinja source, "" = the tokenizer's own. variables: of the template, a JSON object with sorted keys, as
    a text, so that models can be keys of a dictionary. date: of templates that write today's, "YYYY-MM-DD".
    """

    template: str = ""
    variables: str = ""
    date: str = ""

    @property
    def kwargs(self) -> dict[str, Any]:
        """The variables of the template."""
        return dict(json.loads(self.variables)) if self.variables else {}

    def applied(self, own: Own) -> str:
        """The text of the template with the variables and the day in it; "" if there is none.

        own: the tokenizer's. Raises ServeError: a variable that the template does not have, a date that it does not
        write, today's date written in a way that cannot be fixed.
        """
        text = self.template or one_text(own)
        if not text:
            return ""
        kwargs = self._with_date_string(text)
        if unknown := [name for name in kwargs if not has_variable(text, name)]:
            raise TemplateError(
                "chat_template_kwargs",
                f"the chat template has no variable {', '.join(map(repr, unknown))}\n"
                "    remove it from [base] chat_template_kwargs, or set [base] chat_template to a template that has it",
            )
        dated = _dated(text, date.fromisoformat(self.date or DAY))
        if self.date and dated == text and _DATE_STRING not in kwargs:
            raise TemplateError("date", "the chat template writes no date\n    remove [base] date")
        return "".join(_assigned(kwargs)) + dated

    def _with_date_string(self, text: str) -> dict[str, Any]:
        """The variables; with the day for templates that are given it, if [base] has one."""
        if not self.date or _TODAY.search(text) or not has_variable(text, _DATE_STRING):
            return self.kwargs
        return {_DATE_STRING: date.fromisoformat(self.date).strftime(_DATE_FORMAT)} | self.kwargs


def has_variable(template: str, name: str) -> bool:
    """Whether the text of a template names this variable."""
    return bool(re.search(rf"\b{re.escape(name)}\b", template))


def named_template(name: str) -> str:
    """The source of one of our own templates. Raises KeyError."""
    return Path(__file__).with_name(NAMED[name]).read_text(encoding="utf-8")


def own_template(folder: Path) -> Own:
    """The chat template in a model's folder, as transformers finds it; None if there is none."""
    files = {path.stem: path for path in sorted((folder / "additional_chat_templates").glob("*.jinja"))}
    if (one := folder / TEMPLATE).is_file():
        files["default"] = one
    if files:
        return {name: path.read_text(encoding="utf-8") for name, path in files.items()}
    config = folder / "tokenizer_config.json"
    try:
        own: Own = json.loads(config.read_text(encoding="utf-8")).get("chat_template")
    except (OSError, ValueError, AttributeError):
        return None
    return own


def one_text(own: Own) -> str:
    """One text that does what transformers does with several: "tool_use" where there are tools, else "default"."""
    if own is None or isinstance(own, str):
        return own or ""
    named = own if isinstance(own, Mapping) else {each["name"]: each["template"] for each in own}
    default, tools = named.get("default", ""), named.get("tool_use")
    if not tools or not default:
        return default or tools or ""
    with_tools, without = (text.removesuffix("\n") for text in (tools, default))  # as Jinja does at the end of a text
    return f"{{% if tools +%}}{with_tools}{{%+ else +%}}{without}{{%+ endif +%}}"


def _dated(text: str, day: date) -> str:
    """With the day in place of today."""
    dated = _TODAY.sub(lambda found: _literal(day.strftime(found["format"])), text)
    if left := _UNKNOWN_TODAY.search(dated):
        raise TemplateError(
            "chat_template",
            f"the chat template writes today's date in a way that cannot be fixed: {left[0]}\n"
            "    set [base] chat_template to a copy of it with a date in that place",
        )
    return dated


def _assigned(kwargs: Mapping[str, Any]) -> Iterator[str]:
    """Statements that set variables which the caller does not set; "+" keeps the line break after them."""
    for name, value in kwargs.items():
        yield f"{{%- set {name} = {name} if {name} is defined else {_literal(value)} +%}}"


def _literal(value: Any) -> str:
    """A JSON value as Jinja writes it."""
    if value is None:
        return "none"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_literal(str(key))}: {_literal(below)}" for key, below in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_literal, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
