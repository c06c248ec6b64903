"""What can be asked for: slots, values, and which values exclude each other (paper, Table 2 and Table 9)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from .errors import UnknownSlot, UnknownValue


@dataclass(frozen=True, slots=True)
class Ontology:
    """Slots with their values.

    Attributes:
        slots: slot -> values, in the order of the paper's Table 2.
        is_open: True where a slot may also hold values that are not listed (App. E.1).
    """

    slots: Mapping[str, tuple[str, ...]]
    is_open: bool = False

    @property
    def values(self) -> tuple[str, ...]:
        """All listed values, slot by slot."""
        return tuple(value for values in self.slots.values() for value in values)

    def slot_of(self, value: str) -> str:
        """Slot of a listed value.

        Raises:
            UnknownValue: no slot lists it.
        """
        for slot, values in self.slots.items():
            if value in values:
                return slot
        raise UnknownValue("", value, self.values)

    def check(self, slot: str, value: str) -> None:
        """Refuse what the ontology does not have.

        Raises:
            UnknownSlot, UnknownValue
        """
        if slot not in self.slots:
            raise UnknownSlot(slot, tuple(self.slots))
        if value not in self.slots[slot] and not (self.is_open and value):
            raise UnknownValue(slot, value, self.slots[slot])


ONTOLOGY = Ontology(
    MappingProxyType(
        {
            "expression": ("smiling", "no smiling", "angry", "sad"),
            "hair color": ("brown hair", "blond hair", "black hair", "gray hair"),
            "hair": ("receding hairline", "sideburns", "bangs", "no bangs", "mustache", "goatee", "no beard"),
            "makeup": ("no makeup", "heavy makeup", "lipstick", "bushy eyebrows", "rosy cheeks", "pale skin"),
        }
    )
)
UNSEEN: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "expression": ("disgust", "surprise", "fear"),
        "hair color": ("pink hair", "purple hair", "red hair"),
        "makeup": ("big eyes",),
    }
)
OPEN_ONTOLOGY = Ontology(
    MappingProxyType({slot: values + UNSEEN.get(slot, ()) for slot, values in ONTOLOGY.slots.items()}), is_open=True
)
SINGLE_VALUED: frozenset[str] = frozenset({"expression", "hair color"})
_EXCLUSIONS: tuple[tuple[str, frozenset[str]], ...] = (
    ("no bangs", frozenset({"bangs"})),
    ("no beard", frozenset({"mustache", "goatee"})),
    ("no makeup", frozenset({"heavy makeup", "lipstick", "rosy cheeks"})),
)


def excluded_by(value: str) -> frozenset[str]:
    """Values that cannot stand beside `value` in the many-valued slots (design.md, section 3, rule 3)."""
    excluded: frozenset[str] = frozenset()
    for absence, present in _EXCLUSIONS:
        if value == absence:
            excluded |= present
        elif value in present:
            excluded |= {absence}
    return excluded
