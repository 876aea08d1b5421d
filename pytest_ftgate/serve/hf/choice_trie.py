"""Allowed answers as token ids -> a tree that says which token may come next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias, cast

END = -1
"""The key of a node where an allowed answer is complete (token ids are never negative)."""

Node: TypeAlias = "dict[int, Node]"


def build_trie(answers: Iterable[Sequence[int]]) -> Node:
    """The tree of all answers; each path from the root ends with the key `END`."""
    root: Node = {}
    for answer in answers:
        node = root
        for token in answer:
            node = node.setdefault(token, {})
        node[END] = {}
    return root


def forced(node: Node) -> tuple[list[int], Node]:
    """The tokens that must follow `node` because there is no other way, and the node they lead to."""
    path: list[int] = []
    while len(node) == 1 and END not in node:
        token, node = next(iter(node.items()))
        path.append(token)
    return path, node


def complete(node: Node) -> bool:
    """True if the answer is finished here and nothing may follow."""
    return node.keys() == cast("object", {END})
