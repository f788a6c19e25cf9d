"""A home in a bucket of S3, or of what speaks like it: one object a file.

Writing one object is atomic, and lists are up to date, which is all that is relied on. ``If-None-Match: *``
lets only one of two writers make an object (S3 has it since 2024; so have MinIO, Ceph and others). Each
object carries its SHA-256, which is compared on reading. Credentials come from boto3's usual chain alone.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from vigil.errors import StorageError
from vigil.storage.homes import Entry

#: Bytes that are read at a time.
PIECE = 1 << 20
#: Objects that one request may delete.
_AT_ONCE = 1000

_DENIED = {"AccessDenied", "403", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken"}
_TAKEN = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}


class Bucket:
    """The objects of a bucket below a prefix."""

    def __init__(self, bucket: str, prefix: str, endpoint: str | None) -> None:
        """Connect to nothing yet. Raises StorageError when boto3 is not installed."""
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._client = _client(endpoint)

    def put(self, name: str, content: bytes | Path) -> None:
        """Write an object; the server compares its MD5."""
        with self._explained(name):
            self._put(name, content)

    def put_new(self, name: str, content: bytes | Path) -> bool:
        """Write an object unless there is one; a request that was repeated finds its own."""
        from botocore.exceptions import ClientError

        with self._explained(name):
            try:
                self._put(name, content, IfNoneMatch="*")
            except ClientError as error:
                if _code(error) not in _TAKEN:
                    raise
                found = self._client.head_object(**self._named(name))
                return bool(found["Metadata"].get("sha256") == _digest("sha256", content).hexdigest())
        return True

    def fetch(self, name: str, into: BinaryIO) -> None:
        """Read an object, piece by piece, and compare its SHA-256."""
        with self._explained(name):
            answer = self._client.get_object(**self._named(name))
            found = hashlib.sha256()
            for piece in answer["Body"].iter_chunks(PIECE):
                found.update(piece)
                into.write(piece)
        if answer["Metadata"].get("sha256", found.hexdigest()) != found.hexdigest():
            raise StorageError("is not what was written.", where=self._address(name))

    def list(self, under: str = "") -> dict[str, Entry]:
        """Return the objects whose names begin with some text."""
        found = {}
        with self._explained(under):
            pages = self._client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix + under):
                for item in page.get("Contents", ()):
                    name = item["Key"].removeprefix(self._prefix)
                    found[name] = Entry(item["Size"], item["ETag"].strip('"'))
        return found

    def delete(self, names: Iterable[str]) -> None:
        """Delete objects."""
        gone = [{"Key": self._prefix + name} for name in names]
        for start in range(0, len(gone), _AT_ONCE):
            part = gone[start : start + _AT_ONCE]
            with self._explained(""):
                told = {"Objects": part, "Quiet": True}
                answer = self._client.delete_objects(Bucket=self._bucket, Delete=told)
            for fault in answer.get("Errors", ())[:1]:
                raise StorageError(
                    f"cannot be deleted ({fault['Code']}).", where=f"s3://{self._bucket}/{fault['Key']}"
                )

    def _put(self, name: str, content: bytes | Path, **more: str) -> None:
        """Send an object with its checksums."""
        told = {
            "ContentMD5": base64.b64encode(_digest("md5", content).digest()).decode(),
            "Metadata": {"sha256": _digest("sha256", content).hexdigest()},
            **more,
        }
        if isinstance(content, bytes):
            self._client.put_object(**self._named(name), Body=content, **told)
            return
        with content.open("rb") as file:
            self._client.put_object(**self._named(name), Body=file, **told)

    def _named(self, name: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + name}

    def _address(self, name: str) -> str:
        return f"s3://{self._bucket}/{self._prefix}{name}"

    @contextmanager
    def _explained(self, name: str) -> Iterator[None]:
        """Turn boto3's errors into one line that says what to do."""
        from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

        where = self._address(name)
        try:
            yield
        except NoCredentialsError as error:
            hint = "Give them as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or in any way that boto3 knows."
            raise StorageError("there are no credentials for it.", where=where, hint=hint) from error
        except ClientError as error:
            raise StorageError(_refusal(error, self._bucket), where=where) from error
        except BotoCoreError as error:
            hint = "Check the network and the endpoint; the next run goes on from there."
            raise StorageError(f"cannot be reached ({error}).", where=where, hint=hint) from error


def _client(endpoint: str | None) -> Any:
    """Return boto3's client: quick to give up, and to be asked by several threads."""
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError as error:
        hint = "Install it with the extra: pip install '.[s3]'"
        raise StorageError("object storage needs boto3.", where="storage", hint=hint) from error
    # Checksums are sent as Content-MD5, which every server knows, and not as trailers, which not all do.
    settings: Any = Config(
        connect_timeout=5,
        read_timeout=60,
        retries={"mode": "standard", "max_attempts": 3},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"addressing_style": "path" if endpoint else "auto"},
    )
    try:
        return boto3.session.Session().client("s3", endpoint_url=endpoint, config=settings)
    except (BotoCoreError, ValueError) as error:
        raise StorageError(f"boto3 cannot be set up ({error}).", where="storage") from error


def _refusal(error: Any, bucket: str) -> str:
    """Say in words why a server refused."""
    code = _code(error)
    if code in ("NoSuchBucket", "404"):
        return f"the bucket {bucket} is not there. Make it, or name another in 'storage'."
    if code == "NoSuchKey":
        return "the object is not there any more."
    if code in _DENIED:
        return f"access is denied ({code}). The credentials have to allow to list, read, write and delete."
    return f"the storage refuses ({code}: {error.response['Error'].get('Message', '')})."


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _digest(kind: str, content: bytes | Path) -> Any:
    """Return the running digest of content, of a file piece by piece."""
    if isinstance(content, bytes):
        return hashlib.new(kind, content, usedforsecurity=False)
    with content.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(kind, usedforsecurity=False))
