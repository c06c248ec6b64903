"""Statistics of a data set (paper, Table 3 and section 3.2): sizes, attributes, combinations, flow."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ..dialogue import belief_state
from ..dialogue.dialogue_file import Dialogue, Turn
from ..dialogue.errors import DataNotReadable
from ..dialogue.ontology import ONTOLOGY

RARE = 5  # a combination that occurs less often than this is rare (section 3.2)


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts over dialogues.

    Attributes:
        table: the rows of Table 3, by their names in `paper.TABLE_3`.
        attributes: value -> dialogues that ask for it.
        combinations: belief state after a turn, as a set of values -> turns that have it.
    """

    table: dict[str, float]
    attributes: Counter[str]
    combinations: Counter[frozenset[str]]

    @property
    def rare_share(self) -> float:
        """Share of the combinations, in [0, 1], that occur less than `RARE` times."""
        return sum(count < RARE for count in self.combinations.values()) / max(1, len(self.combinations))


def statistics(dialogues: Sequence[Dialogue]) -> Statistics:
    """Statistics of annotated dialogues.

    An attribute counts as mentioned in a dialogue where it is asked for at least once, even if it is taken back;
    the line with suggestions counts those that only the system names as well.

    Raises:
        DataNotReadable: no dialogue, or one without states.
    """
    if not dialogues:
        raise DataNotReadable("the data set", "it has no dialogue")
    turns = [turn for dialogue in dialogues for turn in dialogue.turns]
    asked = [requested_values(dialogue) for dialogue in dialogues]
    named = [
        values | {turn.act.value for turn in dialogue.turns if turn.act and turn.act.value}
        for values, dialogue in zip(asked, dialogues, strict=True)
    ]
    systems = [turn.system for turn in turns if turn.system]
    table = {
        "dialogues": len(dialogues),
        "utterances": len(turns) + len(systems),
        "turns per dialogue": len(turns) / len(dialogues),
        "utterances per dialogue": (len(turns) + len(systems)) / len(dialogues),
        "words per user turn": _words([turn.user for turn in turns]),
        "words per system turn": _words(systems),
        "attributes mentioned per dialogue": sum(map(len, asked)) / len(dialogues),
        "the same, with suggestions": sum(map(len, named)) / len(dialogues),
    }
    combinations = Counter(values for turn in turns if (values := frozenset(belief_state.values(turn.state or {}))))
    return Statistics(table, Counter(value for values in asked for value in values), combinations)


def requested_values(dialogue: Dialogue) -> frozenset[str]:
    """Distinct values that a dialogue asks for at any time.

    Raises:
        DataNotReadable: a turn has no state.
    """
    if any(turn.state is None for turn in dialogue.turns):
        raise DataNotReadable(
            f"dialogue {dialogue.id}", "its turns have no states; statistics need annotated dialogues"
        )
    return frozenset(value for turn in dialogue.turns for value in belief_state.values(turn.state or {}))


def flow(dialogues: Sequence[Dialogue], num_turns: int = 3) -> list[Counter[tuple[str, str]]]:
    """Steps of Fig. 4: for each of the columns User-1, System-1, User-2, ... the count of (from, to) blocks.

    User blocks are the slots that a turn changes (`nothing` where it changes none; where it changes several, one of
    them, taken in turn over the dialogues); system blocks are the acts.
    """
    columns: list[Counter[tuple[str, str]]] = [Counter() for _ in range(2 * num_turns)]
    for number, dialogue in enumerate(dialogues):
        block = "start"
        before = belief_state.EMPTY
        for index, turn in enumerate(dialogue.turns[:num_turns]):
            for offset, after in enumerate((_changed_slot(before, turn, number), turn.act.type if turn.act else "")):
                if after:
                    columns[2 * index + offset][block, after] += 1
                    block = after
            before = turn.state or {}
    return columns


def _changed_slot(before: belief_state.BeliefState, turn: Turn, number: int) -> str:
    after = turn.state or {}
    changed = [slot for slot in ONTOLOGY.slots if after.get(slot) != before.get(slot)]
    return changed[number % len(changed)] if changed else "nothing"


def _words(texts: Sequence[str]) -> float:
    return sum(len(text.split()) for text in texts) / max(1, len(texts))
