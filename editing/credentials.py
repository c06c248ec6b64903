"""Content credentials (C2PA): what a result picture says of itself, signed."""

import io
import json
from collections.abc import Mapping
from typing import Any

from .. import __version__
from ..dialogue import belief_state
from .signing_key import SigningKey, find_signing_key

EDITED_BY_AI = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
AGENT = {"name": "ChatEdit", "version": __version__}
STATE, PACK, KEY_KIND = "chatedit.belief_state", "chatedit.pack", "chatedit.signing_key"  # parameters of the action
DEVELOPMENT, CONFIGURED = "development", "configured"
SETTINGS = {  # nothing is fetched, and no thumbnail: the picture is small enough, and the photo is nobody's business
    "version": 1,
    "builder": {"thumbnail": {"enabled": False}},
    "verify": {"verify_after_sign": False, "remote_manifest_fetch": False, "ocsp_fetch": False},
}


class ContentCredentials:
    """Signs pictures with one key; may be used from several threads.

    Args:
        key: that of the environment where None, see `signing_key.SigningSettings`.
    Raises:
        SigningKeyUnusable
    """

    def __init__(self, key: SigningKey | None = None) -> None:
        import c2pa  # late: loads a large library

        key = key or find_signing_key()
        info = c2pa.C2paSignerInfo(key.algorithm, key.certificates, key.private_key, None)
        self._context = c2pa.Context.from_dict(SETTINGS, c2pa.Signer.from_info(info))
        self._kind = DEVELOPMENT if key.is_development else CONFIGURED

    def signed(self, png: bytes, state: Mapping[str, list[str]], pack: str) -> bytes:
        """The picture with its credentials; no pixel changes. Every call gives other bytes: a signature is random.

        Args:
            png: bytes of a PNG file.
            state: belief state as JSON: slot -> values that the picture was edited towards.
            pack: name of the model pack.
        """
        import c2pa

        signed = io.BytesIO()
        with c2pa.Builder(json.dumps(self._manifest(state, pack)), self._context) as builder:
            builder.sign("image/png", io.BytesIO(png), signed)
        return signed.getvalue()

    def _manifest(self, state: Mapping[str, list[str]], pack: str) -> dict[str, Any]:
        wanted = belief_state.to_text(belief_state.from_json(dict(state)))
        edited = {
            "action": "c2pa.edited",
            "digitalSourceType": EDITED_BY_AI,
            "softwareAgent": AGENT,
            "description": f"Edited by AI towards: {wanted}",
            "parameters": {STATE: dict(state), PACK: pack, KEY_KIND: self._kind},
        }
        opened = {"action": "c2pa.opened", "parameters": {"ingredientIds": ["original"]}}
        original = {
            "label": "original",
            "title": "the original photo",
            "format": "image/png",
            "relationship": "parentOf",
            "instance_id": "original",  # says that there was one, and not which
        }
        return {
            "claim_generator_info": [AGENT],
            "title": "edited portrait",
            "format": "image/png",
            "ingredients": [original],
            "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [opened, edited]}}],
        }
