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
from pytest_ftgate.registry.model_tags import name_of

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
    text = configuration(route, "ray-serve")
    done = subprocess.run([sys.executable, "-c", RAY], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "sms_spam SmolLM2-135M-Instruct s3://bucket/loras 8"
    assert f"cp --recursive .ftgate/models/{CHAMPION.folder} s3://bucket/loras/{CHAMPION.name}" in text
    [llm] = yaml.safe_load(text)["applications"][0]["args"]["llm_configs"]
    assert llm["engine_kwargs"] == {"enable_lora": True, "max_loras": 2, "max_lora_rank": 8, "dtype": "bfloat16"}


@pytest.mark.parametrize(
    ("kind", "change", "said"),
    [
        ("gateway-api", {"pool": ""}, "needs --pool NAME"),
        ("gateway-api", {"adapters": ""}, "needs --adapters DIR"),
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
