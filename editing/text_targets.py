"""From a belief state to the text features that an edit is pulled towards, and those that it should leave alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ..dialogue.belief_state import BeliefState, pairs
from ..dialogue.ontology import ONTOLOGY, SINGLE_VALUED, Ontology, excluded_by
from .errors import NothingToEdit
from .presets import Preset

CACHED_PROMPTS = 1024


@dataclass(frozen=True, slots=True)
class PromptTemplates:
    """Wording of prompts; a pack brings its own.

    Attributes:
        joined: one prompt for all values, with `{phrases}`.
        single: one prompt for one value, with `{phrase}`.
        phrases: value -> how it is said; a value that is absent stands for itself.
    """

    joined: str = "a photo of a face with {phrases}"
    single: str = "a photo of a face with {phrase}"
    phrases: Mapping[str, str] | None = None

    def phrase(self, value: str) -> str:
        return (self.phrases or {}).get(value, value)

    def joined_prompt(self, values: Sequence[str]) -> str:
        return self.joined.format(phrases=", ".join(self.phrase(value) for value in values))

    def single_prompt(self, value: str) -> str:
        return self.single.format(phrase=self.phrase(value))


class TextTargets(NamedTuple):
    """Unit text features [R, C] with the weight [R] of each as a target and as something to keep."""

    texts: Tensor
    target_weights: Tensor
    keep_weights: Tensor


class TextTargeter:
    """Builds the targets of belief states; every prompt is embedded once.

    Args:
        encode_texts: prompts -> features [N, C], any length of vector.
        templates: wording of the prompts.
        ontology: whose values the `keep` term watches.
    """

    def __init__(
        self,
        encode_texts: Callable[[Sequence[str]], Tensor],
        templates: PromptTemplates,
        ontology: Ontology = ONTOLOGY,
    ) -> None:
        self._templates, self._ontology = templates, ontology

        @lru_cache(CACHED_PROMPTS)
        def encode(prompt: str) -> Tensor:
            with torch.no_grad():
                return F.normalize(encode_texts([prompt]).float(), dim=1)[0]

        self._encode = encode

    def targets_for(self, belief_state: BeliefState, preset: Preset) -> TextTargets:
        """Targets of a state under a preset's way of prompting.

        Raises:
            NothingToEdit: the state is empty.
        """
        requested = [value for _, value in pairs(belief_state)]
        if not requested:
            raise NothingToEdit
        if preset.prompts == "joined":
            prompts = [self._templates.joined_prompt(requested)]
        else:
            prompts = [self._templates.single_prompt(value) for value in requested]
        kept = unrequested(belief_state, self._ontology) if preset.weights.keep else ()
        texts = [self._encode(prompt) for prompt in prompts]
        texts += [self._encode(self._templates.single_prompt(value)) for value in kept]
        is_target = torch.tensor([1.0] * len(prompts) + [0.0] * len(kept))
        return TextTargets(torch.stack(texts), is_target / len(prompts), 1.0 - is_target)


def unrequested(belief_state: BeliefState, ontology: Ontology = ONTOLOGY) -> tuple[str, ...]:
    """Values that an edit towards the state must leave as they are: neither requested nor excluded by a request."""
    touched: set[str] = set()
    for slot, value in pairs(belief_state):
        touched |= {value, *excluded_by(value)}
        if slot in SINGLE_VALUED:
            touched |= set(ontology.slots.get(slot, ()))
    return tuple(value for value in ontology.values if value not in touched)
