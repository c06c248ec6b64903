import os
import subprocess
import sys
from pathlib import Path

import pytest
from chatedit.cli import app
from chatedit.editing.image_errors import NoFace
from chatedit.serving.config import Settings
from chatedit.serving.database import Database
from chatedit.serving.keys import KeyRing
from chatedit.serving.service import ServiceLimits
from chatedit.serving.signed_urls import VALID_S, UrlSigner, signing_secret
from chatedit.serving.usage import Meter, RateLimits
from fastapi.testclient import TestClient
from one_server import URL, Server, serve
from pydantic import ValidationError
from scripted import Diverged, FakeEditor
from typer.testing import CliRunner


def test_without_a_key_nothing_is_shown(keyed: Server):
    for key in (None, "", "ck_x", "ck_0123456789abcdef_" + "A" * 43):
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        with TestClient(keyed.client.app, URL, headers=headers) as stranger:
            for path in ("/v1/threads", "/v1/images/" + "0" * 64, "/v1/threads/x/state"):
                refused = stranger.get(path)
                assert refused.status_code == 401
                assert refused.headers["www-authenticate"] == "Bearer"


def test_a_key_is_kept_as_a_hash_and_can_be_revoked(tmp_path: Path):
    database = Database(f"sqlite:///{tmp_path / 'service.sqlite'}")
    ring = KeyRing(database)
    key = ring.create("laptop", "alice")
    assert ring.owner_of(key) == "alice"
    secret = key.rsplit("_", 1)[-1].encode()
    assert not [path for path in tmp_path.iterdir() if secret in path.read_bytes()]
    assert ring.revoke(ring.list()[0].id)
    with pytest.raises(Exception, match="valid API key"):
        ring.owner_of(key)


def test_a_key_sees_nothing_of_another(keyed: Server):
    thread = keyed.thread()
    picture = keyed.say(thread, "add bangs")["turn"]["image"]["id"]
    mallory = keyed.with_key(keyed.border.keys.create("other", "mallory"))
    base = f"/v1/threads/{thread}"
    tries = [
        mallory.get(base),
        mallory.get(f"{base}/state"),
        mallory.get(f"{base}/turns"),
        mallory.delete(base),
        mallory.post(f"{base}/turns", json={"utterance": "add lipstick"}),
        mallory.post(f"{base}/undo", json={}),
        mallory.post(f"{base}/redo", json={}),
        mallory.post(f"{base}/branch", json={"version": 0}),
        mallory.post(f"{base}/compare", json={"one": 0, "other": 1}),
        mallory.post(f"{base}/ideas", json={"utterances": ["add bangs", "add lipstick"]}),
        mallory.post(f"{base}/cancel"),
        mallory.get(f"/v1/images/{picture}"),
        mallory.delete(f"/v1/images/{picture}"),
        mallory.post("/v1/threads", json={"image": picture}),
    ]
    assert [answer.status_code for answer in tries] == [404] * len(tries)
    assert mallory.get("/v1/threads").json()["items"] == []
    missing = mallory.get("/v1/threads/never-existed").json()
    assert tries[0].json()["type"] == missing["type"]
    assert keyed.client.get(f"{base}/state").json()["num_turns"] == 1


def test_an_idempotency_key_of_another_owner_is_another_key(keyed: Server):
    mallory = keyed.with_key(keyed.border.keys.create("other", "mallory"))
    mine = keyed.thread(idempotency_key="same")
    theirs = keyed.thread(client=mallory, idempotency_key="same")
    assert mine != theirs


def test_a_url_shows_its_picture_without_a_key_until_it_expires(keyed: Server):
    url = keyed.say(keyed.thread(), "add bangs")["turn"]["image"]["url"]
    with TestClient(keyed.client.app, URL) as browser:
        assert browser.get(url).status_code == 200
        assert browser.get(url.replace("by=alice", "by=mallory")).status_code == 401
        assert browser.get(url[:-1] + ("0" if url[-1] != "0" else "1")).status_code == 401
    old = UrlSigner(b"secret", lambda: 0.0)
    signature = old.query("alice", "f" * 64).rsplit("=", 1)[-1]
    assert old.is_valid("alice", "f" * 64, 2 * VALID_S, signature)
    assert not UrlSigner(b"secret", lambda: 3.0 * VALID_S).is_valid("alice", "f" * 64, 2 * VALID_S, signature)
    assert not UrlSigner(b"another", lambda: 0.0).is_valid("alice", "f" * 64, 2 * VALID_S, signature)


def test_requests_are_limited_by_the_minute(tmp_path: Path):
    with serve(tmp_path, auth="on", limits=ServiceLimits(rates=RateLimits(requests_per_minute=3))) as server:
        answers = [server.client.get("/v1/threads") for _ in range(4)]
        assert [answer.status_code for answer in answers][-1] == 429
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
        other = server.with_key(server.border.keys.create("other", "bob"))
        assert other.get("/v1/threads").status_code == 200


def test_compute_is_limited_by_the_hour(tmp_path: Path):
    with serve(tmp_path, limits=ServiceLimits(rates=RateLimits(compute_s_per_hour=5.0))) as server:
        thread = server.thread()
        server.say(thread, "add bangs")
        assert 0.0 < server.border.service.meter.compute_used("local") < 5.0
        server.border.service.meter.add_compute("local", 5.0)
        refused = server.post(thread, "turns", {"utterance": "add goatee"})
        assert (refused.status_code, refused.json()["type"]) == (429, "urn:chatedit:error:ComputeUsedUp")
        assert server.client.get(f"/v1/threads/{thread}/state").status_code == 200


def test_compute_that_came_to_nothing_counts_too(server: Server):
    def used() -> float:
        return server.border.service.meter.compute_used("local")

    class Faceless(FakeEditor):
        def invert(self, image: bytes):
            raise NoFace

    thread, before = server.thread(), used()
    server.editor.fail = [Diverged()]
    assert server.say(thread, "add bangs")["error"]["type"] == "Diverged"
    assert (after := used()) > before
    server.border.service.editor.invert = Faceless().invert  # type: ignore[method-assign]
    assert server.client.post("/v1/threads", json={"image": server.image(seed=5)}).status_code == 422
    assert used() > after


def test_windows_begin_anew_and_a_clock_that_jumps_back_breaks_nothing(tmp_path: Path):
    now = [7200.0]
    meter = Meter(Database(f"sqlite:///{tmp_path / 'db.sqlite'}"), RateLimits(2, 5.0), lambda: now[0])
    meter.add_compute("a", 6.0)
    with pytest.raises(Exception, match="used up"):
        meter.check_compute("a")
    now[0] = 10800.0
    meter.check_compute("a")
    now[0] = 3600.0
    meter.check_compute("a")
    meter.count_request("a")


def test_beyond_loopback_keys_are_needed_unless_somebody_says_otherwise():
    assert not Settings().on_this_machine().needs_keys
    assert not Settings(host="127.0.0.1").on_this_machine().needs_keys
    assert not Settings(host="::1").on_this_machine().needs_keys
    assert Settings(host="0.0.0.0").on_this_machine().needs_keys
    assert Settings(host="example.org").on_this_machine().needs_keys
    assert Settings(host="127.0.0.1", auth="on").on_this_machine().needs_keys
    assert not Settings(host="0.0.0.0", auth="off").on_this_machine().needs_keys


def test_a_replica_does_not_guess_by_an_address_where_the_proxy_listens():
    assert Settings().needs_keys
    assert Settings(host="127.0.0.1").needs_keys
    assert not Settings(auth="off").needs_keys


def test_what_the_starting_process_decided_holds_in_its_replicas(monkeypatch: pytest.MonkeyPatch):
    for name in ("CHATEDIT_HOST", "CHATEDIT_AUTH", "CHATEDIT_HOME", "CHATEDIT_PORT"):
        monkeypatch.delenv(name, raising=False)
    before = dict(os.environ)
    try:
        Settings().on_this_machine().export()
        assert not Settings().needs_keys
    finally:
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)


def test_a_keyless_machine_answers_no_strange_page(server: Server):
    assert server.client.get("/v1/threads", headers={"Host": "evil.example:8000"}).status_code == 403
    assert server.client.get("/v1/threads", headers={"Origin": "https://evil.example"}).status_code == 403
    assert server.client.get("/v1/threads", headers={"Origin": URL}).status_code == 200
    assert server.client.get("/v1/threads", headers={"Host": "["}).status_code == 403


@pytest.mark.parametrize(
    ("address", "status"),
    [("127.0.0.1", 200), ("::1", 200), ("::ffff:127.0.0.1", 200), ("192.0.2.7", 403), ("2001:db8::7", 403)],
)
def test_a_keyless_machine_answers_no_other_machine(server: Server, address: str, status: int):
    elsewhere = TestClient(server.client.app, URL, client=(address, 50_000))
    assert elsewhere.get("/v1/threads").status_code == status  # although it says `Host: 127.0.0.1`


def test_a_secret_that_was_cut_short_signs_nothing(tmp_path: Path):
    settings = Settings(home=tmp_path)
    secret = signing_secret(settings)
    assert signing_secret(settings) == secret
    assert len(secret) >= 32
    assert (tmp_path / "url-secret").stat().st_mode & 0o077 == 0
    for held in (b"", secret[:20]):
        (tmp_path / "url-secret").write_bytes(held)
        with pytest.raises(ValueError, match="Delete it"):
            signing_secret(settings)


def test_pages_that_were_named_may_call(tmp_path: Path):
    with serve(tmp_path, cors_origins=("https://chat.example",)) as server:
        answer = server.client.get("/v1/threads", headers={"Origin": "https://chat.example"})
        assert answer.headers["access-control-allow-origin"] == "https://chat.example"
        assert "Content-Location" in answer.headers["access-control-expose-headers"]
        other = server.client.get("/v1/threads", headers={"Origin": "https://evil.example"})
        assert other.status_code == 403


@pytest.mark.parametrize("path", ["/health", "/v1/threads", "/nowhere", "/v1/threads/x"])
def test_every_answer_has_security_headers(server: Server, path: str):
    headers = server.client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["cache-control"] == "no-store"
    assert headers["x-frame-options"] == "DENY"


def test_an_internal_error_says_nothing_of_itself(server: Server, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the password is swordfish")

    monkeypatch.setattr(server.border.service.threads, "list", broken)
    answer = server.client.get("/v1/threads")
    assert (answer.status_code, answer.json()["type"]) == (500, "urn:chatedit:error:InternalError")
    assert "swordfish" not in answer.text


def test_secrets_are_not_printed():
    settings = Settings(secret="a very secret secret", database="postgresql://u:hunter2@db/x")  # type: ignore[arg-type]
    assert "hunter2" not in repr(settings)
    with pytest.raises(ValidationError) as refused:
        Settings(secret="swordfish")  # type: ignore[arg-type]
    assert "swordfish" not in str(refused.value)
    assert "very secret" not in repr(settings)


def test_keys_are_managed_by_a_command(tmp_path: Path):
    chatedit = Path(sys.executable).with_name("chatedit")
    home = ["--home", str(tmp_path)]

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([chatedit, "keys", *arguments, *home], capture_output=True, text=True, check=False)

    key = run("create", "laptop").stdout.strip()
    key_id = key.split("_")[1]
    assert key_id in run("list").stdout
    assert key not in run("list").stdout
    assert run("revoke", key_id).returncode == 0
    assert "(revoked)" in run("list").stdout
    assert run("revoke", "nonsense").returncode == 1


@pytest.mark.parametrize(
    ("options", "env", "why"),
    [(["--port", "99999"], {}, "port"), ([], {"CHATEDIT_CORS_ORIGINS": "not json"}, "cors_origins")],
)
def test_a_setting_that_is_wrong_is_told_in_a_line(options: list, env: dict, why: str, tmp_path: Path):
    result = CliRunner().invoke(app, ["serve", "--home", str(tmp_path), *options], env=env)
    assert result.exit_code == 1
    assert why in result.output
    assert len(result.output.splitlines()) == 1
