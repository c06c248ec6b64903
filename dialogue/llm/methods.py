"""The ways to ask a language model for a state, by name."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from ..dialogue_file import Dialogue
from ..ontology import Ontology
from .full_state import FullState
from .functions import Functions
from .method import Method
from .updates import Updates

METHODS: Mapping[str, Callable[[Ontology, tuple[Dialogue, ...]], Method]] = MappingProxyType(
    {"llm-updates": Updates, "llm-state": FullState, "llm-functions": Functions}
)
