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


class ImageScores(NamedTuple):
    """A row of the tables of edited images; the mean, and the spread over three seeds where the paper gives one."""

    fid: float
    lpips: float
    min_rel: float
    avg_rel: float
    spread: tuple[float, float, float, float] | None = None


TABLE_5: Mapping[tuple[str, str], ImageScores] = {
    ("single-turn", "USR"): ImageScores(41.451, 0.482, 0.730, 0.752, (0.176, 0.002, 0.010, 0.010)),
    ("multi-turn", "USR"): ImageScores(40.115, 0.449, 0.754, 0.773, (0.165, 0.001, 0.009, 0.009)),
    ("multi-turn", "Dial"): ImageScores(42.813, 0.477, 0.741, 0.761, (0.161, 0.001, 0.007, 0.006)),
    ("multi-turn", "USR-T"): ImageScores(40.536, 0.449, 0.753, 0.773, (0.105, 0.001, 0.010, 0.010)),
}
TABLE_6: Mapping[str, ImageScores] = {  # 100 random samples, which alone makes FID larger than in Table 5
    "Talk-to-Edit": ImageScores(132.555, 0.644, 0.731, 0.739),
    "ours": ImageScores(98.760, 0.439, 0.770, 0.776),
}
TABLE_10: Mapping[str, ImageScores] = {
    "in domain": ImageScores(40.115, 0.449, 0.754, 0.773),
    "out of domain": ImageScores(40.264, 0.458, 0.739, 0.759),
}
TABLE_11: Mapping[str, ImageScores] = {
    "multi-turn": ImageScores(40.115, 0.449, 0.754, 0.773),
    "without L_id": ImageScores(40.475, 0.452, 0.742, 0.763),
    "without L2": ImageScores(74.639, 0.794, 0.715, 0.752),
}
