"""A real llama.cpp server on a tiny GGUF: its answers, its prompts, its faults and its end."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_ftgate.errors import ServeError
from pytest_ftgate.serve.client import control_http as http
from pytest_ftgate.serve.engine import Asked, Endpoint
from pytest_ftgate.serve.llamacpp.engine import LlamaCppEngine
from pytest_ftgate.serve.llamacpp.prompts import first_difference
from pytest_ftgate.serve.model import Model
from pytest_ftgate.serve.servers.engine_identity import identity
from pytest_ftgate.serve.servers.engine_pool import EnginePool, EngineSettings
from tests.gguf_files import write_llama_gguf
from tests.unit.serve.conftest import CHATML


def asked(text: str, tokens: int = 8) -> Asked:
    return Asked(
        f"tiny::{text[:10]}", [{"role": "system", "content": "Sort."}, {"role": "user", "content": text}], (), tokens
    )


def chat(line: Endpoint, text: str, **more: Any) -> dict[str, Any]:
    body = {"model": line.model, "messages": asked(text).messages, "max_tokens": 8, "temperature": 0, "seed": 0, **more}
    status, said = http.post(f"{line.base_url}/chat/completions", body, line.api_key)
    assert status == 200, said
    return dict(said)


@pytest.fixture(scope="module")
def folder(model_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    dest = tmp_path_factory.mktemp("gguf") / "tiny"
    write_llama_gguf(model_dir, dest)
    shutil.copy(model_dir / "config.json", dest)
    return dest


@pytest.fixture(scope="module")
def engine(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaCppEngine]:
    engine = LlamaCppEngine(Model(str(folder)), tmp_path_factory.mktemp("logs") / "llamacpp.log")
    engine.expect(engine.model, [asked("hello  spam"), asked("wörld 🎉 'll\n\n 1234")])
    engine.start(lambda _: None)
    yield engine
    engine.stop()


def test_it_answers_as_transformers_does(engine: LlamaCppEngine, model: Any, tokenizer: Any) -> None:
    line = engine.endpoint(engine.model)
    said = chat(line, "hello spam", logprobs=True, top_logprobs=1)["choices"][0]["logprobs"]["content"]
    import torch

    prompt = tokenizer.apply_chat_template(asked("hello spam").messages, add_generation_prompt=True, tokenize=False)
    ids = tokenizer(prompt, add_special_tokens=False, return_tensors="pt")["input_ids"]
    with torch.no_grad():
        logprobs = model(ids).logits[0, -1].log_softmax(-1)
    assert said[0]["id"] == int(logprobs.argmax())
    assert said[0]["logprob"] == pytest.approx(float(logprobs.max()), abs=0.02)  # keys and values in float16
    assert engine.verified == "llama.cpp reads 2 prompts of the golden sets in our very tokens"
    assert line.fingerprint == engine.model.digest[:12]


def test_the_same_question_has_the_same_answer_whatever_was_asked_before(engine: LlamaCppEngine) -> None:
    line = engine.endpoint(engine.model)
    texts = [f"hello spam {i} " * (1 + i % 4) for i in range(12)]
    first = [chat(line, text)["choices"][0]["message"]["content"] for text in texts]
    assert [chat(line, text)["choices"][0]["message"]["content"] for text in reversed(texts)] == first[::-1]


def test_choices_are_written_as_a_grammar(engine: LlamaCppEngine) -> None:
    from pytest_ftgate.serve.client.sampling import sampling

    body = sampling(max_tokens=8, choices=['spam "1"', "ham"], offers=engine.offers)
    assert body["grammar"] == 'root ::= "spam \\"1\\"" | "ham"'
    line = engine.endpoint(engine.model)
    assert chat(line, "hello", **body)["choices"][0]["message"]["content"] in {'spam "1"', "ham"}


def test_a_longer_question_starts_it_again(folder: Path, tmp_path: Path) -> None:
    engine = LlamaCppEngine(Model(str(folder)), tmp_path / "llamacpp.log")
    engine.start(lambda _: None)
    try:
        engine.context = 16  # as if it had been started for less
        pid = engine.pid
        engine.expect(engine.model, [asked("spam ham")])
        engine.endpoint(engine.model)
        assert engine.context > 16
        assert engine.pid != pid
        with pytest.raises(
            ServeError, match=r"tiny::spam ham s needs .* the server takes 512, the most that the model"
        ):
            engine.expect(engine.model, [asked("spam ham spam ham " * 200)])
    finally:
        engine.stop()
    assert not Path(f"/proc/{engine.pid}").exists()


def test_a_template_that_llama_cpp_renders_otherwise_is_refused(model_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    write_llama_gguf(model_dir, folder, template=CHATML.replace("\n{{ m.content", " {{ m.content"))
    engine = LlamaCppEngine(Model(str(folder)), tmp_path / "llamacpp.log")
    engine.expect(engine.model, [asked("hello")])
    engine.start(lambda _: None)
    try:
        with pytest.raises(ServeError) as error:
            engine.endpoint(engine.model)
    finally:
        engine.stop()
    assert "tiny::hello: llama.cpp renders the conversation otherwise than it was trained" in str(error.value)
    assert "'<|im_start|>system\\nSort." in str(error.value)
    assert "'<|im_start|>system Sort." in str(error.value)


def test_a_tokenizer_that_cuts_otherwise_is_refused(model_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    write_llama_gguf(model_dir, folder, merges=3)
    engine = LlamaCppEngine(Model(str(folder)), tmp_path / "llamacpp.log")
    engine.expect(engine.model, [asked("hello spam")])
    engine.start(lambda _: None)
    try:
        with pytest.raises(ServeError, match=r"llama\.cpp cuts the prompt into other tokens") as error:
            engine.endpoint(engine.model)
    finally:
        engine.stop()
    assert "from token" in str(error.value)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda path: path.write_bytes(b"GGUF" + b"\0" * 40), "the file is damaged or no GGUF: export it again"),
        (lambda path: shutil.copy(path, path.with_name("second.gguf")), "found 2 GGUF files (model.gguf, second.gguf)"),
    ],
)
def test_faults_of_the_file_are_explained(folder: Path, tmp_path: Path, damage: Any, said: str) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    damage(copy / "model.gguf")
    engine = LlamaCppEngine(Model(str(copy)), tmp_path / "llamacpp.log", start_limit_s=60)
    with pytest.raises(ServeError) as error:
        engine.start(lambda _: None)
    assert said in str(error.value)
    assert engine.pid is None


def test_a_gguf_without_a_tokenizer_cannot_be_compared(folder: Path, engine: LlamaCppEngine, tmp_path: Path) -> None:
    from pytest_ftgate.serve.llamacpp.prompts import check_prompts

    shutil.copy(folder / "model.gguf", tmp_path)
    with pytest.raises(ServeError, match="no tokenizer beside the GGUF"):
        check_prompts(engine.endpoint(engine.model), Model(str(tmp_path)), [asked("hello")])


def test_the_pool_serves_a_gguf_by_llama_cpp_whatever_serves_the_others(folder: Path, tmp_path: Path) -> None:
    pool = EnginePool(EngineSettings("transformers", tmp_path), None)  # type: ignore[arg-type]
    served = pool.as_served(Model(str(folder)))
    assert served.engine == identity("llamacpp")
    assert served.engine.startswith("llamacpp 20")
    assert "choice" in pool.offers(served)
    assert "adapters" not in pool.offers(served)


def test_a_killed_server_is_seen(folder: Path, tmp_path: Path) -> None:
    engine = LlamaCppEngine(Model(str(folder)), tmp_path / "llamacpp.log")
    engine.start(lambda _: None)
    try:
        assert engine.pid is not None
        os.killpg(engine.pid, 9)
        with pytest.raises(ServeError, match="the llamacpp server ended with exit code 137 while serving"):
            engine.check()
    finally:
        engine.stop()


def test_the_first_difference_is_found_at_the_end_of_the_shorter() -> None:
    assert first_difference("abc", "abcd") == (3, "abc", "abcd")
