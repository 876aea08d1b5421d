"""semantic: the answer means what the reference means, as an embedding model sees it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

from pytest_ftgate.errors import FtgateError
from pytest_ftgate.files.digest import digest_of
from pytest_ftgate.golden.case import Case
from pytest_ftgate.graders.library import needs
from pytest_ftgate.graders.limited.parent import checked_limit
from pytest_ftgate.graders.references import best, likeness, references_of
from pytest_ftgate.graders.shown import shown
from pytest_ftgate.graders.value import Grade, GraderError, Kind
from pytest_ftgate.serve.embed.vectors import Vectors, cosine
from pytest_ftgate.serve.response import Response

if TYPE_CHECKING:
    from pytest_ftgate.serve.client.sync import Client


@dataclass(frozen=True, slots=True, kw_only=True)
class Semantic(Kind):
    """Cosine of the embeddings of the answer and of the case's expected text (or the best of several); below 0 it is 0.

    Cosines of two models are not comparable, so choose the threshold by answers of your own. A text that is the
    expected one is 1 without asking; each text is embedded once. Texts longer than the model reads are cut.
    model: a folder or hub id of a sentence-transformers model, which runs on this machine (extra `semantic`); with
    `base_url`, the server's name of the model.
    base_url: address of a server with an OpenAI-compatible /embeddings, with /v1.
    api_key_env: environment variable with the key; "" is OPENAI_API_KEY for api.openai.com, and none for any other.
    timeout_s: time limit of one request to the server, in seconds (at most 3600). A server that does not answer is a
    Failure.

    Example::

        [[grader]]
        kind = "semantic"
        model = "bge-m3"
        base_url = "http://127.0.0.1:8001/v1"
        threshold = 0.7
        # expected = "The train is late.", right = "The train is late today.", wrong = "Bananas"
    """

    kind: ClassVar[str] = "semantic"

    model: str
    base_url: str = ""
    api_key_env: str = ""
    threshold: float = 0.8
    timeout_s: float = 60.0

    def __post_init__(self) -> None:
        Kind.__post_init__(self)
        checked_limit(self.timeout_s)
        if not self.model:
            raise GraderError("model must not be empty")
        if self.base_url:
            _client(self.model, self.base_url, self.api_key_env, self.timeout_s)
        else:
            needs("sentence-transformers", "sentence_transformers", "semantic")

    @property
    def name(self) -> str:
        """Kind, version and the beginning of a digest of the model's name and address."""
        return f"{self.kind}@{self.version}-{digest_of([self.model, self.base_url])[:8]}"

    def check(self, case: Case) -> None:
        """Raises GraderError if the case does not expect a text."""
        references_of(case)

    def __call__(self, case: Case, response: Response) -> Grade:
        """Embed and compare. Raises GraderError if there is no embedding."""
        references, text = references_of(case), response.text.strip()
        if text in map(str.strip, references):
            return self.right(f"found {shown(text)}, as expected")
        try:
            answer, *others = self._vectors().of([text, *references])
            value = best([cosine(answer, other) for other in others])
        except FtgateError as error:
            raise GraderError(str(error)) from None
        return likeness(self, "cosine", value, case, response)

    def _vectors(self) -> Vectors:
        if self.base_url:
            return _served(self.model, self.base_url, self.api_key_env, self.timeout_s)
        return _local(self.model)


def _client(model: str, base_url: str, api_key_env: str, timeout_s: float) -> Client:
    from pytest_ftgate.serve.api.settings import read_settings
    from pytest_ftgate.serve.client.sync import Client
    from pytest_ftgate.serve.engine import Endpoint

    named = {"api_key_env": api_key_env} if api_key_env else {}
    try:
        settings = read_settings({"model": model, "base_url": base_url, "api": "openai", **named}, "embedding model")
        key = settings.key()
    except FtgateError as error:
        raise GraderError(str(error)) from None
    return Client(Endpoint(base_url.rstrip("/"), model, key), timeout_s)


@lru_cache
def _served(model: str, base_url: str, api_key_env: str, timeout_s: float) -> Vectors:
    from pytest_ftgate.serve.embed.server import EmbeddingServer

    return Vectors(EmbeddingServer(_client(model, base_url, api_key_env, timeout_s)))


@lru_cache
def _local(model: str) -> Vectors:
    from pytest_ftgate.serve.embed.encoder import encoder_of

    return Vectors(encoder_of(model, "embedding model"))
