"""The files for Kubernetes and Ray Serve: Ray's by its own schemas, the others by the facts of their CRDs and chart.

By hand, the documents were validated against the schemas of llm-d-router (InferenceModelRewrite), of the LoRA syncer of
Gateway API Inference Extension 1.4.0, and of the chart vllm-stack 0.1.12 (values.schema.json, LoraAdapter).
"""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace

import pytest
import yaml

from pytest_ftgate.cli.router_files import configuration
from pytest_ftgate.cli.router_route import Route, Served
from pytest_ftgate.errors import FtgateError
from pytest_ftgate.registry.model_tags import name_of, tags_of
from pytest_ftgate.registry.version import FORM, PARENT
from pytest_ftgate.serve.adapter import adapter_digest
from pytest_ftgate.serve.chat_format import ChatFormat
from pytest_ftgate.serve.model import Model
from tests.unit.serve.vllm.adapters import make_adapter

CHAMPION = Served("v3", "ftgate-0123456789abcdef0123", (), "sms_spam-aaaaaaaaaaaaaaaa")
CANDIDATE = Served("v4", "ftgate-abcdef0123456789abcd", (), "sms_spam-bbbbbbbbbbbbbbbb")
OLD = Served("v1", "ftgate-00000000000000000000", (), "sms_spam-cccccccccccccccc")
ALONE = Route(
    "sms_spam", CHAMPION, adapters="/adapters/", base="SmolLM2-135M-Instruct", pool="smollm", superseded=(OLD,)
)
BOTH = replace(ALONE, candidate=CANDIDATE, share=0.05)
KUBERNETES_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def test_the_gateway_rewrites_the_task_to_the_champion_and_the_syncer_loads_it():
    loras, rewrite = yaml.safe_load_all(configuration(ALONE, "gateway-api"))
    assert (rewrite["apiVersion"], rewrite["kind"]) == ("llm-d.ai/v1alpha2", "InferenceModelRewrite")
    assert rewrite["spec"]["poolRef"]["name"] == "smollm"
    [rule] = rewrite["spec"]["rules"]
    assert rule["matches"] == [{"model": {"type": "Exact", "value": "sms_spam"}}]
    assert rule["targets"] == [{"modelRewrite": CHAMPION.name, "weight": 1}]
    assert all(KUBERNETES_NAME.fullmatch(each["metadata"]["name"]) for each in (loras, rewrite))

    said = yaml.safe_load(loras["data"]["configmap.yaml"])["vLLMLoRAConfig"]
    assert said["defaultBaseModel"] == "SmolLM2-135M-Instruct"
    assert said["ensureExist"]["models"] == [{"id": CHAMPION.name, "source": f"/adapters/{CHAMPION.folder}"}]
    assert said["ensureNotExist"]["models"] == [{"id": OLD.name, "source": f"/adapters/{OLD.folder}"}]


def test_weights_are_those_of_the_share_and_the_file_says_that_they_are_not_sticky():
    text = configuration(BOTH, "gateway-api")
    loras, rewrite = yaml.safe_load_all(text)
    assert rewrite["spec"]["rules"][0]["targets"] == [
        {"modelRewrite": CANDIDATE.name, "weight": 500},
        {"modelRewrite": CHAMPION.name, "weight": 9500},
    ]
    said = yaml.safe_load(loras["data"]["configmap.yaml"])["vLLMLoRAConfig"]
    assert [model["id"] for model in said["ensureExist"]["models"]] == [CANDIDATE.name, CHAMPION.name]
    assert "for each request, not for each user" in text
    assert "for each request" not in configuration(ALONE, "gateway-api")


def test_values_for_the_production_stack():
    text = configuration(BOTH, "production-stack")
    made = yaml.safe_load(text)
    assert made["loraController"] == {"enableLoraController": True}
    assert [each["name"] for each in made["loraAdapters"]] == [CANDIDATE.name, CHAMPION.name]
    assert made["loraAdapters"][1]["adapterSource"] == {
        "type": "local",
        "adapterName": CHAMPION.name,
        "adapterPath": f"/adapters/{CHAMPION.folder}",
    }
    assert all(KUBERNETES_NAME.fullmatch(each["name"]) for each in made["loraAdapters"])
    assert f"clients ask for {CHAMPION.name}" in " ".join(text.replace("\n# ", " ").split())


RAY = """
import sys, types, yaml
class Reflection(types.ModuleType):  # of gRPC servers, which ray[serve] installs and no schema needs
    __path__, __file__ = [], "none.py"
    reflection = None
for name in ("grpc_reflection", "grpc_reflection.v1alpha"):
    sys.modules[name] = Reflection(name)
from ray.serve.schema import ServeDeploySchema
from ray.llm._internal.serve.core.configs.llm_config import LLMConfig
made = ServeDeploySchema.model_validate(yaml.safe_load(sys.stdin))
[application] = made.applications
[llm] = [LLMConfig.model_validate(each) for each in application.args["llm_configs"]]
print(application.name, llm.model_id, llm.lora_config.dynamic_lora_loading_path, llm.multiplex_config().max_num_models_per_replica)
"""


def test_rays_own_schemas_accept_the_configuration():
    route = replace(BOTH, adapters="s3://bucket/loras/", source="/models/smollm", dtype="bfloat16", rank=8, replicas=2)
    route = replace(route, models="/state/models", revision="abc123")
    text = configuration(route, "ray-serve")
    done = subprocess.run([sys.executable, "-c", RAY], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "sms_spam SmolLM2-135M-Instruct s3://bucket/loras 8"
    assert f"aws s3 cp --recursive /state/models/{CHAMPION.folder} s3://bucket/loras/{CHAMPION.name}" in text
    [llm] = yaml.safe_load(text)["applications"][0]["args"]["llm_configs"]
    lora = {"enable_lora": True, "max_loras": 2, "max_lora_rank": 8}
    assert llm["engine_kwargs"] == lora | {"dtype": "bfloat16", "revision": "abc123"}
    google = configuration(replace(route, adapters="gs://b"), "ray-serve")
    assert f"gcloud storage rsync --recursive /state/models/{CHAMPION.folder} gs://b/{CHAMPION.name}" in google
    assert "aws" not in google


@pytest.mark.parametrize(
    ("kind", "change", "said"),
    [
        ("gateway-api", {"pool": ""}, "needs --pool NAME"),
        ("gateway-api", {"adapters": ""}, "needs --adapters DIR"),
        ("gateway-api", {"candidate": CANDIDATE, "share": 0.00001}, "a multiple of 0.0001, found 1e-05"),
        ("production-stack", {"base": ""}, "needs --base-name NAME"),
        ("ray-serve", {}, "from a bucket alone, such as s3://bucket/loras; found '/adapters'"),
        ("ray-serve", {"adapters": "s3://b", "base": "a:b"}, "splits names at the colon; found 'a:b'"),
    ],
)
def test_what_a_kind_cannot_do_without(kind, change, said):
    with pytest.raises(FtgateError, match=re.escape(said)):
        configuration(replace(ALONE, **change), kind)


def test_the_command_knows_versions_folders_and_what_is_superseded(registry, promote, ftgate):
    for weights in ("a", "b", "c"):
        promote(weights)
    v1, v2, v3 = registry.versions("spam")
    code, out, err = ftgate("router", "spam", "--kind", "gateway-api", "--pool", "p", "--adapters", "/adapters")
    assert (code, err) == (0, "")
    loras, rewrite = yaml.safe_load_all(out)
    assert rewrite["spec"]["rules"][0]["targets"][0]["modelRewrite"] == name_of(v3)
    said = yaml.safe_load(loras["data"]["configmap.yaml"])["vLLMLoRAConfig"]
    [wanted] = said["ensureExist"]["models"]
    assert wanted["source"] == f"/adapters/{registry.fetch(v3).name}"
    assert [each["id"] for each in said["ensureNotExist"]["models"]] == [name_of(v1)], "v2 may stay for a rollback"
    assert said["defaultBaseModel"] == "base"

    code, out, _ = ftgate("router", "spam", "--kind", "ray-serve", "--adapters", "s3://bucket/loras")
    [llm] = yaml.safe_load(out)["applications"][0]["args"]["llm_configs"]
    assert (code, llm["engine_kwargs"]["max_lora_rank"]) == (0, 8)
    code, out, _ = ftgate("router", "spam", "--server", "http://10.0.0.5:8000", "--prefix", "base:")
    assert f'default "base:{name_of(v3)}";' in out
    assert "split_clients" not in out
    assert v2.number == 2


CLUSTERS = (
    ("gateway-api", "--pool", "p", "--adapters", "/adapters"),
    ("production-stack", "--adapters", "/adapters"),
    ("ray-serve", "--adapters", "s3://bucket/loras"),
)


@pytest.fixture
def add(registry, base, tmp_path):
    """add(tags, quantization=...) -> one more version, promoted unless told otherwise."""

    def make(tags=None, *, verdict="PROMOTE", promote=True, **of_model):
        number = len(registry.versions("spam")) + 1
        folder = make_adapter(tmp_path / f"made-{number}", 8, number)
        model = Model(str(base), None, adapter=folder, **of_model)
        run = registry.log_run("spam", {}, {}, {}, {}, {})
        tags = tags_of(model) | {"verdict": verdict} | (tags or {})
        registry.add_version("spam", folder, adapter_digest(folder), run, tags)
        if promote:
            registry.promote("spam", number, "all checks passed")

    return make


@pytest.mark.parametrize("kind", CLUSTERS, ids=lambda kind: kind[0])
def test_what_servers_cannot_load_as_an_adapter_is_refused(registry, add, ftgate, tmp_path, kind):
    folder = tmp_path / "whole"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    run = registry.log_run("spam", {}, {}, {}, {}, {})
    whole = Model(str(folder))
    registry.add_version("spam", folder, whole.base_digest, run, tags_of(whole) | {"verdict": "PROMOTE"})
    registry.promote("spam", 1, "all checks passed")
    code, out, err = ftgate("router", "spam", "--kind", *kind)
    assert (code, out) == (2, "")
    assert "spam v1 is a full model\n    Start the servers by `ftgate serve`" in err

    add({FORM: "int8", PARENT: "v1@abc"})
    code, out, err = ftgate("router", "spam", "--kind", *kind)
    assert (code, out, "spam v2 is the form int8" in err) == (2, "", True)


@pytest.mark.parametrize(
    ("of_model", "said"),
    [
        ({"quantization": "nf4"}, "quantization"),
        ({"chat": ChatFormat("{{ messages }}")}, "a chat template of its own"),
        ({"chat": ChatFormat(variables='{"a": 1}', date="2026-01-01")}, "variables of the chat template, a fixed date"),
    ],
)
def test_ray_is_not_told_to_serve_another_model_than_the_gated_one(add, ftgate, of_model, said):
    add(**of_model)
    code, out, err = ftgate("router", "spam", "--kind", *CLUSTERS[2])
    assert (code, out) == (2, "")
    assert f"cannot state what spam v1 was tested with: {said}\n" in err


def test_ray_serves_the_revision_that_was_gated_and_a_candidate_needs_no_pipeline(add, ftgate):
    add({"ftgate.revision": "abc123"})
    code, out, _ = ftgate("router", "spam", "--kind", *CLUSTERS[2])
    [llm] = yaml.safe_load(out)["applications"][0]["args"]["llm_configs"]
    assert (code, llm["engine_kwargs"]["revision"]) == (0, "abc123")
    add({"ftgate.revision": "abc123"}, promote=False)
    assert ftgate("router", "spam", "--kind", *CLUSTERS[2], "--candidate")[::2] == (0, "")
    add({"ftgate.revision": "def456"}, promote=False)
    code, _, err = ftgate("router", "spam", "--kind", *CLUSTERS[2], "--candidate")
    assert (code, "spam v3 was tested with ftgate.revision def456, spam v1 with abc123" in err) == (2, True)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--server", "http://a:1", "--share", "0.1"], "--share: needs --candidate"),
        (["--server", "http://a:1", "--candidate-server", "http://b:1"], "--candidate-server: needs --candidate"),
        (["--server", "http://a:1", "--pool", "p", "--replicas", "2"], "--kind nginx does not read --pool, --replicas"),
        (["--kind", "litellm", "--listen", "80", "--log", "l"], "--kind litellm does not read --listen, --log"),
        (["--kind", "gateway-api", "--prefix", "b:"], "--kind gateway-api does not read --prefix"),
        (["--kind", "production-stack", "--candidate", "--share", "0.1"], "does not read --share"),
        (["--kind", "ray-serve", "--pipelines", "p"], "--kind ray-serve does not read --pipelines"),
        (["--server", "http://a:99999"], "--server: 'http://a:99999' is not a model server URL"),
        (["--server", "http://a:1", "--listen", "nonsense"], "--listen: 'nonsense' is not the address of a router"),
        (["--server", "http://a:1", "--listen", "a:0"], "--listen: 'a:0' is not the address of a router"),
    ],
)
def test_what_nobody_would_read_or_could_use_is_refused(add, ftgate, options, said):
    add()
    code, out, err = ftgate("router", "spam", *options)
    assert (code, out, said in err) == (2, "", True), err


def test_a_server_counts_once_and_the_file_is_no_folder(add, ftgate, tmp_path):
    add()
    twice = ["--server", "http://a:1", "--server", "http://a:1/v1"]
    assert ftgate("router", "spam", *twice)[1].count("server a:1") == 1
    code, _, err = ftgate("router", "spam", *twice, "--out", str(tmp_path))
    assert (code, f"--out: {tmp_path} is a folder" in err) == (2, True)


def test_a_refused_candidate_is_written_with_a_warning(add, ftgate):
    add()
    add(verdict="REJECT", promote=False)
    code, out, err = ftgate("router", "spam", "--server", "http://a:1", "--candidate", "v2", "--share", "0.1")
    assert (code, "split_clients" in out, err.count("\n")) == (0, True, 1)
    assert "warning: spam v2 was refused by the gate (REJECT); users would meet it all the same" in err
