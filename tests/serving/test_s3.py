"""Pictures on a real S3 server: kept, found, deleted, and what happens when the server is gone."""

import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
import numpy as np
import pytest
import s3fs
from chatedit.tools.editor import EditMetrics, EditResult
from chatedit.tools.errors import StoreUnavailable, UnknownImage
from chatedit.tools.leases import FolderLeases
from chatedit.tools.store import Store
from local_service import free_port
from one_server import serve
from scripted import png

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from moto.server import ThreadedMotoServer

BUCKET = "pictures"


@dataclass
class Bucket:
    """A bucket on a server that can go and come back; what it holds stays."""

    server: ThreadedMotoServer
    port: int
    url: str = f"s3://{BUCKET}/some/prefix"

    def names(self) -> list[str]:
        listed = boto3.client("s3").list_objects_v2(Bucket=BUCKET)
        return [one["Key"] for one in listed.get("Contents", [])]

    def go(self) -> None:
        self.server.stop()

    def come_back(self) -> None:
        self.server = ThreadedMotoServer("127.0.0.1", self.port, verbose=False)
        self.server.start()


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    port = free_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setattr(s3fs.S3FileSystem, "retries", 1)
    s3fs.S3FileSystem.clear_instance_cache()
    made = Bucket(ThreadedMotoServer("127.0.0.1", port, verbose=False), port)
    made.server.start()
    try:
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield made
        for key in made.names():
            boto3.client("s3").delete_object(Bucket=BUCKET, Key=key)
    finally:
        made.server.stop()
        s3fs.S3FileSystem.clear_instance_cache()


def test_pictures_latents_and_records_are_kept_under_the_prefix(bucket: Bucket, tmp_path: Path):
    store = Store(bucket.url, FolderLeases(tmp_path))
    latent = np.arange(12, dtype=np.float32).reshape(3, 4)
    result = EditResult(png(3), latent, EditMetrics({"bangs": 0.9}, 0.8, 5, 0.1))
    assert store.edit("e" * 64) is None
    kept = store.put_edit("e" * 64, result)
    other = Store(bucket.url, FolderLeases(tmp_path))  # as another machine sees it
    assert other.edit("e" * 64) == kept
    assert other.image(kept.image) == png(3)
    assert np.array_equal(other.latent("e" * 64), latent)
    assert other.put_image(png(3)) == kept.image
    assert all(key.startswith("some/prefix/") for key in bucket.names())
    assert len(bucket.names()) == 3
    other.delete_edit("e" * 64)
    other.delete_image(kept.image)
    other.delete_image(kept.image)
    assert bucket.names() == []
    with pytest.raises(UnknownImage):
        store.image(kept.image)
    assert store.edit("e" * 64) is None


def test_a_service_keeps_its_pictures_there_and_deletes_them(bucket: Bucket, tmp_path: Path):
    with serve(tmp_path, store=bucket.url) as server:
        assert server.client.get("/ready").status_code == 200
        thread = server.thread()
        turn = server.say(thread, "add bangs")["turn"]
        assert server.client.get(turn["image"]["url"]).headers["content-type"] == "image/png"
        assert any(turn["image"]["id"] in key for key in bucket.names())
        assert server.client.delete(f"/v1/threads/{thread}").status_code == 204
        assert [key for key in bucket.names() if "probe" not in key] == []
    assert not (tmp_path / "pictures").exists()


def test_a_server_that_is_gone_refuses_and_loses_nothing(bucket: Bucket, tmp_path: Path):
    store = Store(bucket.url, FolderLeases(tmp_path / "locks"))
    with serve(tmp_path, store=bucket.url) as server:
        thread = server.thread()
        first = server.say(thread, "add bangs")
        bucket.go()
        with pytest.raises(StoreUnavailable):
            store.put_image(png(7))
        with pytest.raises(StoreUnavailable):
            store.image("a" * 64)
        upload = server.client.post("/v1/images", content=png(9, 48))
        picture = server.client.get(first["turn"]["image"]["url"])
        turn = server.post(thread, "turns", {"utterance": "add lipstick"}, idempotency_key="k")
        assert [upload.status_code, picture.status_code, turn.status_code] == [503, 503, 503]
        assert turn.json()["type"] == "urn:chatedit:error:StoreUnavailable"
        assert turn.headers["retry-after"]
        assert server.client.get("/ready").status_code == 503
        bucket.come_back()
        assert server.client.get("/ready").status_code == 200
        assert server.client.get(first["turn"]["image"]["url"]).status_code == 200
        answer = server.say(thread, "add lipstick", idempotency_key="k")
        assert answer["turn"]["belief_state"] == {"hair": ["bangs"], "makeup": ["lipstick"]}
        assert server.client.get(f"/v1/threads/{thread}/state").json()["num_turns"] == 2


def test_a_bucket_that_is_not_there_is_a_store_that_is_not_there(bucket: Bucket, tmp_path: Path):
    store = Store("s3://another-bucket", FolderLeases(tmp_path))
    with pytest.raises(StoreUnavailable):
        store.put_image(png(7))
    with pytest.raises(StoreUnavailable):
        store.check()
