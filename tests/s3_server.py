"""A local server that speaks S3 (moto), and the variables by which MLflow's real boto3 finds it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

BUCKET = "models"
SECRET = "CANARY-secret"


@dataclass(frozen=True)
class S3:
    """client: of boto3, with an empty bucket. environment: for a registry that keeps its files there."""

    client: Any
    environment: Mapping[str, str]


@contextmanager
def s3_server() -> Iterator[S3]:
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        environment = {
            "MLFLOW_DEFAULT_ARTIFACT_ROOT": f"s3://{BUCKET}/ftgate",
            "MLFLOW_S3_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "ada",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        client = boto3.client(
            "s3",
            endpoint_url=environment["MLFLOW_S3_ENDPOINT_URL"],
            region_name="us-east-1",
            aws_access_key_id="ada",
            aws_secret_access_key=SECRET,
        )
        client.create_bucket(Bucket=BUCKET)
        yield S3(client, environment)
    finally:
        server.stop()
