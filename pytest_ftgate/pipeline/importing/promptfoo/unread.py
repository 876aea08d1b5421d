"""Keys of a promptfoo configuration that are not carried over, and what is said of them."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType

from pytest_ftgate.pipeline.importing.imported import Losses
from pytest_ftgate.pipeline.importing.promptfoo.assertions import PromptfooTest
from pytest_ftgate.pipeline.importing.promptfoo.document import Document

_OF_THE_RUN = frozenset(
    {
        *(
            "$schema",
            "description",
            "providers",
            "targets",
            "evaluateOptions",
            "commandLineOptions",
            "outputPath",
            "sharing",
        ),
        *("env", "tags", "metadata", "writeLatestResults", "tracing", "prompts", "tests", "defaultTest", "scenarios"),
    }
)
"""Top-level keys that are read, or say how and where promptfoo runs."""
_TOP: Mapping[str, str] = MappingProxyType(
    {
        "extensions": "hooks are programs, which are not run here",
        "nunjucksFilters": "filters are programs, which are not run here",
        "derivedMetrics": "metrics computed from others are not carried over",
        "redteam": "red teaming is not done here",
    }
)
_ALIKE = 0.75
"""Least similarity of a key that was meant."""
_UNKNOWN = "is not a key of promptfoo that is known"

_LEAVES_OUT: Mapping[str, str] = MappingProxyType(
    {
        "prefix": "changes the prompt of this test alone",
        "suffix": "changes the prompt of this test alone",
        "transform": "changes the answer by a program before it is judged",
        "postprocess": "changes the answer by a program before it is judged",
        "transformVars": "makes variables by a program",
        "providerOutput": "gives the answer, so that no model is asked",
    }
)
"""Options and keys of a test with which it would be another one here."""
_TRIMS = ("output.trim()", "typeof output === 'string' ? output.trim() : output")
"""Programs that take white space from around an answer, which never counts here; the second is `export-cases`'s."""
_SILENT = frozenset(
    ["provider", "disableVarExpansion", "disableDefaultAsserts", "disableConversationVar", "runSerially", "metadata"]
)
"""Those that are read, or are settings of a provider or of the run."""
_NAMED: Mapping[str, str] = MappingProxyType(
    {
        "providers": "limits a test to some models; here it is asked of the model under test",
        "prompts": "limits a test to some prompts; here it is asked with each that a run names",
        "assertScoringFunction": "is a program, which is not run here",
        "rubricPrompt": "is the prompt of promptfoo's judge; ours has its own",
        "storeOutputAs": "makes an answer a variable of later tests",
        "repeat": "repeats one test; here [request] repeats is of all",
    }
)


def note_keys(config: Document, losses: Losses) -> None:
    """Note the top-level keys that are not carried over."""
    for key in config.data:
        if str(key) in _OF_THE_RUN or key in config.used or str(key).startswith("x-"):
            continue
        place = config.place(key)
        losses.add(place.path, place.line, str(key), _TOP.get(str(key)) or _unknown(str(key)), cases=0)


def _unknown(key: str) -> str:
    near = get_close_matches(key, _OF_THE_RUN, 1, _ALIKE)
    return f"{_UNKNOWN}; did you mean {near[0]!r}?" if near else _UNKNOWN


def is_left_out(test: PromptfooTest, losses: Losses) -> bool:
    """Whether a test cannot be carried over for one of its keys; all that is lost is noted."""
    given = [*(key for key, value in test.options.items() if value not in (None, "", *_TRIMS)), *test.others]
    for key in given:
        place = test.places.get(key, test.place)
        if key in _LEAVES_OUT:
            losses.add(place.path, place.line, key, f"{_LEAVES_OUT[key]}; the test is left out")
        elif key not in _SILENT:
            losses.add(place.path, place.line, key, _NAMED.get(key, "is not carried over"))
    return any(key in _LEAVES_OUT for key in given)
