"""[prompt] of a golden set -> what it puts around an input; a text -> what may be the input in it.

A training row that carries the same wrapping is compared without it as well as with it: the wrapping is no evidence of
a leak, and hides none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pytest_ftgate.data.near.text import plain_text
from pytest_ftgate.golden.case import Prompt, PromptError, template_literals

ANYWHERE = 3
"""Words of a system turn or of a template's beginning that are known wherever they are; fewer only as the first."""


@dataclass(frozen=True, slots=True)
class Wrapping:
    """What one prompt puts around an input: normalised, with a space before and after, or "" where there is nothing."""

    system: str
    head: str
    between: tuple[str, ...]
    tail: str

    def inside(self, text: str) -> Iterator[str]:
        """The texts that may be the input in a normalised text that holds the system turn, the template, or both."""
        padded = f" {text} "
        rests = list(_after(padded, self.system)) if self.system else []
        if self.head:
            found = [rest for one in (padded, *rests) for rest in _after(one, self.head)]
        else:
            found = rests or ([padded] if self.tail else [])
        for rest in dict.fromkeys([*found, *rests]):
            yield self._without_end(rest).strip(" ")

    def _without_end(self, rest: str) -> str:
        """A text that begins with the input without the template's end, and without what is between two variables."""
        end = rest.rfind(self.tail) if self.tail else -1
        kept, start = (rest[: end + 1] if end >= 0 else rest), 0
        for literal in self.between:
            if (place := kept.find(literal, start)) >= 0:
                kept = kept[: place + 1] + kept[place + len(literal) :]
                start = place
        return kept


class Wrappings:
    """Those of several prompts."""

    def __init__(self, prompts: Iterable[Prompt] = ()) -> None:
        made = dict.fromkeys(map(wrapping_of, prompts))
        self._all = tuple(each for each in made if each.system or each.head or each.tail)

    def inside(self, texts: Sequence[str]) -> tuple[str, ...]:
        """What may be the input in normalised texts, each once, and none of the texts themselves."""
        if not self._all:
            return ()
        found = dict.fromkeys(one for text in texts for each in self._all for one in each.inside(text))
        return tuple(one for one in found if one and one not in texts)


def wrapping_of(prompt: Prompt) -> Wrapping:
    """The texts of a prompt around its input; of a template that is no valid Jinja2, and never asked, none."""
    try:
        literals = [_padded(text) for text in template_literals(prompt.template or "")]
    except PromptError:
        literals = [""]
    between = tuple(text for text in literals[1:-1] if text)
    return Wrapping(_padded(prompt.system or ""), literals[0], between, literals[-1] if len(literals) > 1 else "")


def _padded(text: str) -> str:
    plain = plain_text(text)
    return f" {plain} " if plain else ""


def _after(text: str, head: str) -> Iterator[str]:
    """What follows a head that begins the text, or, of three words or more, its first and its last place anywhere."""
    if text.startswith(head):
        yield text[len(head) - 1 :]
    if head.count(" ") > ANYWHERE:
        places = dict.fromkeys((text.find(head), text.rfind(head)))
        yield from (text[place + len(head) - 1 :] for place in places if place > 0)
