from pathlib import Path

from one_server import Server, serve


def files(folder: Path) -> set[str]:
    return {
        str(path.relative_to(folder))
        for path in (folder / "pictures").rglob("*")
        if path.is_file() and "locks" not in path.parts and path.name != "probe"
    }


def test_a_thread_is_found_again(server: Server):
    response = server.client.post(
        "/v1/threads",
        json={"image": server.image(), "caption": "A portrait.", "attributes": ["bangs"], "metadata": {"case": 7}},
    )
    view = response.json()
    assert server.client.get(f"/v1/threads/{view['id']}").json() == view
    assert view["metadata"] == {"case": 7}
    state = server.client.get(f"/v1/threads/{view['id']}/state").json()
    assert (state["caption"], state["attributes"], state["num_turns"]) == ("A portrait.", ["bangs"], 0)


def test_what_a_photo_shows_is_found_out_where_it_is_not_said(server: Server):
    state = server.client.get(f"/v1/threads/{server.thread()}/state").json()
    assert state["attributes"] == ["brown hair", "no beard"]


def test_a_thread_needs_a_picture_that_was_uploaded(server: Server):
    response = server.client.post("/v1/threads", json={"image": "0" * 64})
    assert (response.status_code, response.json()["type"]) == (404, "urn:chatedit:error:UnknownImage")


def test_threads_are_listed_page_by_page_the_newest_first(server: Server):
    made = [server.thread() for _ in range(5)]
    seen, cursor = [], None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = server.client.get("/v1/threads", params=params).json()
        seen += [thread["id"] for thread in page["items"]]
        if (cursor := page["next"]) is None:
            break
    assert seen == made[::-1]
    assert server.client.get("/v1/threads", params={"cursor": "nonsense"}).status_code == 422


def test_a_thread_is_opened_once_for_an_idempotency_key(server: Server):
    headers = {"Idempotency-Key": "open"}
    assert server.thread(**headers) == server.thread(**headers)
    assert len(server.client.get("/v1/threads").json()["items"]) == 1


def test_deleting_a_thread_deletes_everything_of_it(server: Server, tmp_path: Path):
    thread = server.thread()
    answer = server.say(thread, "add bangs", idempotency_key="k")
    server.post(thread, "undo")
    assert files(tmp_path)
    assert server.client.delete(f"/v1/threads/{thread}").status_code == 204
    for path in (f"/v1/threads/{thread}", f"/v1/threads/{thread}/turns", f"/v1/threads/{thread}/state"):
        assert server.client.get(path).status_code == 404
    assert server.client.get(answer["turn"]["image"]["url"]).status_code == 404
    assert files(tmp_path) == set()
    databases = list(tmp_path.glob("*.sqlite*"))  # the write-ahead logs too
    assert len(databases) >= 4
    assert not [path for path in databases if b"bangs" in path.read_bytes()]
    assert server.client.delete(f"/v1/threads/{thread}").status_code == 404


def test_what_another_thread_needs_outlives_a_deleted_one(server: Server):
    one, other = server.thread(), server.thread()
    picture = server.say(one, "add bangs")["turn"]["image"]
    assert server.say(other, "add bangs")["turn"]["image"]["id"] == picture["id"]
    server.client.delete(f"/v1/threads/{one}")
    assert server.client.get(picture["url"]).status_code == 200
    assert server.say(other, "add lipstick")["turn"]["version"] == 2


def test_everything_is_there_after_a_new_start(tmp_path: Path):
    with serve(tmp_path) as server:
        thread = server.thread()
        before = server.say(thread, "add bangs")
    with serve(tmp_path) as server:
        state = server.client.get(f"/v1/threads/{thread}/state").json()
        assert state["belief_state"] == {"hair": ["bangs"]}
        assert server.client.get(before["turn"]["image"]["url"]).status_code == 200
        assert server.post(thread, "undo").json()["turn"]["version"] == 0
