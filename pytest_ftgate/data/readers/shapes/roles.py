"""Names of who speaks in a conversation: OpenAI's, ShareGPT's, Anthropic's, Vertex's -> one of four."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

ROLES = ("system", "user", "assistant", "tool")
CALLING = ("function_call", "tool_call")
"""Roles of ShareGPT whose text is a call of the assistant."""
ALIASES: Mapping[str, str] = MappingProxyType(
    {
        **{"developer": "system", "human": "user", "gpt": "assistant", "model": "assistant"},
        **{"function": "tool", "observation": "tool", "tool_response": "tool"},
    }
)
