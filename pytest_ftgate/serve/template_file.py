"""Model -> the chat template in a file of its own, where a server would not take the same from the model by itself."""

from __future__ import annotations

import json
from pathlib import Path

from pytest_ftgate.errors import ServeError
from pytest_ftgate.files.atomic import write_text
from pytest_ftgate.files.digest import digest_of
from pytest_ftgate.serve.chat_format import ChatFormat, Own, one_text, own_template
from pytest_ftgate.serve.hub import folder_of
from pytest_ftgate.serve.model import Model


def template_file(model: Model, folder: Path) -> Path | None:
    """The file, written into that folder; None if the model's own template is used as it is.

    Raises ServeError as `ChatFormat.applied`, and if [base] changes the template of a hub id that is not here.
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
    config = (folder_of(model) or Path(model.base)) / "config.json"
    kind = json.loads(config.read_text(encoding="utf-8")).get("model_type") if config.is_file() else ""
    if kind == "gpt_oss" and (model.chat.template or model.chat.variables):
        raise ServeError(
            "vLLM writes prompts of gpt-oss by itself, and reads no chat template\n"
            "    remove [base] chat_template and chat_template_kwargs, or serve with --ftgate-engine transformers"
        )


def _own(model: Model) -> Own:
    """The template of the tokenizer, from the model's folder or the cache of the hub."""
    if folder := folder_of(model):
        return own_template(folder)
    if model.chat.template or model.chat == ChatFormat():
        return None  # it is not needed, or the token check is left to see the difference
    raise ServeError(
        f"{model.base}: its chat template, which [base] changes, is not in the cache of the hub\n"
        "    use a model folder, or set [base] chat_template to a file"
    )
