"""(version, evidence, base model) -> README.md: numbers in model-index form, verdict and bounds as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pytest_ftgate.files.escape import printable
from pytest_ftgate.registry.version import FORM, PARENT

if TYPE_CHECKING:
    from pytest_ftgate.registry import Version
    from pytest_ftgate.registry.hub.base_model import BaseModel
    from pytest_ftgate.registry.hub.evidence import Evidence, Measured

TASK = "text-generation"
"""How the Hub calls what these models do."""


def card_of(  # noqa: PLR0913
    version: Version, evidence: Evidence, base: BaseModel, override: str, *, signed: bool, adapter: bool
) -> bytes:
    """UTF-8, without secrets. override: the reason to push it against its verdict, "" if there was none to override."""
    head = _head(version, evidence, base, adapter=adapter)
    body = "\n".join(_body(version, evidence, base, override, signed=signed))
    return printable(f"---\n{head}\n---\n\n{body}\n").encode()


def _head(version: Version, evidence: Evidence, base: BaseModel, *, adapter: bool) -> str:
    from huggingface_hub import EvalResult, ModelCardData

    results = [
        EvalResult(
            task_type=TASK,
            dataset_type=each.golden,
            dataset_name=f"golden set {each.golden}",
            dataset_revision=each.digest or None,
            metric_type=each.metric,
            metric_name=each.metric,
            metric_value=round(each.value, 6),
        )
        for each in evidence.measured
    ]
    form = version.tags.get(FORM, "")
    data = ModelCardData(
        base_model=base.hub_id or None,
        license=base.licence,
        library_name="peft" if adapter else None if form.startswith("gguf") else "transformers",
        pipeline_tag=TASK,
        tags=["pytest-ftgate", *(["lora"] if adapter else []), *([form.partition(":")[0]] if form else [])],
        model_name=version.task,
        eval_results=results or None,
    )
    data["ftgate"] = {"task": version.task, "version": f"v{version.number}", "digest": version.digest}
    if not results:
        data["model-index"] = [{"name": version.task, "results": []}]
    return str(data.to_yaml(line_break="\n")).strip()


def _body(version: Version, evidence: Evidence, base: BaseModel, override: str, *, signed: bool) -> Iterator[str]:
    yield f"# {version.task} v{version.number}\n"
    verdict, against = evidence.verdict.get("verdict") or "none", evidence.verdict.get("against", "").partition("@")[0]
    compared = f", compared with {against}" if against else ""
    yield f"Verdict of the gate: **{verdict}**{compared}. {_cell(evidence.verdict.get('reason', ''))}".rstrip()
    if override:
        yield f"\nPushed although the gate did not say PROMOTE: {_cell(override)}"
    yield "\n## Measured on golden sets\n"
    yield from _table(evidence.measured)
    yield "\n## Made of\n"
    yield from (f"- {name}: {value}" for name, value in _origin(version, evidence, base))
    proof = "`model.sig` signs the files (model-signing)." if signed else "The files are not signed."
    yield f"\n{proof} `ftgate.json` holds their digests; `ftgate pull` checks them.\n"
    yield "Written by pytest-ftgate from the registry; the next push writes it anew."


def _table(measured: tuple[Measured, ...]) -> Iterator[str]:
    if not measured:
        yield "The registry holds no numbers of this version."
        return
    yield "| golden set | metric | value | lower bound (one-sided, 95 %) | cases |"
    yield "|---|---|---|---|---|"
    for each in measured:
        lower = "" if each.lower is None else f"{each.lower:.3f}"
        yield f"| {_cell(each.golden)} | {_cell(each.metric)} | {each.value:.3f} | {lower} | {each.cases} |"


def _origin(version: Version, evidence: Evidence, base: BaseModel) -> Iterator[tuple[str, str]]:
    yield (
        "base model",
        (
            f"{base.hub_id}{f' at {base.revision}' if base.revision else ''}"
            if base.hub_id
            else "a folder, not on the Hub"
        ),
    )
    yield "licence of the base model", base.licence if base.known else "not found in its card; ask who published it"
    if version.tags.get(FORM):
        yield "form", f"{version.tags[FORM]}, made of {version.tags.get(PARENT, 'an unknown version')}"
    yield "digest", version.digest
    yield from sorted(evidence.lineage.items())


def _cell(text: str) -> str:
    """A text that may stand in a table of Markdown."""
    return " ".join(text.replace("|", "\\|").replace("<", "&lt;").split())
