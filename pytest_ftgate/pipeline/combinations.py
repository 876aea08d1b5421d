"""(models and prompts that a run was given, golden set) -> the columns in which the set is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_ftgate.errors import Fault
    from pytest_ftgate.evaluate.column import Column
    from pytest_ftgate.golden.spec import Golden


@dataclass(frozen=True, slots=True)
class Combinations:
    """What a run compares.

    models: their names, if there are several. addresses: base URL of each, where they are on servers of their own.
    prompts: names of prompt variants, BASE_PROMPT, or ALL_PROMPTS; () for each set's own prompt.
    """

    models: tuple[str, ...] = ()
    addresses: Mapping[str, str] = field(default_factory=dict)
    prompts: tuple[str, ...] = ()

    def columns(self, golden: Golden) -> tuple[Column | None, ...]:
        """The columns of a set, model by model; (None,) where there is one model, and the set's own prompt.

        Raises GoldenError for a prompt variant that the set does not have.
        """
        from pytest_ftgate.evaluate.column import Column
        from pytest_ftgate.golden.spec import BASE_PROMPT

        variants = tuple(dict.fromkeys(self._variants(golden)))
        if not self.models and variants == ("",):
            return (None,)
        short = _short_names(self.models) or {"": ""}
        prompts = {"": ""} if variants == ("",) else {name: name or BASE_PROMPT for name in variants}
        return tuple(
            Column("-".join(filter(None, (shown_model, shown_prompt))), model, variant)
            for model, shown_model in short.items()
            for variant, shown_prompt in prompts.items()
        )

    def _variants(self, golden: Golden) -> Iterator[str]:
        """Names of variants, "" for the set's own prompt."""
        from pytest_ftgate.errors import GoldenError
        from pytest_ftgate.golden.spec import ALL_PROMPTS, BASE_PROMPT

        for name in self.prompts or (BASE_PROMPT,):
            if name == ALL_PROMPTS:
                yield from ("", *golden.variants)
            elif name == BASE_PROMPT:
                yield ""
            elif name in golden.variants:
                yield name
            else:
                raise GoldenError([_unknown(name, golden)])


def _unknown(name: str, golden: Golden) -> Fault:
    from pytest_ftgate.errors import Fault
    from pytest_ftgate.files.schema import suggestion
    from pytest_ftgate.files.text import shown
    from pytest_ftgate.golden.spec import RESERVED_PROMPTS

    hint = suggestion(name, (*RESERVED_PROMPTS, *golden.variants))
    what = f"--ftgate-prompt: no prompt variant {name!r}; {hint}"
    fix = f"add [prompt.variants.{name}], or run other sets by their folders"
    return Fault(shown(golden.path), golden.line("prompt", "variants"), what, fix)


def _short_names(models: Iterable[str]) -> dict[str, str]:
    """How each model is called in ids: the last part of a path or hub id, where that tells them apart."""
    names = list(models)
    short = [_fit(PurePath(name).name) for name in names]
    return dict(zip(names, short if len(set(short)) == len(names) else map(_fit, names), strict=True))


def _fit(name: str) -> str:
    """The name without what cannot stand in a node id."""
    fit = "".join("_" if char in "[]" or char.isspace() or not char.isprintable() else char for char in name)
    return fit.replace("::", "__")
