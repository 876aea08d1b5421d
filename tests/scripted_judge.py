"""What a judge is sent -> what a scripted one says, for tests.messages_server: it reads the data out of their marks."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from tests.messages_server import Body, text_of

_DATA = re.compile(r"<<([a-z ]+) ([0-9a-f]{16})>>\n(.*?)\n<<end of \1 \2>>", re.DOTALL)


def data_of(body: Body) -> dict[str, str]:
    """The texts between the marks by name: question, reference, answer, first answer, second answer."""
    return {name: text for name, _, text in _DATA.findall(text_of(body))}


def schema_of(body: Body) -> dict[str, Any]:
    """The schema of the only tool, of either API."""
    tool = body["tools"][0]
    return tool["input_schema"] if "input_schema" in tool else tool["function"]["parameters"]


def judging(
    level: Callable[[Mapping[str, str], str], str] = lambda data, name: "yes",
    better: Callable[[str, str], str] = lambda first, second: "tie",
) -> Callable[[Body], Any]:
    """A judge. level(texts, criterion) of one answer; better(first, second) of a pair: first, second or tie."""

    def reply(body: Body) -> Any:
        data, wanted = data_of(body), schema_of(body)["properties"]
        if "better" in wanted:
            return {"reason": "so it is", "better": better(data["first answer"], data["second answer"])}
        return {name: {"reason": f"because {name}", "level": level(data, name)} for name in wanted}

    return reply
