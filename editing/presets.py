"""How an edit is optimised, as data: every constant with its unit and source."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from .errors import InvalidPreset

PROMPTS = ("joined", "per_value")
SPACES = ("w_plus", "whitened")
SEED_NOISE = 0.1  # start noise of a seed above 0, in units of the space, where the preset has none of its own
MAX_SEED = 2**63 - 1  # what JSON readers, databases and torch all hold


@dataclass(frozen=True, slots=True)
class TermWeights:
    """Weight of each term of the objective; 0 switches a term off, and it is not computed then.

    The first three are the paper's (eq. 7).  The others are for small models, whose images the paper's objective
    breaks while its score rises.

    Attributes:
        clip: 1 - cosine of image and prompt, averaged over the prompts (eq. 4).
        l2: sum of squares of the offset, in the space that is optimised (eq. 5).
        identity: 1 - cosine of the identity features of source and result (eq. 6).
        presence: -log of the probability that a CLIP trained with a sigmoid loss gives to a requested value, averaged
            over the values.  Buys balance: a value that is there already stops pulling, one that lags pulls more.
        prior: squared distance by which whitened coordinates of w leave +-`prior_sigma` (or the source's own
            position, where that lies further out).  Buys realism: no black eyes, no neon hair.
        keep: squared change of the image's similarity to each value that was not requested and is not excluded by
            one, summed over values.  Buys fewer collateral changes.
        background: mean squared change of pixels outside face and hair.  Buys the same background and clothes.
    """

    clip: float = 1.0
    l2: float = 0.0
    identity: float = 0.0
    presence: float = 0.0
    prior: float = 0.0
    keep: float = 0.0
    background: float = 0.0


TERMS = tuple(field.name for field in fields(TermWeights))


@dataclass(frozen=True, slots=True)
class Preset:
    """One way to optimise an edit.

    Attributes:
        name: how commands and packs call it.
        weights: the objective.
        steps: Adam steps.
        learning_rate: peak learning rate, in units of the space.
        ramp_up, ramp_down: shares of the steps over which the rate rises and falls.
        prompts: one prompt for the whole belief state, or one for each value.
        space: optimise w_plus itself, or whitened PCA coordinates of the offset (then one unit is one standard
            deviation of w along a principal axis).
        prior_sigma: where the prior starts to pull, in standard deviations.
        direction_strength: start at this multiple of the sum of the pack's learned directions; 0 starts at the source.
        start_noise: standard deviation of a random start offset, so that seeds give different results; 0 for none.
        patience: steps without an improvement of the total by `min_improvement` after which the rate ramps down
            at once; 0 never.
        min_improvement: share of the total's fall so far that counts as an improvement.
    """

    name: str
    weights: TermWeights
    steps: int
    learning_rate: float
    ramp_up: float = 0.05  # StyleCLIP `run_optimization.py`: rampup=0.05
    ramp_down: float = 0.25  # the same: rampdown=0.25
    prompts: Literal["joined", "per_value"] = "joined"
    space: Literal["w_plus", "whitened"] = "w_plus"
    prior_sigma: float = 2.0
    direction_strength: float = 0.0
    start_noise: float = 0.0
    patience: int = 0
    min_improvement: float = 0.01

    def __post_init__(self) -> None:
        problem = _problem_of(self)
        if problem:
            raise InvalidPreset(self.name, problem)

    def seeded(self, seed: int) -> "Preset":
        """The preset with which each seed above 0 gives its own result; with seed 0, this one."""
        return self if seed == 0 or self.start_noise else dataclasses.replace(self, start_noise=SEED_NOISE)

    def without(self, *terms: str) -> "Preset":
        """The same preset with some terms switched off (Table 11)."""
        off = dict.fromkeys(terms, 0.0)
        if unknown := off.keys() - set(TERMS):
            raise InvalidPreset(self.name, f"no term {sorted(unknown)[0]!r}; there are: {', '.join(TERMS)}")
        return dataclasses.replace(self, weights=dataclasses.replace(self.weights, **off))


def preset_from_mapping(name: str, data: Mapping[str, Any]) -> Preset:
    """Preset of a pack file: the fields of `Preset` with `weights` as a mapping of terms.

    A term that `weights` does not name has its default, a field that `data` does not name too.

    Raises:
        InvalidPreset: an unknown or missing field, or a value out of range.
    """
    try:
        weights = TermWeights(**data.get("weights", {}))
        return Preset(name=name, weights=weights, **{key: value for key, value in data.items() if key != "weights"})
    except TypeError as error:  # dataclasses name an unknown or missing field in the message
        raise InvalidPreset(name, str(error).replace("Preset.__init__() ", "")) from error


def _problem_of(preset: Preset) -> str:
    weights = dataclasses.asdict(preset.weights)
    numbers = {key: getattr(preset, key) for key in ("steps", "learning_rate", "prior_sigma")}
    if bad := [key for key, value in numbers.items() if value <= 0]:
        return f"{bad[0]} must be positive, not {numbers[bad[0]]}"
    if bad := [key for key, value in weights.items() if value < 0]:
        return f"weight {bad[0]} must not be negative"
    if not (weights["clip"] or weights["presence"]):
        return "without the terms clip and presence nothing pulls towards the request"
    if not 0 <= preset.ramp_up <= 1 or not 0 <= preset.ramp_down <= 1:
        return "ramp_up and ramp_down are shares of the steps, in [0, 1]"
    if preset.prompts not in PROMPTS:
        return f"prompts must be one of {', '.join(PROMPTS)}, not {preset.prompts!r}"
    if preset.space not in SPACES:
        return f"space must be one of {', '.join(SPACES)}, not {preset.space!r}"
    if preset.patience < 0 or preset.start_noise < 0 or preset.direction_strength < 0:
        return "patience, start_noise and direction_strength must not be negative"
    return ""


# The paper's objective and constants: the default for the official checkpoints.
PAPER = Preset(
    name="paper",
    weights=TermWeights(clip=1.0, l2=0.008, identity=0.005),  # section 5.1; eq. 7
    steps=300,  # section 5.1
    learning_rate=0.1,  # section 5.1
)
