"""Use a running service (`chatedit serve`) from other programs: the typed client, OpenAI's client, an MCP client.

python examples/service_from_outside.py [URL [API_KEY]]
"""

import asyncio
import base64
import sys

import httpx2
from chatedit.client import ChatEdit, Finished, Progress
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from openai import OpenAI

WISH = "Make the hair blond, please."


def with_the_client(url: str, key: str | None, wish: str = WISH) -> str:
    """A turn as it happens; the URL of the picture."""
    with ChatEdit(url, key) as chatedit:
        portrait = chatedit.portraits()[0]
        photo = chatedit.upload(chatedit.portrait(portrait.name))
        thread = chatedit.open_thread(photo, caption=portrait.caption, attributes=portrait.attributes)
        for event in chatedit.stream(thread.id, wish):
            if isinstance(event, Progress):
                print(f"step {event.step} of {event.num_steps}")
            if isinstance(event, Finished):
                print(event.outcome.reply)
        return chatedit.state(thread.id).turn.image.url


def with_openai(url: str, key: str | None, photo: bytes, wish: str = WISH) -> str:
    """The same as a chat completion: a data URL in, a Markdown link in the answer."""
    with OpenAI(base_url=f"{url}/v1", api_key=key or "none needed") as client:
        picture = {"url": f"data:image/png;base64,{base64.b64encode(photo).decode()}"}
        content = [{"type": "text", "text": wish}, {"type": "image_url", "image_url": picture}]
        answer = client.chat.completions.create(
            model="chatedit",
            messages=[{"role": "user", "content": content}],  # type: ignore[typeddict-item]
        )
        return answer.choices[0].message.content or ""


async def with_mcp(url: str, key: str | None, wish: str = WISH) -> bytes:
    """The same as tools of an agent; the picture as the agent's model would see it."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=120) as http,
        Client(streamable_http_client(f"{url}/mcp", http_client=http)) as client,
    ):
        samples = await client.call_tool("list_sample_portraits")
        image = samples.structured_content["portraits"][0]["image"]
        answer = await client.call_tool("converse", {"image": image, "utterance": wish})
        picture = await client.call_tool("get_image", {"image": answer.structured_content["image"]})
        return base64.b64decode(picture.content[0].data)  # type: ignore[union-attr]


def main(url: str = "http://127.0.0.1:8000", key: str | None = None) -> None:
    print(with_the_client(url, key))
    with ChatEdit(url, key) as chatedit:
        photo = chatedit.portrait(chatedit.portraits()[0].name)
    print(with_openai(url, key, photo))
    print(f"{len(asyncio.run(with_mcp(url, key)))} bytes of PNG by MCP")


if __name__ == "__main__":
    main(*sys.argv[1:])
