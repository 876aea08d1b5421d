"""Route -> what Kubernetes or Ray Serve read: YAML for kubectl, values for helm, a configuration for serve.

The fields are those of llm-d-router 0.9 (InferenceModelRewrite), of the LoRA syncer of Gateway API Inference Extension
1.4, of the chart vllm-stack 0.1.12 and of Ray 2.60. None of them checks digests or asks an adapter what it answers:
`ftgate reconcile` does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from shlex import quote
from textwrap import wrap
from typing import Any

from pytest_ftgate.cli.router_route import Route, Served, percent
from pytest_ftgate.errors import FtgateError
from pytest_ftgate.files.escape import printable

_BUCKET = re.compile(r"(s3|gs|abfss|azure)://\S+")
_PER_REQUEST = (
    "The split is drawn for each request, not for each user: a user meets both versions, and `ftgate ab "
    "analyse` withholds its decision. For an A/B test, put `--kind nginx` in front, which is sticky; this is "
    "for a rollout that is only watched."
)


def gateway_api(route: Route) -> str:
    """An InferenceModelRewrite (clients go on asking for the task), and the ConfigMap of the LoRA syncer."""
    if route.candidate:
        percent(route.share)
    name = _kubernetes_name(route.task)
    targets = [{"modelRewrite": arm.name, "weight": weight} for arm, weight in route.weights]
    rewrite = {
        "apiVersion": "llm-d.ai/v1alpha2",
        "kind": "InferenceModelRewrite",
        "metadata": {"name": name},
        "spec": {
            "poolRef": {"group": "inference.networking.k8s.io", "kind": "InferencePool", "name": _need(route, "pool")},
            "rules": [{"matches": [{"model": {"type": "Exact", "value": route.task}}], "targets": targets}],
        },
    }
    syncer: dict[str, Any] = {
        "name": name,
        "defaultBaseModel": _need(route, "base"),
        "ensureExist": {"models": [_synced(route, arm) for arm in route.arms]},
        "ensureNotExist": {"models": [_synced(route, old) for old in route.superseded]},
    }
    loras = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": f"{name}-loras"},
        "data": {"configmap.yaml": _yaml({"vLLMLoRAConfig": syncer})},
    }
    head = (
        "Apply the ConfigMap first, and the rewrite once all servers list its adapters. Before llm-d-router 0.9 "
        "the group of the rewrite is inference.networking.x-k8s.io. The syncer loads from a volume that all "
        f"servers mount; without it, `ftgate reconcile {route.task} --loop 30` beside each server does the same, "
        "and checks and asks."
    )
    return _comment(route, "gateway-api", head, split=True) + _yaml(loras) + "---\n" + _yaml(rewrite)


def production_stack(route: Route) -> str:
    """Values for vLLM's helm chart, to be given after one's own: the adapters, and the controller that loads them."""
    adapters = [
        {
            "name": arm.name,
            "baseModel": _need(route, "base"),
            "adapterSource": {"type": "local", "adapterName": arm.name, "adapterPath": _path(route, arm)},
            "loraAdapterDeploymentConfig": {"algorithm": "default"},
        }
        for arm in route.arms
    ]
    values = {"loraController": {"enableLoraController": True}, "loraAdapters": adapters}
    head = (
        "For: helm upgrade RELEASE vllm/vllm-stack -f VALUES -f THIS. baseModel is the `name` of your modelSpec, "
        "which has enableLoRA: true and VLLM_ALLOW_RUNTIME_LORA_UPDATING. Helm replaces lists: adapters of other "
        f"tasks belong here too. The chart's router has no aliases: clients ask for {route.champion.name}, or keep "
        f"asking for {route.task} through `--kind nginx --server http://ROUTER:80` in front of it."
    )
    return _comment(route, "production-stack", head) + _yaml(values)


def ray_serve(route: Route) -> str:
    """A configuration for `serve deploy`: one application of Ray Serve LLM that loads adapters from a bucket."""
    base, bucket = _need(route, "base"), _need(route, "adapters").rstrip("/")
    if not _BUCKET.fullmatch(bucket) or ":" in base:
        raise FtgateError(
            f"--adapters: Ray Serve loads adapters from a bucket alone, such as s3://bucket/loras; found {bucket!r}"
            if ":" not in base
            else f"--base-name: Ray Serve splits names at the colon; found {base!r}"
        )
    engine = {"enable_lora": True, "max_loras": max(2, len(route.arms)), "max_lora_rank": route.rank}
    tested = {"dtype": route.dtype, "revision": route.revision}
    llm = {
        "model_loading_config": {"model_id": base, "model_source": route.source},
        "engine_kwargs": engine | {name: value for name, value in tested.items() if value},
        "lora_config": {"dynamic_lora_loading_path": bucket, "max_num_adapters_per_replica": 8},
        "deployment_config": {"num_replicas": route.replicas},
    }
    application = {
        "name": route.task,
        "import_path": "ray.serve.llm:build_openai_app",
        "route_prefix": "/",
        "args": {"llm_configs": [llm]},
    }
    copies = "\n".join(f"    {_copy(f'{route.models}/{arm.folder}', f'{bucket}/{arm.name}')}" for arm in route.arms)
    head = (
        "For: serve deploy FILE, after the adapters are in the bucket under the names of their digests:\n"
        f"{copies}\n"
        f"Ray names an adapter BASE:NAME, so clients ask for {base}:{route.champion.name}, or keep asking for "
        f"{route.task} through `--kind nginx --server http://RAY:8000 --prefix {base}:`. {base} alone is the base "
        "model."
    )
    return _comment(route, "ray-serve", head) + _yaml({"applications": [application]})


def _copy(folder: str, there: str) -> str:
    """What brings the contents of a folder into a bucket, by the program of its provider where that reads its URLs."""
    names = f"{quote(folder)} {quote(there)}"
    if there.startswith("s3:"):
        return f"aws s3 cp --recursive {names}"
    return f"gcloud storage rsync --recursive {names}" if there.startswith("gs:") else f"copy the files of {names}"


def _synced(route: Route, served: Served) -> dict[str, str]:
    return {"id": served.name, "source": _path(route, served)}


def _path(route: Route, served: Served) -> str:
    return f"{_need(route, 'adapters').rstrip('/')}/{served.folder}"


def _need(route: Route, what: str) -> str:
    """A setting that this kind cannot do without."""
    option = {"pool": "--pool NAME", "base": "--base-name NAME", "adapters": "--adapters DIR"}[what]
    found: str = getattr(route, what)
    if not found:
        raise FtgateError(f"this kind of router needs {option}")
    return found


def _kubernetes_name(task: str) -> str:
    """sms_spam -> ftgate-sms-spam: lower case, digits and hyphens, at most 63 with what is appended."""
    return f"ftgate-{re.sub(r'[^a-z0-9]+', '-', task.lower()).strip('-')}"[:57].rstrip("-")


def _comment(route: Route, kind: str, head: str, *, split: bool = False) -> str:
    who = f"{route.champion.title} ({route.champion.name}) is the champion"
    if route.candidate:
        who += f", {route.candidate.title} ({route.candidate.name}) the candidate"
    more = f"\n{_PER_REQUEST}" if split and route.candidate else ""
    said = f"Written by `ftgate router {route.task} --kind {kind}`: {who}.\n{head}{more}"
    lines = [
        line
        for each in said.splitlines()
        for line in ([each] if each.startswith(" ") else wrap(each, 118, break_on_hyphens=False))
    ]
    return "".join(f"# {printable(line)}\n" for line in lines)


def _yaml(value: Mapping[str, Any]) -> str:
    import yaml

    class Dumper(yaml.SafeDumper):
        """Writes a text of several lines as a block."""

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)

    Dumper.add_representer(str, text)
    return str(yaml.dump(value, Dumper=Dumper, sort_keys=False, width=200))
