"""An annotated dialogue, the contexts of its turns, and settings for a local endpoint."""

from chatedit.dialogue.belief_state import EMPTY, from_values
from chatedit.dialogue.dialogue_file import Act, Dialogue, Turn
from chatedit.dialogue.formats import Context
from chatedit.dialogue.llm.settings import LlmSettings

CAPTION = "This is a photo of a woman."
SHOT = Dialogue(
    "shot",
    CAPTION,
    (),
    (
        Turn("blond, with bangs", from_values(["blond hair", "bangs"]), "Done. Lipstick?", Act("next")),
        Turn("sure, but drop the bangs", from_values(["blond hair", "lipstick"]), "There. More?", Act("next")),
        Turn("start over", EMPTY, "Gone.", Act("next")),
    ),
)
FIRST = Context(CAPTION, (), "make her blond")
SECOND = Context(CAPTION, (("make her blond", "Done. Bangs?"),), "yes", from_values(["blond hair"]))
THIRD = Context(
    CAPTION,
    (("make her blond", "Done. Bangs?"), ("yes", "Here they are.")),
    "undo the bangs",
    from_values(["blond hair", "bangs"]),
)


def settings(url: str, **changes: object) -> LlmSettings:
    return LlmSettings(base_url=url, model="gpt-4o-mini", timeout_s=0.5, attempts=4, **changes)
