"""Chat completions with OpenAI's own client."""

import base64
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from chatedit.editing.image_file import ImageLimits
from chatedit.serving.service import ServiceLimits
from live_server import Live, live
from openai import OpenAI
from openai.types.chat import ChatCompletion
from scripted import FakeEditor, png


def data_url(seed: int = 3) -> str:
    return f"data:image/png;base64,{base64.b64encode(png(seed, 48)).decode()}"


def shown(words: str, seed: int = 3) -> dict[str, Any]:
    picture = {"type": "image_url", "image_url": {"url": data_url(seed)}}
    return {"role": "user", "content": [{"type": "text", "text": words}, picture]}


def said(words: str) -> dict[str, Any]:
    return {"role": "user", "content": words}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Live]:
    with live(tmp_path) as running:
        yield running


@pytest.fixture
def client(service: Live) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{service.url}/v1", api_key=service.key("alice"), max_retries=0) as made:
        yield made


def ask(client: OpenAI, messages: list[Any], **more: Any) -> ChatCompletion:
    return client.chat.completions.create(model="chatedit", messages=messages, **more)


def answered(messages: list[Any], completion: ChatCompletion) -> list[Any]:
    """The messages with the answer, as chat front ends keep them."""
    return [*messages, {"role": "assistant", "content": completion.choices[0].message.content}]


def ours(completion: Any) -> dict[str, Any]:
    return completion.model_extra["chatedit"]


def test_a_picture_in_and_a_picture_out(client: OpenAI):
    completion = ask(client, [{"role": "system", "content": "You edit faces."}, shown("add bangs")])
    content = completion.choices[0].message.content or ""
    assert content.startswith("Done with add bangs")
    url = ours(completion)["image"]["url"]
    assert content.endswith(f"\n\n![version 1]({url})")
    assert httpx.get(url).content.startswith(b"\x89PNG")
    assert ours(completion)["belief_state"] == {"hair": ["bangs"]}
    assert completion.choices[0].finish_reason == "stop"


def test_the_messages_alone_carry_the_conversation(client: OpenAI, service: Live):
    messages = [shown("add bangs")]
    thread = None
    for words in ("add lipstick", "undo", "hello", "add goatee", ""):
        completion = ask(client, messages)
        assert thread in (None, ours(completion)["thread"])
        thread = ours(completion)["thread"]
        messages = [*answered(messages, completion), said(words)]
    assert ours(completion)["belief_state"] == {"hair": ["bangs", "goatee"]}
    assert len(service.editor.requests) == 3
    assert len(service.border.service.turns("alice", thread or "", 100)) == 5


def test_an_edited_message_branches_off(client: OpenAI):
    first = [shown("add bangs")]
    first = answered(first, ask(client, first))
    second = answered([*first, said("add lipstick")], ask(client, [*first, said("add lipstick")]))
    ask(client, [*second, said("add goatee")])
    other = ask(client, [*first, said("add blond hair")])
    assert ours(other)["belief_state"] == {"hair": ["bangs"], "hair color": ["blond hair"]}
    again = ask(client, [*second, said("add pale skin")])
    assert ours(again)["belief_state"] == {"hair": ["bangs"], "makeup": ["lipstick", "pale skin"]}


def test_a_request_that_is_repeated_is_done_once(client: OpenAI, service: Live):
    one, two = (ask(client, [shown("add bangs")]) for _ in range(2))
    assert one.choices[0].message.content == two.choices[0].message.content
    assert len(service.editor.requests) == 1


def test_a_conversation_from_elsewhere_is_caught_up_with(client: OpenAI):
    history = [shown("add bangs"), {"role": "assistant", "content": "lost"}, said("add lipstick"), said("undo")]
    completion = ask(client, [*history, said("add goatee")])
    assert ours(completion)["belief_state"] == {"hair": ["bangs", "goatee"]}


def test_people_behind_one_key_do_not_share_a_thread(client: OpenAI):
    threads = {ours(ask(client, [shown("add bangs")], user=name))["thread"] for name in ("ann", "bob", "ann")}
    assert len(threads) == 2


def test_a_new_photo_is_a_new_conversation(client: OpenAI):
    first = ask(client, [shown("add bangs")])
    second = ask(client, [*answered([shown("add bangs")], first), shown("add lipstick", seed=9)])
    assert ours(second)["belief_state"] == {"makeup": ["lipstick"]}
    assert ours(second)["thread"] != ours(first)["thread"]


def test_a_thread_that_is_named_goes_on_without_its_history(client: OpenAI):
    thread = ours(ask(client, [shown("add bangs")]))["thread"]
    completion = ask(client, [said("add lipstick")], metadata={"thread": thread})
    assert ours(completion)["belief_state"] == {"hair": ["bangs"], "makeup": ["lipstick"]}


def test_without_a_photo_or_words_the_answer_asks(client: OpenAI):
    assert "photo" in (ask(client, [said("add bangs")]).choices[0].message.content or "")
    assert "change" in (ask(client, [shown("")]).choices[0].message.content or "")


def test_an_answer_is_streamed(client: OpenAI):
    chunks = list(ask(client, [shown("add bangs")], stream=True))  # type: ignore[arg-type]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)  # type: ignore[union-attr]
    assert text.startswith("Done with add bangs")
    assert "![version 1](http" in text
    assert chunks[0].choices[0].delta.role == "assistant"  # type: ignore[union-attr]
    assert chunks[-1].choices[0].finish_reason == "stop"  # type: ignore[union-attr]
    extras = [chunk.model_extra["chatedit"] for chunk in chunks if chunk.model_extra]  # type: ignore[union-attr]
    assert extras[0] == {"progress": {"step": 5, "num_steps": 10}}
    assert extras[-1]["belief_state"] == {"hair": ["bangs"]}


def test_a_stream_that_breaks_raises_in_the_client(client: OpenAI, service: Live, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the password is swordfish")

    monkeypatch.setattr(service.border.service.calls, "finish", broken)
    with pytest.raises(openai.APIError, match="something went wrong on our side"):
        list(ask(client, [shown("add bangs")], stream=True))  # type: ignore[arg-type]


def test_models_are_listed(client: OpenAI):
    assert [model.id for model in client.models.list()] == ["chatedit"]
    assert client.models.retrieve("chatedit").owned_by == "chatedit"
    with pytest.raises(openai.NotFoundError, match="no model"):
        client.models.retrieve("gpt-4o")


@pytest.mark.parametrize("url", ["https://example.org/a.png", "http://127.0.0.1:1/x", "file:///etc/passwd"])
def test_a_url_is_never_opened(client: OpenAI, url: str):
    content = [{"type": "text", "text": "add bangs"}, {"type": "image_url", "image_url": {"url": url}}]
    with pytest.raises(openai.BadRequestError, match="no other URL is ever opened") as refused:
        ask(client, [{"role": "user", "content": content}])
    assert (refused.value.code, refused.value.param, refused.value.type) == (
        "ImageUrlNotAllowed",
        "messages",
        "invalid_request_error",
    )


def test_errors_have_the_form_of_openai(client: OpenAI):
    damaged = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    with pytest.raises(openai.BadRequestError) as refused:
        ask(client, [{"role": "user", "content": [{"type": "text", "text": "hi"}, damaged]}])
    assert refused.value.code == "NotAnImage"
    with pytest.raises(openai.BadRequestError, match="n: "):
        ask(client, [shown("add bangs")], n=2)
    with pytest.raises(openai.BadRequestError, match="at most 512"):
        ask(client, [shown("x" * 600)])
    with pytest.raises(openai.NotFoundError, match="no model 'gpt-4o'"):
        client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "hi"}])
    with pytest.raises(openai.NotFoundError) as unknown:
        ask(client, [said("hi")], metadata={"thread": "nowhere"})
    assert unknown.value.code == "UnknownThread"
    with pytest.raises(openai.AuthenticationError, match="valid API key"):
        ask(client.with_options(api_key="wrong"), [shown("add bangs")])


def test_a_key_cannot_go_on_with_anothers_thread(client: OpenAI, service: Live):
    completion = ask(client, [shown("add bangs")])
    mallory = client.with_options(api_key=service.key("mallory"))
    with pytest.raises(openai.NotFoundError):
        ask(mallory, [said("add lipstick")], metadata={"thread": ours(completion)["thread"]})
    assert ours(ask(mallory, [shown("add bangs")]))["thread"] != ours(completion)["thread"]


def test_limits_are_told_in_openais_form(tmp_path: Path):
    editor = FakeEditor()
    editor.wait_for = threading.Event()
    limits = ServiceLimits(max_turns=1, images=ImageLimits(max_bytes=1000))
    with (
        live(tmp_path, editor=editor, limits=limits) as service,
        OpenAI(base_url=f"{service.url}/v1", api_key=service.key("alice"), max_retries=0) as client,
    ):
        worker = threading.Thread(target=ask, args=(client, [shown("add bangs")]))
        worker.start()
        editor.started.wait(20)
        with pytest.raises(openai.RateLimitError) as busy:
            ask(client, [shown("add lipstick")])
        assert busy.value.response.headers["retry-after"] == "1"
        editor.wait_for.set()
        worker.join()
        too_much = [{"role": "user", "content": "x" * 100_000}, shown("add bangs")]
        with pytest.raises(openai.APIStatusError) as refused:
            ask(client, too_much)
        assert (refused.value.status_code, refused.value.code) == (413, "BodyTooLarge")
