"""Suite -> a promptfoo configuration of prompts and tests, without a provider."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pytest_ftgate.evaluate.suite import Suite
from pytest_ftgate.files.text import shown
from pytest_ftgate.golden.case import Case, Prompt, is_script, render
from pytest_ftgate.golden.spec import Golden
from pytest_ftgate.pipeline.exporting.assertions import CannotCarry, assertions, unsafe
from pytest_ftgate.pipeline.exporting.exported import Exported
from pytest_ftgate.pipeline.exporting.settings_lost import add_lost_settings, named
from pytest_ftgate.pipeline.importing.imported import Losses

_TRIMMED = "typeof output === 'string' ? output.trim() : output"
"""White space around an answer does not count for our graders."""
_SIMPLE = re.compile(r"\{\{\s*[A-Za-z_]\w*(\s*\|\s*(upper|lower|trim))?\s*\}\}")
"""What Jinja2 and promptfoo's Nunjucks render alike, from texts."""
_PLAIN = re.compile(r"(?!(?:true|false|null|yes|no|on|off|y|n)$)[A-Za-z][A-Za-z_ -]*[A-Za-z]", re.IGNORECASE)


def promptfoo_config(suite: Suite) -> Exported:
    """A promptfoo configuration: the prompt, and each case as a test with its assertions.

    A case is left out, and named, if one of its graders has no assertion that says the same, since it would be judged
    more leniently; so is a script of user turns, and a text that promptfoo would read as a template or a file. The
    provider is left to you.
    """
    losses, tests = Losses(), []
    add_lost_settings(losses, suite.golden, "promptfoo")
    if suite.golden.judge is not None:
        why = "promptfoo asks its own judge; set its model in defaultTest.options.provider, with the key of your own"
        losses.add(shown(suite.golden.path), suite.golden.line("judge"), "[judge]", why, cases=0)
    templated = _is_templated(suite)
    for case in suite.cases:
        if (asserts := _asserts(losses, suite, case)) is None:
            continue
        if not _can_be_asked(losses, suite, case, templated=templated):
            continue
        tests.append(_test(suite.prompt, case, asserts, templated=templated))
    config = {
        **({"description": suite.golden.description} if suite.golden.description else {}),
        "prompts": [_prompt(suite.prompt) if templated else "{{messages}}"],
        "defaultTest": {"options": {"transform": _TRIMMED, "disableVarExpansion": True}},
        "tests": tests,
    }
    head = "# Add `providers:`, the model to test, before you run it: promptfoo eval -c THIS_FILE\n"
    return Exported(head + _yaml(config), len(tests), tuple(losses.faults))


def _asserts(losses: Losses, suite: Suite, case: Case) -> list[dict[str, Any]] | None:
    """None if one of the graders cannot be carried over."""
    golden, found = suite.golden, []
    specs: Sequence[Mapping[str, Any]] = case.graders or (golden.graders if suite.graders_of(case) else ())
    for number, spec in enumerate(specs):
        try:
            found += assertions(spec, case.expected)
        except CannotCarry as error:
            _add_grader(losses, golden, case, number, f"{error}; cases with it are not exported")
            return None
    return found


def _add_grader(losses: Losses, golden: Golden, case: Case, number: int, why: str) -> None:
    if case.graders:
        losses.add(shown(golden.cases_path), case.line, f"grader {named(case.graders[number])}", why)
    else:
        losses.add(
            shown(golden.path), golden.line("grader", number), f"[[grader]] {named(golden.graders[number])}", why
        )


def _can_be_asked(losses: Losses, suite: Suite, case: Case, *, templated: bool) -> bool:
    path = suite.golden.cases_path
    if is_script(case.input):
        why = "promptfoo asks one turn of a test; not exported. Write the dialogue as messages with the answers in it"
        losses.add(shown(path), case.line, "a script of user turns", why)
        return False
    for text in _texts_of(case.input) if templated else _sent(suite.prompt, case.input):
        if mark := unsafe(text):
            why = f"it {mark}, which promptfoo would not take literally; not exported"
            losses.add(*_place(suite, case, text), why)
            return False
    if case.tools:
        losses.add(
            shown(path), case.line, "tools", "promptfoo keeps tools with the provider; the case is exported without"
        )
    return True


def _texts_of(said: Any) -> list[str]:
    """The values of promptfoo's variables."""
    return list(map(str, said.values())) if isinstance(said, Mapping) else [str(said)]


def _sent(prompt: Prompt, said: Any) -> Iterator[str]:
    """The texts of the messages that are written out, calls of tools with them."""
    for message in render(prompt, said):
        yield str(message["content"])
        yield json.dumps({key: value for key, value in message.items() if key != "content"}, ensure_ascii=False)


def _place(suite: Suite, case: Case, text: str) -> tuple[str, int, str]:
    """Path, line and name of what has brought a text into the messages: the prompt, or the input."""
    golden, prompt, own = suite.golden, suite.prompt, json.dumps(case.input, ensure_ascii=False)
    if text == prompt.system and json.dumps(text, ensure_ascii=False) not in own:
        key = "system"
    elif any(text in pair for pair in prompt.examples):
        key = "examples"
    elif prompt.template is not None and not any(map(unsafe, (own, *_texts_of(case.input)))):
        key = "template"
    else:
        return shown(golden.cases_path), case.line, "input"
    return shown(golden.path), golden.line(*suite.prompt_keys, key), f"[{'.'.join(suite.prompt_keys)}] {key}"


def _is_templated(suite: Suite) -> bool:
    """Whether promptfoo's own templates make the same messages; else they are written out for each test."""
    rest = _SIMPLE.sub("", suite.prompt.template or "")
    others = [suite.prompt.system or "", *(text for pair in suite.prompt.examples for text in pair)]
    if any(mark in text for mark in ("{{", "{%", "{#") for text in (rest, *others)):
        return False
    return all(isinstance(case.input, str) or _all_texts(case.input) for case in suite.cases)


def _all_texts(said: Any) -> bool:
    return isinstance(said, Mapping) and all(isinstance(each, str) for each in said.values())


def _prompt(prompt: Prompt) -> str:
    """The messages with the template as last turn, as JSON: promptfoo fills it string by string."""
    turns = render(Prompt(prompt.system, None, prompt.examples), (prompt.template or "{{text}}").removesuffix("\n"))
    return json.dumps(turns, ensure_ascii=False, indent=1)


def _test(prompt: Prompt, case: Case, asserts: list[dict[str, Any]], *, templated: bool) -> dict[str, Any]:
    if not templated:
        variables: Mapping[str, Any] = {"messages": json.dumps(render(prompt, case.input), ensure_ascii=False)}
    else:
        variables = {"text": case.input} if isinstance(case.input, str) else dict(case.input)
    own = {key: getattr(case, key) for key in ("cluster", "must_pass", "notes") if getattr(case, key)}
    metadata = {"id": case.id, **case.slices, **{key: value for key, value in own.items() if key not in case.slices}}
    return {"description": case.id, "vars": variables, "assert": asserts, "metadata": metadata}


def _yaml(data: Mapping[str, Any]) -> str:
    """YAML whose texts are quoted unless no reader of YAML 1.1 or 1.2 takes them for anything else."""
    import yaml

    class Dumper(yaml.SafeDumper):
        """Never writes an anchor."""

        def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
            return True

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        style = None if _PLAIN.fullmatch(value) else "|" if _fits_block(value) else '"'
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, text)
    return yaml.dump(data, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=110)


def _fits_block(value: str) -> bool:
    return "\n" in value and value.isprintable() is False and not re.search(r"[^\S\n ]|\s\n|\A\s|\s\Z", value)
