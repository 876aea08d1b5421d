"""Versions pushed by the real huggingface_hub to a local server that speaks the Hub's protocol."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import pytest
import yaml

from pytest_ftgate.errors import IntegrityError, MissingExtra, RegistryError
from pytest_ftgate.registry.audit.moves import entries_of
from pytest_ftgate.registry.hub.explain import Moved
from pytest_ftgate.registry.hub.push import Options, push
from pytest_ftgate.registry.hub.repository import Repository
from tests.unit.registry.hub.conftest import NAME
from tests.unit.signing_keys import make_keys


@pytest.fixture
def send(registry, repo):
    """send(number, option=...) pushes a version of "spam"; what it says is in send.lines."""

    def push_version(number: int, to: Repository = repo, **options: object):
        return push(registry, registry.version("spam", number), to, Options(**options), push_version.lines.append)

    push_version.lines = []
    return push_version


def files(hub, revision: str = "main") -> dict[str, bytes]:
    return hub.writes.repos[NAME].commit_of(revision).files


def test_a_version_with_its_evidence_is_one_commit_and_a_tag(hub, registry, add, send):
    done = send(add("a"))
    repo = hub.writes.repos[NAME]
    assert repo.private
    assert repo.tags == {"v1": done.commit}
    assert [each.title for each in repo.history("main")][1:] == ["initial commit"]
    pushed = files(hub, "v1")
    assert set(pushed) == {
        ".gitattributes", "README.md", "adapter_config.json", "adapter_model.safetensors", "ftgate.json",
    }  # fmt: skip
    assert pushed["adapter_model.safetensors"] == b"a" * 1000
    _, head, body = pushed["README.md"].decode().split("---\n", 2)
    card = yaml.safe_load(head)
    assert (card["base_model"], card["license"], card["library_name"]) == ("acme/base", "other", "peft")
    assert card["ftgate"] == {"task": "spam", "version": "v1", "digest": registry.version("spam", 1).digest}
    [result] = card["model-index"][0]["results"]
    assert result["dataset"] == {"type": "sms", "name": "golden set sms", "revision": "feed"}
    assert result["metrics"] == [{"type": "f1", "name": "f1", "value": 0.95}]
    assert "| sms | f1 | 0.950 | 0.910 | 2 |" in body
    assert "**PROMOTE**, compared with no champion. better" in body
    assert "data.train.sha256: ab12" in body
    assert "licence of the base model: not found in its card" in body


def test_nothing_of_this_machine_leaves_it(hub, add, adapter, send, tmp_path):
    (adapter("a") / "rows.txt").write_text("a training row")
    send(add("a", **{"ftgate.base": str(tmp_path / "base")}))
    pushed = files(hub)
    assert json.loads(pushed["adapter_config.json"])["base_model_name_or_path"] is None
    assert not any(str(tmp_path).encode() in content for content in pushed.values())
    assert "rows.txt" not in pushed
    assert send.lines == ["not pushed, as it is no part of the model: rows.txt"]
    assert "base_model" not in yaml.safe_load(pushed["README.md"].decode().split("---")[1])
    assert b"a folder, not on the Hub" in pushed["README.md"]


def test_a_file_with_a_key_or_a_path_is_refused(hub, add, adapter, send, monkeypatch, tmp_path):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789")
    (adapter("a") / "tokenizer_config.json").write_text('{"key": "sk-0123456789"}')
    (adapter("b") / "tokenizer_config.json").write_text(json.dumps({"name": str(tmp_path / "base")}))
    with pytest.raises(RegistryError, match="holds a key or a password"):
        send(add("a"))
    with pytest.raises(RegistryError, match=r"tokenizer_config\.json names a folder of this machine"):
        send(add("b", **{"ftgate.base": str(tmp_path / "base")}))
    assert hub.writes.repos == {}


def test_a_key_in_a_reason_is_masked_in_the_proof_too(hub, add, send, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789abc")
    send(add("a", verdict="REJECT", reason="said sk-0123456789abc"), override="key is sk-0123456789abc")
    assert not [name for name, content in files(hub).items() if b"sk-0123456789abc" in content]
    verdict = json.loads(files(hub)["ftgate.json"])["verdict"]
    assert (verdict["reason"], verdict["override"]) == ("said ***", "key is ***")


@pytest.mark.parametrize(
    ("tag", "text", "says"),
    [
        (
            "ftgate.engine",
            "vllm 0.32 --chat-template /srv/anna/x.jinja",
            r"ftgate\.engine names .*, /srv/anna/x\.jinja:",
        ),
        ("reason", "worse than ~/runs/7", "the reason of the gate names a folder of this machine, ~/runs/7:"),
        ("ftgate.chat_template_kwargs", '{"key": "sk-0123456789abc"}', "chat_template_kwargs holds a key"),
        ("ftgate.chat_template", "{# HERE/base #}", "the chat template names a folder"),
    ],
)
def test_what_is_told_of_a_model_names_no_folder_and_no_key(hub, add, send, monkeypatch, tmp_path, tag, text, says):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789abc")
    number = add("a", **{"ftgate.base": str(tmp_path / "base"), tag: text.replace("HERE", str(tmp_path))})
    with pytest.raises(RegistryError, match=says):
        send(number)
    assert hub.writes.repos == {}


def test_a_fraction_an_address_and_a_template_are_no_folders(hub, add, send):
    template = "{# such as /usr/lib/x #}<b>a</b>"
    send(add("a", reason="7/9 of 1/2, see https://h/a/b and </b>", **{"ftgate.chat_template": template}))
    assert json.loads(files(hub)["ftgate.json"])["tags"]["ftgate.chat_template"] == template


def test_a_vocabulary_may_hold_the_word_for_a_folder(hub, add, adapter, send, tmp_path):
    (adapter("a") / "vocab.json").write_text(json.dumps({str(tmp_path / "base"): 1}))
    send(add("a", **{"ftgate.base": str(tmp_path / "base")}))
    assert "vocab.json" in files(hub)


@pytest.mark.parametrize("verdict", ["HOLD", "REJECT"])
def test_what_the_gate_did_not_promote_needs_a_reason_on_the_record(hub, registry, add, send, verdict):
    number = add("a", verdict=verdict)
    with pytest.raises(RegistryError, match=rf"spam v1 was judged {verdict}: not pushed\n.*--override"):
        send(number)
    assert hub.writes.repos == {}
    send(number, override="for the partner")
    last = entries_of(registry.log, "spam")[-1]
    assert (last.kind, last.what["reason"], last.what["to"]) == ("export", "for the partner", f"hf://{NAME}")
    assert b"did not say PROMOTE: for the partner" in files(hub)["README.md"]


def test_an_invalid_or_edited_verdict_is_never_pushed(registry, add, send):
    add("a", verdict="INTEGRITY")
    add("b", verdict="REJECT")
    with registry.store.asking("test") as client:
        client.set_model_version_tag("spam", "2", "verdict", "PROMOTE")
    with pytest.raises(RegistryError, match="cannot be pushed"):
        send(1, override="please")
    with pytest.raises(IntegrityError, match="edited by hand"):
        send(2)


def test_the_same_push_again_changes_nothing_and_sends_nothing(hub, add, send):
    first = send(add("a"))
    before = len(hub.requests)
    again = send(1)
    assert (again.commit, again.new) == (first.commit, False)
    assert {method for method, *_ in hub.requests[before:]} <= {"GET", "HEAD"}


def test_the_next_version_replaces_the_files_and_keeps_the_old_tag(hub, add, adapter, send):
    (adapter("a") / "merges.txt").write_text("a b")
    send(add("a"))
    send(add("b"))
    assert "merges.txt" in files(hub, "v1")
    assert "merges.txt" not in files(hub, "v2")
    assert files(hub, "main") == files(hub, "v2")


def test_a_signed_version_keeps_its_signature(hub, registry, adapter, send, tmp_path):
    keys = make_keys(tmp_path)
    folder = adapter("a")
    (folder / "adapter_config.json").write_text('{"r": 8, "base_model_name_or_path": "acme/base"}')
    signed = replace(registry, keys=keys)
    run = signed.log_run("spam", {}, {}, {}, {}, {})
    signed.add_version("spam", folder, signed.digest_of(folder), run, {"verdict": "PROMOTE"})
    send(1)
    assert json.loads(files(hub)["ftgate.json"])["signed"] == registry.version("spam", 1).tags["ftgate.signed"]
    assert b"`model.sig` signs the files" in files(hub)["README.md"]


def test_a_change_of_the_configuration_is_signed_anew_or_said(hub, registry, adapter, send, tmp_path):
    keys, folder = make_keys(tmp_path), adapter("a")
    signed = replace(registry, keys=keys)
    run = signed.log_run("spam", {}, {}, {}, {}, {})
    signed.add_version("spam", folder, signed.digest_of(folder), run, {"verdict": "PROMOTE"})
    send(1)
    assert "model.sig" not in files(hub)
    [line] = send.lines
    assert "without its signature, as adapter_config.json named a folder of this machine" in line
    send(1, to=Repository("acme/other"), key=keys.signing)
    assert "model.sig" in hub.writes.repos["acme/other"].commit_of("main").files


def by_hand(hub, title: str, **changes: bytes):
    """A commit of somebody else; a file is named with __ for the dot."""

    def commit(repo=None):
        repo = repo or hub.writes.repos[NAME]
        changed = {name.replace("__", "."): content for name, content in changes.items()}
        return repo.commit(title, {**repo.commit_of("main").files, **changed})

    return commit


def test_a_repository_that_changes_during_the_push_is_refused(hub, add, send):
    send(add("a"))
    hub.writes.before_commit.append(by_hand(hub, "a better card", README__md=b"# mine"))
    with pytest.raises(
        Moved, match=r"changed while spam v2 was being pushed: \w{8} 'a better card' by ada; nothing of"
    ):
        send(add("b"))
    assert "v2" not in hub.writes.repos[NAME].tags
    with pytest.raises(RegistryError, match=r"changed on the Hub since v1 was pushed: README\.md\n.*--replace"):
        send(2)
    sent = [path for method, path, _ in hub.requests if method == "PUT"]
    send(2, replace=True)
    assert sent == [path for method, path, _ in hub.requests if method == "PUT"], "what was sent is not sent again"


def test_repositories_of_others_are_left_alone(hub, add, send, registry):
    hub.writes.repos[NAME] = type("R", (), {})
    from tests.hub_writes import Repository as Stored

    hub.writes.repos[NAME] = Stored(private=True)
    hub.writes.repos[NAME].commit("theirs", {"model.gguf": b"weights"})
    with pytest.raises(RegistryError, match=r"holds files that no push has written: model\.gguf"):
        send(add("a"))
    hub.writes.repos["acme/public"] = Stored(private=False)
    hub.writes.repos["acme/public"].commit("initial", {})
    with pytest.raises(RegistryError, match="acme/public is public"):
        send(1, to=Repository("acme/public"))
    send(1, to=Repository("acme/public"), public=True)
    assert "v1" in hub.writes.repos["acme/public"].tags


def test_a_tag_that_names_something_else_is_refused(hub, add, send):
    send(add("a"))
    repo = hub.writes.repos[NAME]
    repo.tags["v2"] = repo.tags["v1"]
    with pytest.raises(IntegrityError, match="tag v2 names spam with digest"):
        send(add("b"))


@pytest.mark.parametrize(
    ("token", "says"),
    [
        ("bad", r"the Hub does not accept the token\n.*HF_TOKEN"),
        ("", r"does not accept the token\n.*HF_TOKEN, which is not"),
    ],
)
def test_without_a_token_that_may_write(hub, add, send, monkeypatch, token, says):
    monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(RegistryError, match=says):
        send(add("a"))


def test_a_token_that_may_only_read(hub, add, send):
    hub.writes.read_only.add("acme")
    with pytest.raises(RegistryError, match=r"may not be changed with this token\n.*needs write access"):
        send(add("a"))


def test_offline_and_a_name_that_is_none(hub, add, send, monkeypatch):
    number = add("a")
    with pytest.raises(RegistryError, match=r"is not a name of a repository\n.*ORG/NAME"):
        send(number, to=Repository("a/b/c"))
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(RegistryError, match="HF_HUB_OFFLINE is set"):
        send(number)


def test_without_the_library_the_extra_is_named(add, send, monkeypatch):
    number = add("a")
    for name in [each for each in sys.modules if each.partition(".")[0] == "huggingface_hub"]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtra, match=r"needs the extra 'serve'"):
        send(number)


def test_an_upload_that_breaks_is_sent_again(hub, add, send):
    hub.writes.most.append(500)
    send(add("a"))
    assert len([path for method, path, _ in hub.requests if method == "PUT"]) == 2
    assert files(hub)["adapter_model.safetensors"] == b"a" * 1000


def test_a_hub_that_is_busy_for_a_moment_is_asked_again(hub, add, send):
    hub.busy["preupload"] = 1
    assert send(add("a")).new


def test_a_commit_that_is_refused_leaves_nothing_and_says_so(hub, add, send):
    hub.busy["/commit/"] = 1
    with pytest.raises(RegistryError, match=r"the Hub answers 503 for acme/spam.*\n.*same command again"):
        send(add("a"))
    assert set(files(hub)) == {".gitattributes"}
    assert send(1).new
    assert len([path for method, path, _ in hub.requests if method == "PUT"]) == 1
