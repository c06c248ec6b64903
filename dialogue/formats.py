"""What the T5 model reads and writes: tasks as text, in PPTOD's layout of turns (Su et al. 2022; paper, section 4.1).

Four ways to track the state:
* `history`: the whole dialogue in, the whole belief state out (the paper's);
* `update`: the state so far and the last exchange in, what this turn changes out, in words;
* `picks`: the same input, but each change is one token, picked and not spelled (as D3ST's indices, Zhao et al. 2022):
  a small decoder has little to learn, and little to write (what ships);
* `question`: one question a slot and value ("what is the hair color? pink hair?", after App. E.1), answered by what the
  turn does to it: as values are read and not spelled, they may be ones never seen in training.

The response task reads the caption, the state so far and the last exchange, and writes act and words.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from . import belief_state
from .belief_state import BeliefState, TurnUpdate
from .dialogue_file import Act
from .errors import OutputNotReadable, UnknownValue
from .ontology import ONTOLOGY, Ontology
from .special_tokens import ACT, BELIEF, CAPTION, PICKS, RESPONSE, START_OVER, USER

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_PICK = re.compile(r"<[^>]*>")
StateFormat = Literal["history", "update", "picks"]
Answer = Literal["add", "drop", "nothing"]


@dataclass(frozen=True, slots=True)
class Prompts:
    """The task prefixes. The paper and PPTOD word them differently; a checkpoint names its own in its config."""

    state: str = "translate dialogue to dialogue state:"
    response: str = "translate dialogue to dialogue response:"
    question: str = "answer the question from the dialogue:"


PAPER_PROMPTS = Prompts()
PPTOD_PROMPTS = Prompts(
    state="translate dialogue to belief state:",
    response="translate dialogue to system response:",
    question="translate dialogue to belief state:",
)
PROMPTS = {"paper": PAPER_PROMPTS, "pptod": PPTOD_PROMPTS}


@dataclass(frozen=True, slots=True)
class Context:
    """What is known when a user turn arrives.

    Attributes:
        caption: the photo's caption.
        exchanges: earlier (user, system) pairs, oldest first.
        user: the new utterance.
        state: the belief state before this turn.
        last_update: what the previous turn changed ("undo that last one" refers to it).
    """

    caption: str
    exchanges: tuple[tuple[str, str], ...]
    user: str
    state: BeliefState = field(default_factory=lambda: belief_state.EMPTY)
    last_update: TurnUpdate = belief_state.NO_CHANGE


def wrap(tokens: tuple[str, str], text: str) -> str:
    """`text` between a pair of special tokens."""
    return f"{tokens[0]} {text} {tokens[1]}"


# Inputs -----------------------------------------------------------------------------------------


def history_input(context: Context, prompts: Prompts) -> tuple[str, str]:
    """Prefix and body: the body is the whole dialogue, cut from the left where it is too long."""
    turns = [f"{wrap(USER, user)} {wrap(RESPONSE, system)}" for user, system in context.exchanges]
    return prompts.state, " ".join([*turns, wrap(USER, context.user)])


def update_input(context: Context, prompts: Prompts) -> tuple[str, str]:
    """Prefix with the state so far; the body is the last exchange and the new utterance."""
    return f"{prompts.state} {_memory(context)}", _last_exchange(context)


def question_input(context: Context, slot: str, value: str, prompts: Prompts) -> tuple[str, str]:
    """Prefix with the slot's question (App. E.1), the value in doubt, and the state so far; the body as above."""
    return f"{prompts.question} what is the {slot}? {value}? {_memory(context)}", _last_exchange(context)


def response_input(context: Context, prompts: Prompts) -> tuple[str, str]:
    """Prefix with caption and state so far; the body is the last exchange."""
    return f"{prompts.response} {wrap(CAPTION, context.caption)} {_memory(context)}", _last_exchange(context)


def _memory(context: Context) -> str:
    state = ", ".join(belief_state.values(context.state)) or "nothing"
    return wrap(BELIEF, f"{state}; last: {update_target(context.last_update)}")


def _last_exchange(context: Context) -> str:
    system = f"{wrap(RESPONSE, last_words(context.exchanges[-1][1]))} " if context.exchanges else ""
    return f"{system}{wrap(USER, context.user)}"


def last_words(system: str) -> str:
    """What a user reacts to: the system's last sentence, or its last two where the last asks nothing."""
    sentences = _SENTENCE_END.split(system.strip())
    return " ".join(sentences[-1:] if "?" in sentences[-1] else sentences[-2:])


# Targets ----------------------------------------------------------------------------------------


def state_target(state: BeliefState) -> str:
    """PPTOD's belief state: `<sos_b> hair color: black hair; makeup: lipstick <eos_b>`."""
    return wrap(BELIEF, belief_state.to_text(state) or "nothing")


def update_target(update: TurnUpdate) -> str:
    """`start over, drop bangs, add blond hair, add lipstick`, or `nothing`."""
    words = ["start over"] if update.is_reset else []
    words += [f"drop {value}" for _, value in update.removed]
    words += [f"add {value}" for _, value in update.added]
    return ", ".join(words) or "nothing"


def picks_target(update: TurnUpdate) -> str:
    """`<start over> <-bangs> <+blond hair>`, or `nothing`."""
    picked = [START_OVER] if update.is_reset else []
    picked += [f"<-{value}>" for _, value in update.removed]
    picked += [f"<+{value}>" for _, value in update.added]
    return " ".join(picked) or "nothing"


def question_target(update: TurnUpdate, state: BeliefState, slot: str, value: str) -> Answer:
    """What the update does to one value of the state before it."""
    if (slot, value) in update.added:
        return "add"
    is_held = value in state.get(slot, ())
    return "drop" if (slot, value) in update.removed or (update.is_reset and is_held) else "nothing"


def response_target(act: Act, response: str) -> str:
    """PPTOD's act and response: `<sos_a> suggest bangs <eos_a> <sos_r> ... <eos_r>`."""
    return f"{wrap(ACT, act_words(act))} {wrap(RESPONSE, response)}"


def act_words(act: Act) -> str:
    """`next`, `request hair color`, `suggest bangs`."""
    return " ".join(filter(None, (act.type, act.value or act.slot)))


# Reading outputs --------------------------------------------------------------------------------


def parse_state(output: str, ontology: Ontology = ONTOLOGY) -> BeliefState:
    """Inverse of `state_target`.

    Raises:
        OutputNotReadable: never an empty state instead of an error.
    """
    text = _inside(output, BELIEF)
    if text == "nothing":
        return belief_state.EMPTY
    try:
        return belief_state.from_text(text, ontology)
    except Exception as error:
        raise OutputNotReadable(output, str(error)) from error


def parse_update(output: str) -> TurnUpdate:
    """Inverse of `update_target`.

    Raises:
        OutputNotReadable
    """
    text = " ".join(output.split())
    if text == "nothing":
        return belief_state.NO_CHANGE
    added: list[tuple[str, str]] = []
    removed: list[tuple[str, str]] = []
    is_reset = False
    for part in text.split(","):
        verb, _, value = part.strip().partition(" ")
        if part.strip() == "start over":
            is_reset = True
        elif verb in ("add", "drop") and value:
            (added if verb == "add" else removed).append((_slot_of(value, output), value))
        else:
            raise OutputNotReadable(output, f"{part.strip()!r} is neither 'start over' nor 'add ...' nor 'drop ...'")
    return TurnUpdate(tuple(dict.fromkeys(added)), tuple(dict.fromkeys(removed)), is_reset)


def parse_picks(output: str) -> TurnUpdate:
    """Inverse of `picks_target`.

    Raises:
        OutputNotReadable
    """
    picked = _PICK.findall(output)
    rest = _PICK.sub(" ", output).strip()
    if rest == "nothing" and not picked:
        return belief_state.NO_CHANGE
    if rest or not picked or not all(pick in PICKS for pick in picked):
        raise OutputNotReadable(output, "expected 'nothing', or tokens such as <+bangs>, <-bangs> and <start over>")
    changes = [(pick[1], (ONTOLOGY.slot_of(pick[2:-1]), pick[2:-1])) for pick in picked if pick != START_OVER]
    added = dict.fromkeys(pair for sign, pair in changes if sign == "+")
    removed = dict.fromkeys(pair for sign, pair in changes if sign == "-")
    return TurnUpdate(tuple(added), tuple(removed), START_OVER in picked)


def parse_response(output: str) -> tuple[Act, str]:
    """Inverse of `response_target`, with natural spacing and capitals.

    Raises:
        OutputNotReadable
    """
    words = _inside(output, ACT).split(" ", 1)
    text = _inside(output, RESPONSE)
    rest = words[1] if len(words) > 1 else ""
    if words[0] == "next" and not rest:
        return Act("next"), text
    if words[0] == "request" and rest in ONTOLOGY.slots:
        return Act("request", rest), text
    if words[0] == "suggest" and rest in ONTOLOGY.values:
        return Act("suggest", ONTOLOGY.slot_of(rest), rest), text
    raise OutputNotReadable(output, f"unknown act {' '.join(words)!r}")


def all_updates_words() -> Sequence[str]:
    """Every part that an update may consist of: the grammar's terminals."""
    changes = [f"{verb} {value}" for verb in ("drop", "add") for value in ONTOLOGY.values]
    return ["nothing", "start over", *changes]


def _slot_of(value: str, output: str) -> str:
    try:
        return ONTOLOGY.slot_of(value)
    except UnknownValue as error:
        raise OutputNotReadable(output, str(error)) from error


def _inside(output: str, tokens: tuple[str, str]) -> str:
    _, opened, rest = output.partition(tokens[0])
    text, closed, _ = rest.partition(tokens[1])
    if not (opened and closed):
        raise OutputNotReadable(output, f"expected {tokens[0]} ... {tokens[1]}")
    return " ".join(text.split())
