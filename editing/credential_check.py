"""Reads the content credentials of a picture, and whether they hold."""

import io
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PIL import Image

from .credential_errors import NoCredentials
from .credentials import DEVELOPMENT, EDITED_BY_AI, KEY_KIND, PACK, SETTINGS, STATE
from .image_errors import NotAnImage
from .image_file import DECODER_ERRORS, FORMATS
from .signing_key import DEVELOPMENT_NAME

NONE_THERE = ("ManifestNotFound", "NotSupported")  # of an error of C2PA; the latter is a kind of file without any


@dataclass(frozen=True, slots=True)
class CredentialReport:
    """What the newest credentials of a picture say.

    Attributes:
        is_valid: signature and content fit: nothing was changed since it was signed.
        is_trusted: the signer's certificate comes from one of the anchors given.
        problems: codes of C2PA for what does not fit.
        signer, issuer: common name and organisation in the signer's certificate.
        is_development_key: signed with a development key, which proves nothing about who signed.
        is_ai_edited: they say that AI edited the picture.
        agent: the software that says so.
        pack: the model pack, where ChatEdit says so.
        belief_state: slot -> values; None where the credentials are not ChatEdit's.
    """

    is_valid: bool
    is_trusted: bool
    problems: tuple[str, ...]
    signer: str
    issuer: str
    is_development_key: bool
    is_ai_edited: bool
    agent: str
    pack: str
    belief_state: Mapping[str, list[str]] | None


def check_credentials(data: bytes, anchors: str | None = None) -> CredentialReport:
    """Report on the bytes of a picture's file. Nothing is fetched from anywhere.

    Args:
        anchors: PEM of certificates to trust.
    Raises:
        NotAnImage, NoCredentials
    """
    import c2pa

    settings = {**SETTINGS, "trust": {"user_anchors": anchors}} if anchors else SETTINGS
    context = c2pa.Context.from_dict(settings)
    try:
        with c2pa.Reader(_mime_type(data), io.BytesIO(data), context=context) as reader:
            store = json.loads(reader.json())
    except c2pa.C2paError as error:
        if str(error).startswith(NONE_THERE):
            raise NoCredentials from error
        # there are some, and they are broken
        return CredentialReport(False, False, (str(error),), "", "", False, False, "", "", None)
    return _report(store)


def _report(store: Mapping[str, Any]) -> CredentialReport:
    state = store.get("validation_state")
    manifest = store["manifests"].get(store.get("active_manifest"), {})
    actions = [
        action
        for assertion in manifest.get("assertions", [])
        if assertion["label"].startswith("c2pa.actions")
        for action in assertion["data"].get("actions", [])
    ]
    edited = next((action for action in actions if action["action"] == "c2pa.edited"), {})
    facts, signature = edited.get("parameters", {}), manifest.get("signature_info", {})
    agent = edited.get("softwareAgent", {})
    signer = _plain(signature.get("common_name"))
    return CredentialReport(
        is_valid=state in ("Valid", "Trusted"),
        is_trusted=state == "Trusted",
        problems=tuple(one["code"] for one in store.get("validation_status", [])),
        signer=signer,
        issuer=_plain(signature.get("issuer")),
        is_development_key=facts.get(KEY_KIND) == DEVELOPMENT or signer == DEVELOPMENT_NAME,
        is_ai_edited=edited.get("digitalSourceType") == EDITED_BY_AI,
        agent=_plain(agent if isinstance(agent, str) else f"{agent.get('name', '')} {agent.get('version', '')}"),
        pack=_plain(facts.get(PACK)),
        belief_state=facts.get(STATE),
    )


def _plain(text: Any) -> str:
    """Fit for a terminal: whoever signed may have written anything."""
    return "".join(letter for letter in str(text or "") if letter.isprintable()).strip()


def _mime_type(data: bytes) -> str:
    """Of the file's own header, whatever it is called. Raises: NotAnImage."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            return Image.MIME[image.format or ""]
    except (*DECODER_ERRORS, struct.error, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise NotAnImage(FORMATS) from error
