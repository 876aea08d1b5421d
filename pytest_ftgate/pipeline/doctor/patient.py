"""What is examined: a pipeline, its golden sets, and the machine that is to train it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.pipeline.forecast import SAMPLE, TURNS, tokens_of, tokens_of_rows
from pytest_ftgate.serve.vllm.context import rounded
from pytest_ftgate.train.estimate.shapes import Shapes, shapes_in, shapes_of

if TYPE_CHECKING:
    from pytest_ftgate.evaluate.suite import Suite
    from pytest_ftgate.pipeline.config import Pipeline
    from pytest_ftgate.serve.device import Device
    from pytest_ftgate.serve.model import Model
    from pytest_ftgate.train.estimate.memory import Settings
    from pytest_ftgate.train.manifest import Manifest

TIMEOUT_S = 5.0
"""Of the one request to the Hub."""


@dataclass
class Patient:
    """suites: the golden sets that gate; none where they cannot be read. engine, vllm, tracking_uri: as the flags.

    quick: within a second or so where the base model is in a folder: no torch, no network but for a hub id.
    """

    pipeline: Pipeline
    device: Device
    state_dir: Path
    suites: tuple[Suite, ...] = ()
    engine: str = "transformers"
    vllm: str = ""
    tracking_uri: str = ""
    quick: bool = False

    @property
    def cuda(self) -> bool:
        """Whether GPUs compute."""
        return self.device.kind == "cuda"

    @property
    def here(self) -> bool:
        """Whether the trainer runs on this machine, by a launch line of ours."""
        from pytest_ftgate.train.ray.cluster import on_ray

        return not on_ray(self.pipeline.tuning)

    @property
    def hub_id(self) -> str:
        """Of the base model; "" for a folder."""
        return "" if Path(self.pipeline.base.model).is_absolute() else self.pipeline.base.model

    @cached_property
    def base(self) -> Model:
        """The base model by its name, whether it is here or not."""
        from pytest_ftgate.serve.model import Model

        return Model(self.pipeline.base.model, self.pipeline.base.revision, self.pipeline.dtype)

    @cached_property
    def folder(self) -> Path | None:
        """Where the base model's weights are on this machine; None where they are not."""
        from pytest_ftgate.serve.hub import folder_of

        return folder_of(self.base)

    @cached_property
    def hub_answer(self) -> Any:
        """What the Hub says of config.json, asked once; the exception where it does not answer, or refuses."""
        try:
            import huggingface_hub as hub

            url = hub.hf_hub_url(self.hub_id, "config.json", revision=self.pipeline.base.revision)
            return hub.get_hf_file_metadata(url, timeout=TIMEOUT_S)
        except Exception as failed:  # noqa: BLE001 - requests, httpx and urllib3 each have their own
            return failed

    @cached_property
    def configuration(self) -> Path | None:
        """The folder of the base model's config.json; of a hub id that is not here, that file alone is fetched."""
        if self.folder or not self.hub_id:
            return self.folder
        if isinstance(self.hub_answer, Exception):
            return None
        try:
            from huggingface_hub import hf_hub_download

            file = hf_hub_download(self.hub_id, "config.json", revision=self.pipeline.base.revision, etag_timeout=5)
        except Exception:  # noqa: BLE001 - what was wrong is said of the base
            return None
        return Path(file).parent

    @cached_property
    def shapes(self) -> Shapes | None:
        """Of the base model: from the meta device, or (quick, or without torch) from the headers of its files."""
        found = shapes_in(self.folder) if self.folder and self.quick else None
        return found or self._on_meta() or (shapes_in(self.folder) if self.folder else None)

    def _on_meta(self) -> Shapes | None:
        """None where torch is not here, or transformers does not know or cannot read the configuration."""
        if self.configuration is None or not _says_architecture(self.configuration):
            return None
        try:
            from transformers import AutoConfig

            return shapes_of(AutoConfig.from_pretrained(self.configuration))
        except Exception:  # noqa: BLE001 - a configuration may hold anything; what is wrong is said of the base
            return None

    @cached_property
    def row(self) -> float:
        """Tokens of a training row on average, prompt and answer; 0 where the rows cannot be read."""
        try:
            _, each, _, _ = tokens_of_rows(self.pipeline, self.suites[0].prompt.system if self.suites else "")
        except (FtgateError, ValueError):  # no rows at all
            return 0.0
        return min(each, float(self.pipeline.tuning.max_length))

    @cached_property
    def learned(self) -> float:
        """Share of a row's tokens that is its answer, on average."""
        from pytest_ftgate.data.readers.reader import read_rows

        try:
            sample = list(islice(read_rows(self.pipeline.train_file, self.pipeline.data.columns), SAMPLE))
        except FtgateError:
            return 1.0
        answers = sum(tokens_of(row.answer) for row in sample)
        return min(answers / (self.row * len(sample)), 1.0) if answers and self.row else 1.0

    @cached_property
    def rows(self) -> int:
        """Rows that are trained in an epoch, 0 where they cannot be read."""
        try:
            return tokens_of_rows(self.pipeline, "")[0]
        except (FtgateError, ValueError):
            return 0

    @property
    def answer(self) -> int:
        """Tokens of the longest answer that is asked for."""
        return max([suite.golden.request.max_tokens for suite in self.suites], default=256)

    @cached_property
    def longest(self) -> int:
        """Tokens of the longest prompt and answer of the golden sets; with vLLM the context that it is given for them.

        0 where no golden set could be read.
        """
        longest = max(
            (
                int(tokens_of(suite.prompt.system) + tokens_of(case.input)) + TURNS + suite.golden.request.max_tokens
                for suite in self.suites
                for case in suite.cases
            ),
            default=0,
        )
        return rounded(longest) if self.engine == "vllm" and longest else longest

    @property
    def context(self) -> int:
        """Tokens of the longest prompt and answer that is served; of vLLM as [serve] says. 0 = not known."""
        return (self.pipeline.serve.context if self.engine == "vllm" else 0) or self.longest

    def settings(self, row: float) -> Settings:
        """For the estimate of memory. row: tokens; packed batches are always full."""
        from pytest_ftgate.train.estimate.memory import Settings

        pipeline = self.pipeline
        row = pipeline.tuning.max_length if pipeline.tuning.packing else row
        learned = self.learned * row
        if pipeline.tuning.method == "grpo":  # it learns from its own answers
            row, learned = row - learned + self.answer, float(self.answer)
        return Settings(
            tuning=pipeline.tuning,
            lora=pipeline.lora.resolved(self.rows),
            dtype=pipeline.dtype,
            quantization=pipeline.serve.quantization,
            cuda=self.cuda,
            row=int(row),
            learned=int(learned),
            answer=self.answer,
        )

    def manifests(self) -> Iterator[Manifest]:
        """Of earlier fine-tunes of this pipeline here, the newest first; those that cannot be read are left out."""
        from pytest_ftgate.train.manifest import FILE, read_manifest

        found = (self.state_dir / "runs" / self.pipeline.name).glob(f"*/{FILE}")
        for path in sorted(found, key=lambda file: file.stat().st_mtime, reverse=True):
            try:
                yield read_manifest(path)
            except (OSError, ValueError, TypeError, KeyError):
                continue


def _says_architecture(folder: Path) -> bool:
    """Without it transformers would guess, or ask the network."""
    try:
        return bool(json.loads((folder / "config.json").read_text("utf-8")).get("model_type"))
    except (OSError, ValueError, AttributeError):
        return False
