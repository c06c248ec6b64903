"""Natural spacing and capitals for text that a lower-casing WordPiece model wrote."""

import re

_NO_SPACE_BEFORE = re.compile(r"\s+([.,!?;:)%])")
_APOSTROPHE = re.compile(r"(\w)\s*'\s*(s|t|re|ve|ll|d|m|em|til)\b")
_HYPHEN = re.compile(r"(\w)\s+-\s+(\w)")
_OPENING = re.compile(r"\(\s+")
_ELLIPSIS = re.compile(r"\.\s*\.\s*\.")
_I = re.compile(r"\bi\b(?=$|[\s'.,!?])")
_SENTENCE = re.compile(r"(^|[.!?]\s+)([a-z])")


def detokenise(text: str) -> str:
    """`done . she ' s blond now . how about a clean - shaven look ?` as a person would write it."""
    text = _APOSTROPHE.sub(r"\1'\2", " ".join(text.split()))
    text = _HYPHEN.sub(r"\1-\2", _OPENING.sub("(", text))
    text = _ELLIPSIS.sub("...", _NO_SPACE_BEFORE.sub(r"\1", text))
    text = _I.sub("I", text)
    return _SENTENCE.sub(lambda match: match.group(1) + match.group(2).upper(), text)
