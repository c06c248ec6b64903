"""Admitting a photo: stored, inverted once, and described in words for the responder."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ..dialogue.ontology import ONTOLOGY, SINGLE_VALUED, excluded_by
from .editor import Editor
from .errors import EditFailed
from .store import Store, StoredInversion, content_key

SHOWN_FROM = 0.5  # relevance from which a photo has a value
INVERSION_TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class Photo:
    """An admitted photo, references only.

    Attributes:
        reference: of the bytes that came in.
        image: of the picture as the editor sees it (cropped, resized).
        caption: what the photo shows, in a sentence or two.
        attributes: the values of the ontology that it shows.
    """

    reference: str
    image: str
    caption: str
    attributes: tuple[str, ...]


def admit_photo(
    editor: Editor, store: Store, data: bytes, caption: str | None = None, attributes: Collection[str] | None = None
) -> Photo:
    """Store and invert a photo (at once where it was admitted before).

    Args:
        data: bytes of the picture's file.
        caption, attributes: what is known of the photo; otherwise as the editor's CLIP sees it.
    Raises:
        RetryableCall: not a usable picture; the message says what to do.
    """
    reference = store.put_image(data)
    inversion = inverted(editor, store, reference)
    seen = shown_values(inversion.relevance) if attributes is None else tuple(attributes)
    return Photo(reference, inversion.image, describe(seen) if caption is None else caption, seen)


def inverted(editor: Editor, store: Store, reference: str) -> StoredInversion:
    """The inversion of a stored photo, done once for each version of the editor.

    Raises:
        UnknownImage, RetryableCall: see `Editor.invert`.
    """
    known = store.inversion(reference, editor.version)
    if known is not None:
        return known
    with store.lease(content_key("inversion", reference, editor.version), INVERSION_TIMEOUT_S) as is_mine:
        if not is_mine:
            raise EditFailed("the photo is being prepared elsewhere and takes too long: try again")
        known = store.inversion(reference, editor.version)
        return known or store.put_inversion(reference, editor.version, editor.invert(store.image(reference)))


def shown_values(relevance: Mapping[str, float]) -> tuple[str, ...]:
    """Values that a photo shows: those above `SHOWN_FROM`, one of each group that excludes another."""
    scores = {value: score for value, score in relevance.items() if score >= SHOWN_FROM}
    chosen: list[str] = []
    for value in sorted(scores, key=lambda name: -scores[name]):
        slot = ONTOLOGY.slot_of(value)
        is_taken = slot in SINGLE_VALUED and any(ONTOLOGY.slot_of(other) == slot for other in chosen)
        if not is_taken and not excluded_by(value) & set(chosen):
            chosen.append(value)
    return tuple(value for value in ONTOLOGY.values if value in chosen)


def describe(attributes: Collection[str], person: str | None = None) -> str:
    """A caption in the form of those that the responder was trained on.

    `person` is `man`, `woman` or `person`; where it is not known, facial hair tells a man.
    """
    if person is None:
        person = "man" if {"mustache", "goatee", "sideburns"} & set(attributes) else "person"
    they = {"man": "He", "woman": "She"}.get(person, "They")
    clauses = (f"{they} {_clause(value, they != 'They')}." for value in attributes)
    return " ".join([f"This is a photo of a {person}.", *clauses])


def _clause(value: str, is_singular: bool) -> str:
    are, have = ("is", "has") if is_singular else ("are", "have")
    if value in ("receding hairline", "mustache", "goatee"):
        return f"{have} a {value}"
    if value in ("heavy makeup", "lipstick"):
        return f"{are} wearing {value}"
    if value == "no makeup":
        return f"{are} not wearing makeup"
    if value == "no smiling":
        return f"{are} not smiling"
    return f"{are} {value}" if value in ONTOLOGY.slots["expression"] else f"{have} {value}"
