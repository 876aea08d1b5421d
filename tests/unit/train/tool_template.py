"""A chat template with tools, calls, their results and thoughts, for tests; and rows that use them."""

from __future__ import annotations

from typing import Any

from pytest_ftgate.data.readers.row import DataRow
from pytest_ftgate.golden.case import Message

TOOL: dict[str, Any] = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}

TEMPLATE = (
    "{% if tools %}<|im_start|>system\n{% for t in tools %}{{ t | tojson }}\n{% endfor %}<|im_end|>\n{% endif %}"
    "{% for m in messages %}<|im_start|>{{ m.role }}\n"
    "{% if m.reasoning_content and loop.last %}<think>{{ m.reasoning_content }}</think>{% endif %}{{ m.content }}"
    "{% for c in m.tool_calls or [] %}<tool_call>\n"
    '{"name": "{{ c.function.name }}", "arguments": {{ c.function.arguments | tojson }}}\n</tool_call>{% endfor %}'
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""In the manner of Hermes and Qwen: arguments as an object, thoughts of the last answer alone."""


def call(city: str) -> dict[str, Any]:
    return {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": f'{{"city": "{city}"}}'}}


ASKED: tuple[Message, ...] = (
    {"role": "user", "content": "Rome?"},
    {"role": "assistant", "content": "Let me look.", "tool_calls": [call("Rome")]},
    {"role": "tool", "tool_call_id": "c1", "content": "sunny"},
)


def a_row(**parts: Any) -> DataRow:
    """A chat that used a tool and answers; parts: other fields."""
    chat = {"asked": ASKED, "answer": "Sunny in Rome.", "tools": (TOOL,), "shape": "chat", "id": "r1"}
    return DataRow(**{"path": "rows.jsonl", "line": 1, **chat, **parts})
