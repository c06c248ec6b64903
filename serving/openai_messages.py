"""From a list of messages to a conversation.

OpenAI's protocol has no threads: every request brings all messages. What the user said since the last photo names the
conversation: the photo and the first words name the thread, and each further message is named by all that came before
it. A request finds the turns that were answered already by these names, says only what is new, and branches off where
an earlier message was changed. Nothing is kept for that beside the thread itself, and no answer needs to come back
unchanged.
"""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from .openai_errors import BadMessages, ImageUrlNotAllowed
from .openai_schemas import ChatMessage, Part
from .schemas import MAX_UTTERANCE


@dataclass(frozen=True, slots=True)
class Said:
    """An utterance; `id` names it with all that led to it."""

    text: str
    id: str


@dataclass(frozen=True, slots=True)
class Dialogue:
    """What the user showed and said.

    Attributes:
        photo: bytes of the file; None where there was none.
        said: everything since the photo, the oldest first.
    """

    photo: bytes | None
    said: tuple[Said, ...]


def read_dialogue(messages: Sequence[ChatMessage], user: str = "") -> Dialogue:
    """The dialogue since the last photo.

    Args:
        user: separates people who show the same photo and say the same.
    Raises:
        BadMessages, ImageUrlNotAllowed
    """
    photo: bytes | None = None
    texts: list[str] = []
    for message in (message for message in messages if message.role == "user"):
        shown, text = _read(message)
        if shown is not None:
            photo, texts = shown, []
        if text:
            texts.append(text)
    name = hashlib.sha256(user.encode() + b"\0" + hashlib.sha256(photo or b"").digest()).digest()
    said = []
    for text in texts:
        name = hashlib.sha256(name + text.encode()).digest()
        said.append(Said(text, f"openai-{name.hex()}"))
    return Dialogue(photo, tuple(said))


def last_words(messages: Sequence[ChatMessage]) -> str:
    """What the user said last.

    Raises:
        BadMessages: nothing.
    """
    texts = [text for message in messages if message.role == "user" for _, text in [_read(message)] if text]
    if not texts:
        raise BadMessages("the messages need one with the role `user` and some text")
    return texts[-1]


def _read(message: ChatMessage) -> tuple[bytes | None, str]:
    """Photo and text of a message."""
    parts = [Part(type="text", text=message.content)] if isinstance(message.content, str) else message.content or []
    photo, texts = None, []
    for part in parts:
        if part.type == "image_url":
            photo = _photo(part)
        elif part.type == "text":
            texts.append(part.text.strip())
        else:
            raise BadMessages(f"parts of the type {part.type!r} are not read: send `text` and `image_url`")
    text = " ".join(filter(None, texts))
    if len(text) > MAX_UTTERANCE or "\x00" in text:
        raise BadMessages(f"a message may have at most {MAX_UTTERANCE} characters, and no NUL")
    return photo, text


def _photo(part: Part) -> bytes:
    url = part.image_url if isinstance(part.image_url, str) else part.image_url.url if part.image_url else ""
    scheme, comma, data = url.partition(",")
    if not scheme.lower().startswith("data:"):
        raise ImageUrlNotAllowed
    if not comma or not scheme.lower().endswith(";base64"):
        raise BadMessages("a `data:` URL must hold base64: data:image/png;base64,...")
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadMessages("the picture's base64 data is damaged") from error
