"""Tokens that delimit the parts of a turn: PPTOD's names (Su et al. 2022), shared by every format of ours."""

USER = ("<sos_u>", "<eos_u>")
RESPONSE = ("<sos_r>", "<eos_r>")
BELIEF = ("<sos_b>", "<eos_b>")
ACT = ("<sos_a>", "<eos_a>")
CAPTION = ("<sos_d>", "<eos_d>")
SPECIAL_TOKENS: tuple[str, ...] = (*USER, *RESPONSE, *BELIEF, *ACT, *CAPTION)
