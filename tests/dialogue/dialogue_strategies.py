"""What property tests draw: values, updates and belief states that the rules allow."""

from chatedit.dialogue import belief_state
from chatedit.dialogue.belief_state import TurnUpdate
from chatedit.dialogue.dialogue_file import Act
from chatedit.dialogue.ontology import ONTOLOGY
from hypothesis import strategies as st

values = st.sampled_from(ONTOLOGY.values)
states = st.lists(values, max_size=9).map(belief_state.from_values)
pairs = values.map(lambda value: (ONTOLOGY.slot_of(value), value))
updates = st.builds(
    TurnUpdate,
    added=st.lists(pairs, max_size=4, unique=True).map(tuple),
    removed=st.lists(pairs, max_size=3, unique=True).map(tuple),
    is_reset=st.booleans(),
)
acts = st.one_of(
    st.just(Act("next")),
    st.sampled_from(list(ONTOLOGY.slots)).map(lambda slot: Act("request", slot)),
    pairs.map(lambda pair: Act("suggest", *pair)),
)
photos = st.sets(values, max_size=6).map(lambda shown: tuple(sorted(shown)))
