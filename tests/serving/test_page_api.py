"""What the page needs of the API beside turns: choices, exports, and its own files."""

import io
import json

import pytest
from chatedit.dialogue.dialogue_file import dialogue_from_json
from chatedit.dialogue.ontology import ONTOLOGY
from chatedit.dialogue.second_trackers import open_second_tracker
from chatedit.editing.image_file import ImageLimits
from chatedit.serving.service import ServiceLimits
from chatedit.tools.samples import shipped_samples
from one_server import Server, serve
from PIL import Image


@pytest.fixture
def full(tmp_path):
    """A server with the portraits that ship and a second tracker."""
    with serve_full(tmp_path) as running:
        yield running


def serve_full(home, **more):
    return serve(home, border={"portraits": shipped_samples(), "second": open_second_tracker("keywords")}, **more)


def test_the_portraits_that_ship_can_be_had_and_edited(full: Server):
    portraits = full.client.get("/v1/portraits").json()
    assert [portrait["name"] for portrait in portraits] == [sample.name for sample in shipped_samples()]
    data = full.client.get(portraits[0]["url"]).content
    image = full.client.post("/v1/images", content=data).json()["id"]
    known = {name: portraits[0][name] for name in ("caption", "attributes")}
    thread = full.client.post("/v1/threads", json={"image": image, **known}).json()["id"]
    assert full.client.get(f"/v1/threads/{thread}/state").json()["caption"] == portraits[0]["caption"]
    assert full.client.get("/v1/portraits/nobody").status_code == 404


def test_the_version_tells_how_large_an_upload_may_be(tmp_path):
    limits = ServiceLimits(images=ImageLimits(max_bytes=1000))
    with serve(tmp_path, limits=limits) as running:
        assert running.client.get("/version").json()["max_image_bytes"] == 1000
        assert running.client.post("/v1/images", content=b"0" * 1001).status_code == 413


def test_the_ontology_tells_what_replaces_what(server: Server):
    ontology = server.client.get("/v1/ontology").json()
    assert [value for slot in ontology["slots"] for value in slot["values"]] == list(ONTOLOGY.values)
    assert ontology["excludes"]["no beard"] == ["mustache", "goatee"]
    assert ontology["excludes"]["sad"] == ["smiling", "no smiling", "angry"]
    assert ontology["excludes"]["pale skin"] == []


def test_a_conversation_leaves_as_a_dialogue_and_as_a_strip(server: Server):
    thread = server.thread()
    server.say(thread, "add bangs")
    server.say(thread, "add goatee")
    server.post(thread, "undo")
    server.say(thread, "add lipstick")  # another branch: what it left is not part of it
    response = server.client.get(f"/v1/threads/{thread}/dialogue")
    assert response.headers["content-type"].startswith("application/jsonl")
    dialogue = dialogue_from_json(json.loads(response.text))
    assert [turn.user for turn in dialogue.turns] == ["add bangs", "add lipstick"]
    strip = Image.open(io.BytesIO(server.client.get(f"/v1/threads/{thread}/strip").content))
    assert strip.width > 2 * strip.height  # three pictures side by side


def test_exports_are_their_owners(keyed: Server):
    thread = keyed.thread()
    stranger = keyed.with_key(keyed.border.keys.create("other", "bob"))
    for what in ("dialogue", "strip"):
        assert keyed.client.get(f"/v1/threads/{thread}/{what}").status_code == 200
        assert stranger.get(f"/v1/threads/{thread}/{what}").status_code == 404


def test_where_the_second_tracker_differs_is_told(full: Server):
    thread = full.thread()
    full.say(thread, "add bangs")
    full.say(thread, "drop bangs; add lipstick")
    opinions = full.client.get(f"/v1/threads/{thread}/state").json()["opinions"]
    assert opinions[0] == {"turn": 1, "tracker": "keywords", "agrees": True, "belief_state": {"hair": ["bangs"]}}


def test_the_page_is_served_to_anybody_and_loads_nothing_from_elsewhere(keyed: Server):
    stranger = keyed.with_key("none")
    page = stranger.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    script = stranger.get("/web/page.js")
    assert script.status_code == 200
    assert script.headers["content-security-policy"] == policy
    assert stranger.get("/web/page.js", headers={"If-None-Match": script.headers["etag"]}).status_code == 304
    assert stranger.get("/web/../api.py").status_code == 404
    assert stranger.get("/web/nothing.js").json()["type"] == "urn:chatedit:error:NotFound"
