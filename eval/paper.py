"""What the paper reports, to print beside ours (Cui et al. 2023)."""

from collections.abc import Mapping
from typing import NamedTuple

TABLE_3: Mapping[str, float] = {
    "dialogues": 12_000,
    "utterances": 96_174,
    "turns per dialogue": 4.0,
    "utterances per dialogue": 8.0,
    "words per user turn": 11.6,
    "words per system turn": 11.3,
    "attributes mentioned per dialogue": 6.3,
}
RARE_COMBINATIONS = 0.78  # section 3.2: "more than 78% of the attribute combinations occur less than 5 times"


class DialogueScores(NamedTuple):
    """A row of Table 4: joint accuracy and BLEU in percent, Distinct-n in [0, 1]; the mean of three seeds."""

    joint_accuracy: float
    bleu: float
    distinct_1: float
    distinct_2: float


TABLE_4: Mapping[str, DialogueScores] = {
    "T5-small": DialogueScores(88.502, 14.806, 0.393, 0.867),
    "T5-base": DialogueScores(89.065, 14.917, 0.408, 0.872),
    "T5-large": DialogueScores(88.953, 16.064, 0.413, 0.886),
}
CHATGPT_JOINT_ACCURACY = 76.26  # section 5.1, prompted as in Heck et al. 2023
UNSEEN_ACCURACY = 58.90  # App. E.1, on 1,000 samples with the values of Table 9
