"""Model -> the chat template in a file of its own, where a server would not take the same from the model by itself."""

from __future__ import annotations

import json
from pathlib import Path

from pytest_ftgate.errors import ServeError
from pytest_ftgate.files.atomic import write_text
from pytest_ftgate.files.digest import digest_of
from pytest_ftgate.serve.chat_format import TEMPLATE, ChatFormat, Own, one_text, own_template
from pytest_ftgate.serve.model import Model

FILES = (TEMPLATE, "additional_chat_templates/*", "tokenizer_config.json")
"""Of a repository on the hub: all that says how conversations become text."""


def template_file(model: Model, folder: Path) -> Path | None:
    """The file, written into that folder; None if the model's own template is used as it is.

    Raises ServeError as `ChatFormat.applied`, and if [base] changes the template of a hub id that cannot be read.
    """
    own = _own(model)
    text = model.chat.applied(own)
    if not text or text == one_text(own):
        return None
    path = folder / f"chat-template-{digest_of(text)[:12]}.jinja"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, text)
    return path


def check_harmony(model: Model) -> None:
    """Raises ServeError for a gpt-oss with a template or variables of [base]: vLLM writes its prompts by itself."""
    config = Path(model.base) / "config.json"
    kind = json.loads(config.read_text(encoding="utf-8")).get("model_type") if config.is_file() else ""
    if kind == "gpt_oss" and (model.chat.template or model.chat.variables):
        raise ServeError(
            "vLLM writes prompts of gpt-oss by itself, and reads no chat template\n"
            "    remove [base] chat_template and chat_template_kwargs, or serve with --ftgate-engine transformers"
        )


def _own(model: Model) -> Own:
    """The template of the tokenizer; of a hub id from the hub or its cache."""
    if Path(model.base).is_dir():
        return own_template(Path(model.base))
    try:
        from huggingface_hub import snapshot_download

        return own_template(Path(snapshot_download(model.base, revision=model.revision, allow_patterns=list(FILES))))
    except (ImportError, OSError, ValueError) as error:
        if model.chat.template or model.chat == ChatFormat():
            return None  # it is not needed, or the token check is left to see the difference
        raise ServeError(
            f"{model.base}: cannot read its chat template, which [base] changes: {error}\n"
            "    use a model folder, or set [base] chat_template to a file"
        ) from None
