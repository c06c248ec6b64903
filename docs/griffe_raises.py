"""Lets the reference read our docstrings: under `Raises:`, a line may name errors without describing them."""

import re
from typing import Any

from griffe import Extension, Object

_NAMES = re.compile(r"^(\s+)([A-Z]\w+(?:, [A-Z]\w+)*)$")


class BareRaises(Extension):
    """`UnknownSlot, UnknownValue` becomes two entries without text."""

    def on_instance(self, *, obj: Object, **_: Any) -> None:
        if obj.docstring is not None and "Raises:" in obj.docstring.value:
            obj.docstring.value = _described(obj.docstring.value)


def _described(text: str) -> str:
    lines, is_inside = [], False
    for line in text.split("\n"):
        is_inside = line.strip() == "Raises:" or (is_inside and line.startswith(" "))
        names = _NAMES.match(line) if is_inside else None
        lines += [f"{names[1]}{name}: " for name in names[2].split(", ")] if names else [line]
    return "\n".join(lines)
