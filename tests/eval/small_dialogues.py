"""Dialogues small enough to score by hand."""

from chatedit.dialogue.belief_state import EMPTY, from_values
from chatedit.dialogue.dialogue_file import Act, Dialogue, Turn

BLOND = Dialogue(
    "blond",
    "This is a photo of a woman.",
    ("smiling",),
    (
        Turn("make her blond", from_values(["blond hair"]), "Done. Bangs?", Act("suggest", "hair", "bangs"), "request"),
        Turn("yes please", from_values(["blond hair", "bangs"]), "Here they are. What next?", Act("next"), "accept"),
        Turn("undo the bangs", from_values(["blond hair"]), "Gone again. What else?", Act("next"), "undo named"),
    ),
)
STERN = Dialogue(
    "stern",
    "This is a photo of a man.",
    ("smiling", "goatee"),
    (
        Turn(
            "no smile, no beard",
            from_values(["no smiling", "no beard"]),
            "Done. Makeup?",
            Act("request", "makeup"),
            "request",
        ),
        Turn("nah, start over", EMPTY, "Here is the original.", Act("next"), "start over"),
    ),
)
