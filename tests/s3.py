"""A server that speaks S3, on this machine alone, in a process of its own, and buckets in it."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from socket import socket
from typing import Any

#: What a client needs, in the environment; the server asks for no particular key.
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
}


class Server:
    """Where the server listens, and buckets that nobody else has."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._number = itertools.count()

    def client(self) -> Any:
        """Return a client of it."""
        import boto3

        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
        return boto3.client("s3", endpoint_url=self.endpoint, **keys)

    def bucket(self) -> str:
        """Make a bucket and return its address."""
        name = f"bucket-{os.getpid()}-{next(self._number)}"
        self.client().create_bucket(Bucket=name)
        return f"s3://{name}/kept"

    def settings(self) -> dict[str, str]:
        """Return the settings of a project that is kept in a new bucket."""
        return {"storage": self.bucket(), "storage_endpoint": self.endpoint}


@contextmanager
def server() -> Iterator[Server]:
    """Start a server and stop it at the end; credentials for it are in the environment meanwhile."""
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    before = {name: os.environ.get(name) for name in CREDENTIALS}
    os.environ.update(CREDENTIALS)
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        try:
            endpoint = f"http://127.0.0.1:{port}"
            _wait_for(endpoint, child)
            yield Server(endpoint)
        finally:
            child.kill()
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})


def _wait_for(endpoint: str, child: subprocess.Popen[bytes]) -> None:
    """Return once the server answers."""
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"{endpoint}/moto-api/", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            if child.poll() is not None:
                raise RuntimeError("the S3 server ended at once") from None
            time.sleep(0.1)
    raise RuntimeError("the S3 server does not answer")
