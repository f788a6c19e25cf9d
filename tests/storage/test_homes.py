"""One suite over the places where files are kept for good, and the words when one cannot be used."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests import s3
from vigil.errors import StorageError
from vigil.storage import durable, homes
from vigil.storage.homes import Home


@pytest.fixture(params=["file", "s3"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    """An empty home of each kind."""
    if request.param == "file":
        return homes.opened(f"file://{tmp_path}")
    server = request.getfixturevalue("object_storage")
    return homes.opened(server.bucket(), server.endpoint)


def content(home: Home, name: str) -> bytes:
    """Return what a file of a home holds."""
    sink = io.BytesIO()
    home.fetch(name, sink)
    return sink.getvalue()


def test_what_is_put_is_there(home: Home, tmp_path: Path) -> None:
    """Bytes and files come back as they were, listed with their size and a tag that follows the content."""
    (tmp_path / ".aside").write_bytes(b"from a file" * 1000)
    home.put("a/one.bin", b"\x00\xff\n")
    home.put("a/two.bin", tmp_path / ".aside")
    home.put("b/three.bin", b"")
    assert content(home, "a/one.bin") == b"\x00\xff\n"
    assert content(home, "a/two.bin") == b"from a file" * 1000
    assert {name: entry.size for name, entry in home.list().items()} == {
        "a/one.bin": 3, "a/two.bin": 11_000, "b/three.bin": 0,
    }  # fmt: skip
    before = home.list("a/")
    assert list(before) == ["a/one.bin", "a/two.bin"]
    home.put("a/one.bin", b"abc")
    assert home.list("a/")["a/one.bin"].tag != before["a/one.bin"].tag


def test_a_name_is_given_once(home: Home) -> None:
    """The first writer of a new file wins; the same content again, as after a lost answer, is no conflict."""
    assert home.put_new("log/0.json", b"mine")
    assert home.put_new("log/0.json", b"mine")
    assert not home.put_new("log/0.json", b"theirs")
    assert content(home, "log/0.json") == b"mine"


def test_of_many_writers_one_wins(home: Home) -> None:
    """Eight at once: one content is there, and one writer was told so."""
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda number: home.put_new("log/1.json", b"%d" % number), range(8)))
    assert sum(won) == 1
    assert content(home, "log/1.json") == b"%d" % won.index(True)


def test_what_is_deleted_is_gone(home: Home) -> None:
    """Deleting what is not there is no fault; reading it is one."""
    home.put("a", b"1")
    home.delete(["a", "never"])
    home.delete([])
    assert home.list() == {}
    with pytest.raises(StorageError):
        content(home, "a")


def test_names_are_any(home: Home) -> None:
    """Blanks, signs and letters of any script are names."""
    names = ["a b/c+d.json", "ä/ö=&?#%20.csv", "日本/表.json"]
    for name in names:
        home.put(name, name.encode())
    assert sorted(home.list()) == sorted(names)
    assert all(content(home, name) == name.encode() for name in names)
    home.delete(names)
    assert home.list() == {}


def test_an_altered_object_is_refused(object_storage: s3.Server) -> None:
    """An object that does not hold what its checksum says is not taken."""
    url = object_storage.bucket()
    home = homes.opened(url, object_storage.endpoint)
    home.put("x", b"whole")
    client, bucket = object_storage.client(), url.split("/")[2]
    told = client.head_object(Bucket=bucket, Key="kept/x")["Metadata"]
    client.put_object(Bucket=bucket, Key="kept/x", Body=b"alter", Metadata=told)
    with pytest.raises(StorageError, match="not what was written"):
        content(home, "x")


def said(url: str, endpoint: str | None) -> str:
    """Return the one line that is said about a storage which cannot be used."""
    with pytest.raises(StorageError) as caught:
        homes.opened(url, endpoint).list()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_missing_bucket_is_named(object_storage: s3.Server) -> None:
    """The bucket, and what to do."""
    words = said("s3://nowhere-at-all/x", object_storage.endpoint)
    assert words.startswith("s3://nowhere-at-all/x/: the bucket nowhere-at-all is not there. Make it, or")


def test_a_server_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens: the address, and that the next run goes on."""
    for name, value in s3.CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    words = said("s3://some-bucket/x", "http://127.0.0.1:1")
    assert "cannot be reached" in words
    assert "127.0.0.1:1" in words


def test_missing_credentials_are_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No key anywhere: where one may be given."""
    for name in s3.CREDENTIALS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert "AWS_ACCESS_KEY_ID" in said("s3://another-bucket/x", "http://127.0.0.1:1")


class _Forbids(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        text = b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
        self.send_response(403)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def forbidding() -> Iterator[str]:
    """A server that lets nobody in."""
    server = HTTPServer(("127.0.0.1", 0), _Forbids)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_denied_access_is_said(forbidding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which rights are needed."""
    for name, value in s3.CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    assert "access is denied (AccessDenied)" in said("s3://closed-bucket/x", forbidding)


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3 is not installed: what to type."""
    monkeypatch.setitem(sys.modules, "boto3", None)
    assert "pip install '.[s3]'" in said("s3://bucket-without-extra/x", None)


def test_a_share_that_is_not_mounted_is_never_filled(tmp_path: Path) -> None:
    """A folder that is not there is said, and not made."""
    home = homes.opened(f"file://{tmp_path}/share")
    with pytest.raises(StorageError, match="is it mounted"):
        home.put("x", b"1")
    assert "is it mounted" in said(f"file://{tmp_path}/share", None)
    assert not (tmp_path / "share").exists()


def test_a_file_knows_where_it_is_kept(tmp_path: Path) -> None:
    """Below a folder with a note; not what is written aside, nor a folder that stays here."""
    note = {"url": f"file://{tmp_path}", "endpoint": None, "under": "o", "local": ["seen"], "edited": []}
    import json

    (tmp_path / "out").mkdir()
    (tmp_path / "out" / homes.NOTE).write_text(json.dumps(note))
    place = homes.of(tmp_path / "out/table/part.parquet")
    assert place is not None
    assert place.name == "o/table/part.parquet"
    for name in ("out/seen/x.run", "out/.x.1", "elsewhere/x"):
        assert homes.of(tmp_path / name) is None
    (tmp_path / "out" / homes.NOTE).write_text("{")
    with pytest.raises(StorageError, match="note is damaged"):
        durable.write_atomic(tmp_path / "out/x", b"1")
