"""How a conversation becomes the text that a model reads: by the tokenizer's chat template, or as [base] says."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ChatFormat:
    """The same for trainer, validation, transformers server, vLLM and probe. All "" = the tokenizer's own way.

    template: Jinja source, "" = the tokenizer's own. variables: of the template, a JSON object with sorted keys, as
    a text, so that models can be keys of a dictionary. date: of templates that write today's, "YYYY-MM-DD".
    """

    template: str = ""
    variables: str = ""
    date: str = ""

    @property
    def kwargs(self) -> dict[str, Any]:
        """The variables of the template."""
        return dict(json.loads(self.variables)) if self.variables else {}
