"""Record -> DataRow, or all that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pytest_ftgate.data.readers.record import Record
from pytest_ftgate.data.readers.row import DataRow
from pytest_ftgate.data.readers.shapes.common import (
    OURS,
    SYSTEM,
    TOOLS,
    common_faults,
    desired_in,
    reasoning_in,
    system_turns,
    tools_in,
)
from pytest_ftgate.data.readers.shapes.exchange import Exchange
from pytest_ftgate.data.readers.shapes.messages import read_messages
from pytest_ftgate.data.readers.shapes.nearest import unknown
from pytest_ftgate.data.readers.shapes.order import NO_ANSWER, in_order, order_faults, unlearnt, until_learnt
from pytest_ftgate.data.readers.shapes.table import Shape, shape_of
from pytest_ftgate.data.readers.shapes.turn import Turn, TurnsError, filled
from pytest_ftgate.errors import Fault
from pytest_ftgate.files.digest import digest_of

Keys = Mapping[str, Any]
MOST_KEYS = 5
"""That a message lists."""

NO_LABEL = "has a 'label' without a value: fill it in; to train the text alone (continued pretraining), remove the key"
GRADED = (
    "{keys} beside messages that end without an answer is for reinforcement, which grades and does not learn it: "
    "add the answer as the assistant's turn, or write a golden set (input, expected)"
)


@dataclass
class _Reading:
    """What was found in a row. turns: in order, up to the last answer that is learnt. desired: by the key that says it.

    unused: keys of messages.
    """

    turns: list[Turn] = field(default_factory=list)
    worse: list[Turn] | None = None
    tools: tuple[Mapping[str, Any], ...] = ()
    desired: dict[str, bool] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    unused: dict[str, None] = field(default_factory=dict)


def row_of(record: Record) -> DataRow | tuple[Fault, ...]:
    """The row of a record, or its faults. A key that is null is not there."""
    data = {key: value for key, value in record.data.items() if value is not None}
    shape = shape_of(data)
    if shape is None:
        return (unknown(data, record.path, record.line),)
    try:
        exchange = shape.read(data)
        reading = _read(exchange, data, frozenset({*shape.needs, *exchange.read}))
    except TurnsError as error:
        return (Fault(record.path, record.line, f"({shape.name}) {error}"),)
    except RecursionError:
        return (Fault(record.path, record.line, f"({shape.name}) is nested too deeply"),)
    if exchange.text is not None and "label" in record.data:
        reading.faults.append(NO_LABEL)
    if faults := [*reading.faults, *_without_answer(reading, data, shape), *common_faults(data)]:
        return tuple(Fault(record.path, record.line, f"({shape.name}) {what}") for what in faults)
    return _row(record, data, shape, exchange, reading)


def _read(exchange: Exchange, data: Keys, needed: frozenset[str]) -> _Reading:
    """Raises TurnsError."""
    nested = data["input"] if isinstance(data.get("input"), Mapping) and "messages" in data["input"] else {}
    if exchange.text is not None:
        return _Reading()
    reading = _Reading(tools=tools_in({**nested, **data}))
    system = system_turns(data)
    reading.turns = _turns(exchange.messages, system, reading)
    if exchange.worse is None:
        reading.desired = desired_in(data, needed)
    if exchange.worse is not None:
        reading.worse = _worse(exchange.worse, system, reading)
    return reading


def _turns(written: Sequence[Any], system: Sequence[Turn], reading: _Reading, which: str = "") -> list[Turn]:
    found = read_messages(written)
    turns = in_order(found.turns)
    wrong = found.faults or [*_two_systems(turns, system), *order_faults([*system, *turns])]
    learnt = until_learnt([*system, *turns])
    if not wrong and not learnt:
        wrong = ["all answers have the weight 0: there is nothing to learn"]
    reading.faults += [f"{which}{what}" for what in wrong]
    reading.unused |= found.unused
    return learnt


def _two_systems(turns: Sequence[Turn], system: Sequence[Turn]) -> Iterator[str]:
    if system and turns and turns[0].role == "system":
        yield "has a system turn and a key for it; expected one of them"


def _worse(written: Sequence[Any], system: Sequence[Turn], reading: _Reading) -> list[Turn]:
    before = len(reading.faults)
    worse = _turns(written, system, reading, "rejected: ")
    if before or len(reading.faults) > before:
        return worse
    if [turn.message for turn in reading.turns[:-1]] != [turn.message for turn in worse[:-1]]:
        reading.faults.append("chosen and rejected have different prompts")
    if any(answer.calls or answer.reasoning for answer in (reading.turns[-1], worse[-1])):
        reading.faults.append("has tool calls or thoughts in chosen or rejected; preferences are read of texts alone")
    return worse


def _without_answer(reading: _Reading, data: Keys, shape: Shape) -> Iterator[str]:
    """What may be meant by messages that end with a question, as OpenAI's rows for reinforcement have them."""
    others = [key for key in filled(data, data) if key not in {*shape.needs, *SYSTEM, *TOOLS, *OURS}]
    if reading.faults == [NO_ANSWER] and others:
        yield GRADED.format(keys=", ".join(map(repr, others[:MOST_KEYS])))


def _row(record: Record, data: Keys, shape: Shape, exchange: Exchange, reading: _Reading) -> DataRow:
    needed = frozenset({*shape.needs, *exchange.read})
    is_answer = exchange.worse is None and exchange.text is None
    thoughts = reasoning_in(data, needed) if is_answer else ()
    around = (*SYSTEM, *TOOLS) if exchange.text is None else ()
    used = {"id", *needed, *around, *thoughts, *reading.desired}
    asked, last = reading.turns[:-1], reading.turns[-1] if reading.turns else Turn("assistant", exchange.text or "")
    row = DataRow(
        path=record.path,
        line=record.line,
        asked=tuple(turn.message for turn in asked),
        answer=last.content,
        id=str(data.get("id", "")),
        rejected=None if reading.worse is None else reading.worse[-1].content,
        variables=data["input"] if shape.name == "own" and isinstance(data["input"], Mapping) else None,
        extras={key: value for key, value in data.items() if key not in used},
        shape=shape.name,
        written=data,
        tools=reading.tools,
        calls=last.calls,
        reasoning="\n".join([*(data[key] for key in thoughts), *([last.reasoning] if last.reasoning else [])]),
        context=unlearnt(asked, learns=exchange.learns),
        desired=next(iter(reading.desired.values()), None),
        unused=(*(key for key in filled(data, data) if key not in used | OURS), *reading.unused),
    )
    return row if row.id else replace(row, id=_id(row))


def _id(row: DataRow) -> str:
    """12 hex digits of all that the row teaches."""
    more = {"tools": row.tools, "calls": row.calls, "reasoning": row.reasoning, "desired": row.desired}
    told = {key: value for key, value in more.items() if value not in ((), "", None)}
    return digest_of([row.asked, row.answer, row.rejected, *([told] if told else [])])[:12]
