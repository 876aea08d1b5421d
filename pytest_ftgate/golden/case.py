"""Row of a golden set -> Case; (Prompt, input) -> messages for the model."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.files.digest import canonical, digest_of
from pytest_ftgate.files.short_repr import short_repr

if TYPE_CHECKING:
    from jinja2.sandbox import ImmutableSandboxedEnvironment

__all__ = [
    "Case",
    "Input",
    "Message",
    "Prompt",
    "PromptError",
    "answer_text",
    "canonical",
    "case_digest",
    "digest_of",
    "is_script",
    "later_turns",
    "make_case",
    "render",
    "template_variables",
    "user_text",
]

Message = dict[str, Any]
"""One turn: {"role": "system" | "user" | "assistant", "content": text}; in training data also of the role "tool", and
with `tool_calls`, `tool_call_id`, `name` and `reasoning_content` as OpenAI and the chat templates have them."""

Input = str | Sequence[Mapping[str, str]] | Mapping[str, Any] | Sequence[str]
"""A text, a conversation whose last turn is the user's, the variables of a template, or a script: texts of the user,
which the model answers one after the other."""


class PromptError(FtgateError):
    """The messages of a case cannot be made: a missing variable, a broken template, no question."""


@dataclass(frozen=True, slots=True)
class Case:
    """One question of a golden set; treat what it holds as read-only.

    id: unique in its set, printable, without white space, "::", "[" and "]".
    expected: any JSON value; None if the case has none.
    graders: raw specs of this case alone; empty if the set's graders judge it.
    cluster: cases of one cluster are not independent (drawn from one document, say); None if it stands alone.
    line: 1-based line in its file. digest: see `case_digest`.
    tools: functions the model may call, in place of the set's; empty if the case names none.
    """

    id: str
    input: Any
    expected: Any = None
    slices: Mapping[str, str] = field(default_factory=dict)
    must_pass: bool = False
    cluster: str | None = None
    graders: tuple[Mapping[str, Any], ...] = ()
    notes: str = ""
    line: int = 0
    digest: str = ""
    tools: tuple[Mapping[str, Any], ...] = ()

    @property
    def asked_digest(self) -> str:
        """sha256 (64 hex digits) of what is asked, and of nothing that judges the answer."""
        return digest_of({"input": self.input, "tools": list(self.tools)} if self.tools else self.input)

    def __hash__(self) -> int:
        return hash((self.id, self.digest))

    def __repr__(self) -> str:
        """In one line, for assertions: id, input, expected value."""
        return short_repr(self, self.id, self.input, expected=self.expected)


def make_case(row: Mapping[str, Any], line: int, case_id: str) -> Case:
    """The case of a row that has passed the schema; `case_id` is its own id, or one made from its content."""
    graders, tools = tuple(row.get("graders", ())), tuple(row.get("tools", ()))
    return Case(
        id=case_id,
        input=row["input"],
        expected=row.get("expected"),
        slices=row.get("slices", {}),
        must_pass=row.get("must_pass", False),
        cluster=row.get("cluster"),
        graders=graders,
        notes=row.get("notes", ""),
        line=line,
        digest=case_digest(row["input"], row.get("expected"), graders, tools),
        tools=tools,
    )


def case_digest(
    input: Input,  # noqa: A002
    expected: object,
    graders: Sequence[Mapping[str, Any]] = (),
    tools: Sequence[Mapping[str, Any]] = (),
) -> str:
    """sha256 (64 hex digits) of what is asked and how it is judged; slices, notes and the id do not count."""
    asked = {"input": input, "tools": list(tools)} if tools else {"input": input}
    return digest_of({**asked, "expected": expected, "graders": list(graders)})


@dataclass(frozen=True, slots=True)
class Prompt:
    """How an input becomes messages.

    system: text of the system turn, literal; None for no such turn.
    template: Jinja2 template of the user turn; a text input is its variable `text`, an object gives all its
        variables. None: the text itself is the user turn. A conversation is sent as it is, without the template.
    examples: few-shot pairs (user turn as it would be sent, see `user_text`; assistant turn), in order.
    """

    system: str | None = None
    template: str | None = None
    examples: tuple[tuple[str, str], ...] = ()

    @property
    def digest(self) -> str:
        """sha256 of all fields, 64 hex digits."""
        return _prompt_digest(self)

    def to_json(self) -> dict[str, Any]:
        """All fields as JSON values; `Prompt.from_json` reads them back."""
        return {"system": self.system, "template": self.template, "examples": [list(pair) for pair in self.examples]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Prompt:
        """The inverse of `to_json`; also takes the raw `[prompt]` table of a golden.toml."""
        examples = tuple((str(user), str(answer)) for user, answer in data.get("examples") or ())
        return cls(data.get("system"), data.get("template"), examples)


@lru_cache(maxsize=64)
def _prompt_digest(prompt: Prompt) -> str:
    return digest_of(prompt.to_json())


def render(prompt: Prompt, input: Input, answers: Sequence[str] = ()) -> list[Message]:  # noqa: A002
    """The messages to send: system turn, few-shot examples, then the user turn (or the conversation).

    The examples stand right before the last user turn. A conversation's own system turn replaces the prompt's. Of a
    script of user turns the first; answers: what the model said to it and to further ones, each followed by the next.
    Raises PromptError for a missing variable, a template that fails, or a conversation that does not end with the user.
    """
    if isinstance(input, str | Mapping):
        turns = [_user(user_text(prompt, input))]
    elif is_script(input):
        turns = [_user(user_text(prompt, str(input[0])))]
    else:
        turns = _conversation(input)  # type: ignore[arg-type]  # no script: these are messages
    if prompt.system is not None and turns[0]["role"] != "system":
        turns.insert(0, {"role": "system", "content": prompt.system})
    turns[-1:-1] = _example_turns(prompt)
    for answer, user in zip(answers, later_turns(prompt, input), strict=False):
        turns += [{"role": "assistant", "content": answer}, _user(user)]
    return turns


def is_script(input: Any) -> bool:  # noqa: A002
    """Whether an input is a list of user turns, which the model answers one after the other."""
    return not isinstance(input, str) and isinstance(input, Sequence) and any(isinstance(turn, str) for turn in input)


def later_turns(prompt: Prompt, input: Input) -> tuple[str, ...]:  # noqa: A002
    """The user turns after the first of a script, as they are sent; () for any other input. Raises PromptError."""
    if not is_script(input):
        return ()
    if not all(isinstance(turn, str) for turn in input):
        raise PromptError("the input mixes texts and messages; write all turns as texts, or all as messages")
    return tuple(user_text(prompt, str(turn)) for turn in input[1:])  # type: ignore[index]


def _user(text: str) -> Message:
    return {"role": "user", "content": text}


def user_text(prompt: Prompt, input: str | Mapping[str, Any]) -> str:  # noqa: A002
    """The user turn made of a text or of template variables. Raises PromptError."""
    if prompt.template is None:
        if isinstance(input, str):
            return input
        raise PromptError("the input is an object, but [prompt] has no template for its variables")
    variables = {"text": input} if isinstance(input, str) else input
    return _fill(prompt.template, variables)


def answer_text(expected: object) -> str:
    """The answer as a model should write it: a text as it is, anything else as JSON; for examples and training."""
    return expected if isinstance(expected, str) else json.dumps(expected, ensure_ascii=False)


def _example_turns(prompt: Prompt) -> list[Message]:
    return [
        {"role": role, "content": content}
        for pair in prompt.examples
        for role, content in zip(("user", "assistant"), pair, strict=True)
    ]


def _conversation(messages: Sequence[Mapping[str, str]]) -> list[Message]:
    turns = [{"role": turn["role"], "content": turn["content"]} for turn in messages]
    if not turns or turns[-1]["role"] != "user":
        found = f"the last of {len(turns)} is from {turns[-1]['role']!r}" if turns else "it is empty"
        raise PromptError(f"a conversation must end with a message of role 'user'; {found}")
    return turns


def template_variables(template: str) -> frozenset[str]:
    """Names of the variables that a template uses. Raises PromptError if it is no valid Jinja2."""
    return _compiled(template)[1]


def template_literals(template: str) -> tuple[str, ...]:
    """The texts of a template before, between and after what depends on the input; "" where there is none.

    A condition or a loop depends on the input, whatever it says. Raises PromptError if it is no valid Jinja2.
    """
    from jinja2 import nodes

    _compiled(template)
    parts = [""]
    for node in _environment().parse(template).body:
        if isinstance(node, nodes.Assign):
            continue
        for piece in node.nodes if isinstance(node, nodes.Output) else (node,):
            if isinstance(piece, nodes.TemplateData):
                parts[-1] += piece.data
            else:
                parts.append("")
    return tuple(parts)


def _fill(template: str, variables: Mapping[str, Any]) -> str:
    from jinja2 import UndefinedError

    compiled, names = _compiled(template)
    try:
        return str(compiled(variables))
    except UndefinedError as error:
        raise PromptError(f"{error.message}; {_what_is_there(names, variables)}") from None
    except Exception as error:
        raise PromptError(f"template error: {type(error).__name__}: {error}") from error


def _what_is_there(names: frozenset[str], variables: Mapping[str, Any]) -> str:
    uses, has = (", ".join(sorted(map(str, some))) or "nothing" for some in (names, variables))
    return f"the template uses: {uses}; the input has: {has}"


@lru_cache(maxsize=64)
def _compiled(template: str) -> tuple[Any, frozenset[str]]:
    """(render function, names of the variables used); the template runs in Jinja2's sandbox."""
    from jinja2 import TemplateError, meta

    environment = _environment()
    try:
        names = meta.find_undeclared_variables(environment.parse(template))
        return environment.from_string(template).render, frozenset(names)
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        where = f" (line {line} of the template)" if line else ""
        raise PromptError(f"the template is not valid Jinja2: {error.message}{where}") from None


@lru_cache(maxsize=1)
def _environment() -> ImmutableSandboxedEnvironment:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    return ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
