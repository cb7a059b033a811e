"""A real server of the S3 API on a free port, and one bucket in it."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import boto3
from botocore.config import Config

from tests.servers.process import Server, free_port, own_folder, port_answers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client

__all__ = ["BUCKET", "S3_CREDENTIALS", "bucket_url", "s3_client", "s3_server"]

BUCKET: Final = "artifacts"
S3_CREDENTIALS: Final = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}


@contextmanager
def s3_server() -> Iterator[Server]:
    """A server with an empty bucket; it keeps nothing on disk."""
    port = free_port()
    with own_folder("s3-", None) as folder:
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        server = Server(command, f"http://127.0.0.1:{port}", folder, lambda: port_answers(port))
        server.start()
        try:
            s3_client(server.url).create_bucket(Bucket=BUCKET)
            yield server
        finally:
            server.kill()


def bucket_url(server_url: str, prefix: str = "") -> str:
    """The value of PRATIQUE_BLOBS_URL that means the bucket."""
    return f"s3://{BUCKET}/{prefix}?endpoint={server_url}&region=us-east-1"


def s3_client(server_url: str) -> S3Client:
    """A client that gives up soon."""
    config = Config(connect_timeout=1, read_timeout=5, retries={"total_max_attempts": 1})
    return boto3.client(
        "s3",
        endpoint_url=server_url,
        region_name="us-east-1",
        config=config,
        aws_access_key_id=S3_CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=S3_CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )
