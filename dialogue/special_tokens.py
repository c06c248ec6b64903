"""Tokens that delimit the parts of a turn (PPTOD's names, Su et al. 2022), and tokens that stand for a change."""

from .ontology import ONTOLOGY

USER = ("<sos_u>", "<eos_u>")
RESPONSE = ("<sos_r>", "<eos_r>")
BELIEF = ("<sos_b>", "<eos_b>")
ACT = ("<sos_a>", "<eos_a>")
CAPTION = ("<sos_d>", "<eos_d>")
SPECIAL_TOKENS: tuple[str, ...] = (*USER, *RESPONSE, *BELIEF, *ACT, *CAPTION)

START_OVER = "<start over>"
PICKS: dict[str, str] = {
    START_OVER: "start over",
    **{f"<-{value}>": f"drop {value}" for value in ONTOLOGY.values},
    **{f"<+{value}>": f"add {value}" for value in ONTOLOGY.values},
}
"""One token a change -> the words that it stands for (format `picks`)."""
