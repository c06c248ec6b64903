"""One dialogue edited in one way: a picture after each turn, from the original or from the last picture."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ...editing.presets import Preset
from .edit_store import EditRequest, EditStore
from .editor import Editors
from .wish import Wish


@dataclass(frozen=True, slots=True)
class Chain:
    """The edits of one dialogue.

    Attributes:
        picture: PNG of the original.
        wishes: one a turn; an empty one leaves the picture as it is (of a cascade: the last one, else the original).
        is_cascade: each turn edits the picture of the turn before ("single-turn"), not the original ("multi-turn").
    """

    picture: bytes
    wishes: tuple[Wish, ...]
    preset: Preset
    seed: int
    is_cascade: bool = False


def run_chains(
    chains: Sequence[Chain],
    editors: Editors,
    store: EditStore,
    done: Callable[[int], None] = lambda count: None,
) -> list[list[bytes]]:
    """PNG after each turn of each chain; what the store has already is not edited again.

    Turn by turn over all chains, so that batches are full; `done` hears of finished turns.

    Raises:
        EditError
    """
    pictures: list[list[bytes]] = [[] for _ in chains]
    for wave in _waves(chains):
        due = [(index, turn, _request(chains[index], turn, pictures[index])) for index, turn in wave]
        asked = {store.key(request): request for _, _, request in due if request is not None}
        missing = {key: request for key, request in asked.items() if store.picture(key) is None}
        done(len(due) - len(missing))
        editors.edit(list(missing.values()), done)
        for index, _, request in due:
            before = pictures[index][-1] if chains[index].is_cascade and pictures[index] else chains[index].picture
            made = before if request is None else store.picture(store.key(request))
            assert made is not None, "the editors keep what they finish"
            pictures[index].append(made)
    return pictures


def missing(chains: Sequence[Chain], store: EditStore) -> list[EditRequest]:
    """Edits that nobody has done, each once; of a cascade also those behind one, as if they edited the same picture."""
    found: dict[str, EditRequest] = {}
    for chain in chains:
        picture, is_behind = chain.picture, False
        for wish in chain.wishes:
            if wish.is_empty:
                continue
            request = EditRequest(picture, wish, chain.preset, chain.seed)
            made = None if is_behind else store.picture(store.key(request))
            if made is None:
                found[store.key(request)] = request
            if chain.is_cascade:
                picture, is_behind = made or picture, made is None
    return list(found.values())


def _waves(chains: Sequence[Chain]) -> Iterator[list[tuple[int, int]]]:
    """Chains and turns that can be edited together: all turns of those that start from the original come first."""
    free = [(i, turn) for i, chain in enumerate(chains) if not chain.is_cascade for turn in range(len(chain.wishes))]
    cascades = [i for i, chain in enumerate(chains) if chain.is_cascade]
    longest = max((len(chains[i].wishes) for i in cascades), default=0)
    yield free + [(i, 0) for i in cascades if chains[i].wishes]
    for turn in range(1, longest):
        yield [(i, turn) for i in cascades if turn < len(chains[i].wishes)]


def _request(chain: Chain, turn: int, so_far: Sequence[bytes]) -> EditRequest | None:
    wish = chain.wishes[turn]
    if wish.is_empty:
        return None
    picture = so_far[-1] if chain.is_cascade and so_far else chain.picture
    return EditRequest(picture, wish, chain.preset, chain.seed)
