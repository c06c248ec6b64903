"""The steps of a turn. A node turns the state into a partial update and does nothing else but call its model."""

import uuid
from typing import Any, Literal

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langchain_core.runnables import RunnableConfig

from ..dialogue import belief_state, policy
from ..dialogue.dialogue_file import act_from_json
from ..dialogue.formats import Context
from ..dialogue.protocols import DialogueModel, Reply, Tracked
from ..tools.errors import EditCancelled
from . import reply
from .errors import AgentError
from .gate import Gate
from .navigation import is_retry, read_navigation
from .second_opinion import SecondOpinion
from .state import DialogueState, JsonState, Pending, Turn, update_from_record, update_to_record
from .versions import context, first_of, head, highest_version, moved, suggestion_of, turns_of

MAX_OPINIONS = 100  # records of the second tracker that the state keeps


def route_utterance(state: DialogueState) -> Literal["navigate", "track", "respond"]:
    """Words that move through the history, or words for the tracker; without a photo there is nothing to do."""
    if not state.get("image"):
        return "respond"
    if state.get("requested") is not None:
        return "track"
    user = utterance(state)
    return "navigate" if read_navigation(user, state.get("comparison")) is not None else "track"


def navigate(state: DialogueState) -> dict[str, Any]:
    """Undo, redo, go to a version, compare: by words. The same moves as `conversation.Conversations` makes."""
    navigation = read_navigation(utterance(state), state.get("comparison"))
    assert navigation is not None  # route_utterance sent us here
    try:
        update = moved(state, navigation)
    except AgentError as error:
        return {"messages": [AIMessage(_capital(f"{error}."))], "comparison": None, "error": None}
    said = AIMessage(describe_move(state, update))
    return {**update, "last_move": _last_human(state).id or "", "messages": [said]}


class Track:
    """Reads the utterance and drafts the reply, in one call of the model; asks for the edit where the state changed.

    Args:
        model: both tasks of a turn.
        tool_name: of the edit tool.
        seed: samples the wording of replies; greedy where None.
    """

    def __init__(self, model: DialogueModel, tool_name: str, seed: int | None = None) -> None:
        self._model, self._tool_name, self._seed = model, tool_name, seed

    def __call__(self, state: DialogueState) -> dict[str, Any]:
        user = utterance(state)
        error = state.get("error")
        if error and error["user"] and is_retry(user):
            user = error["user"]
        known = context(state, user)
        seed = None if self._seed is None else self._seed + len(turns_of(state))
        tracked, drafted = self._read(known, state, seed)
        pending: Pending = {
            "user": user,
            "belief_state": belief_state.to_json(tracked.state),
            "update": update_to_record(tracked.update),
            "is_changed": tracked.state != known.state,
            "tracking_error": tracked.error,
            "draft": drafted.text,
            "act": drafted.act.to_json(),
            "attempts": [],
            "failure": None,
            "message_id": _last_human(state).id or "",
        }
        update: dict[str, Any] = {
            "pending": pending,
            "error": None,
            "comparison": None,
            "requested": None,
            "last_move": "",
        }
        if pending["is_changed"] and pending["belief_state"]:
            update["messages"] = [edit_call(self._tool_name, state, pending["belief_state"], {})]
        return update

    def _read(self, known: Context, state: DialogueState, seed: int | None) -> tuple[Tracked, Reply]:
        """What the words mean, or the state that the caller set; and the reply as drafted."""
        attributes = [state.get("attributes", [])]
        if (requested := state.get("requested")) is None:
            [both] = self._model.turn([known], attributes, seed)
            return both
        wanted = belief_state.from_json(requested)
        [drafted] = self._model.respond([known], [wanted], attributes, seed)
        return Tracked(wanted, belief_state.diff(known.state, wanted)), drafted


def route_tracked(state: DialogueState) -> Literal["edit", "respond"]:
    """To the editor where the tracker or the gate asked for an edit."""
    last = state["messages"][-1]
    return "edit" if isinstance(last, AIMessage) and last.tool_calls else "respond"


class Check:
    """The gate after an edit: a value that does not show is tried once more with more weight."""

    def __init__(self, gate: Gate, tool_name: str) -> None:
        self._gate, self._tool_name = gate, tool_name

    def __call__(self, state: DialogueState) -> dict[str, Any]:
        pending, answer = _pending(state), state["messages"][-1]
        assert isinstance(answer, ToolMessage)
        if answer.status == "error" or not isinstance(answer.artifact, dict):
            return {"pending": {**pending, "failure": _failure(answer)}}
        attempts = [*pending["attempts"], answer.artifact]
        update: dict[str, Any] = {"pending": {**pending, "attempts": attempts}}
        if len(attempts) == 1 and (missing := self._gate.missing(answer.artifact)):
            emphasis = dict.fromkeys(missing, self._gate.emphasis)
            update["messages"] = [edit_call(self._tool_name, state, pending["belief_state"], emphasis)]
        return update


class Respond:
    """Commits the turn and answers; a turn whose edit failed leaves everything as it was."""

    def __init__(self, gate: Gate, opinion: SecondOpinion | None = None) -> None:
        self._gate, self._opinion = gate, opinion

    def __call__(self, state: DialogueState, config: RunnableConfig) -> dict[str, Any]:
        pending = state.get("pending")
        if not state.get("image") or pending is None:
            return {"messages": [AIMessage(reply.NO_PHOTO)]}
        update: dict[str, Any] = {"pending": None, "opinions": self._opinions(state, config)}
        failure = pending["failure"]
        if failure is not None and (not pending["attempts"] or failure["type"] == EditCancelled.__name__):
            error = {"type": failure["type"], "message": failure["message"], "user": pending["user"]}
            return update | {"error": error, "messages": [AIMessage(reply.failed(error["type"], error["message"]))]}
        turn = self._turn(state, pending)
        redo = [] if pending["is_changed"] else state.get("redo", [])
        return update | {
            "turns": [*turns_of(state), turn],
            "head": turn["id"],
            "redo": redo,
            "belief_state": turn["belief_state"],
            "picture": turn["image"],
            "suggestion": suggestion_of(turn["act"]),
            "messages": [AIMessage(turn["system"])],
        }

    def _turn(self, state: DialogueState, pending: Pending) -> Turn:
        before = head(state)
        turn: Turn = {
            **before,
            "id": len(turns_of(state)),
            "parent": before["id"],
            "user": pending["user"],
            "system": "",
            "belief_state": pending["belief_state"],
            "update": pending["update"],
            "act": pending["act"],
            "message_id": pending["message_id"],
        }
        if pending["is_changed"]:
            turn["version"] = highest_version(state) + 1
            artifact = self._gate.best(pending["attempts"]) if pending["attempts"] else {}
            turn["image"] = artifact.get("image") or first_of(state, 0)["image"]  # an empty state: the photo
            turn["metrics"] = {name: held for name, held in artifact.items() if name != "image"}
            turn["missing"] = self._gate.missing(artifact) if artifact else []
        turn["act"], turn["system"] = self._words(state, pending, before, turn)
        return turn

    def _words(self, state: DialogueState, pending: Pending, before: Turn, turn: Turn) -> tuple[dict[str, str], str]:
        """Act and text of the answer."""
        caption, update = state.get("caption", ""), update_from_record(pending["update"])
        held = belief_state.from_json(turn["belief_state"])
        act = act_from_json(pending["act"])
        if pending["tracking_error"]:
            return {"type": "next"}, reply.NOT_UNDERSTOOD
        if policy.is_illogical(act, held, state.get("attributes", [])):  # the draft knew only the state before
            act = act_from_json({"type": "next"})
        draft = pending["draft"] if act.to_json() == pending["act"] else ""
        added = [value for _, value in update.added]
        gone = [value for value in turn["missing"] if value in added or value not in before["missing"]]
        if gone and pending["is_changed"]:
            shown = [value for value in added if value not in turn["missing"]]
            text = reply.admitting(draft, act, caption, shown, gone, is_retried=len(pending["attempts"]) > 1)
        else:
            old = belief_state.from_json(before["belief_state"])
            text = reply.honest(draft or "Done.", act, caption, old, held, update, turn["missing"])
        if pending["is_changed"] and turn["metrics"] and not self._gate.is_same_person(turn["metrics"]):
            text = f"{reply.OTHER_PERSON} {text}"
        return act.to_json(), text

    def _opinions(self, state: DialogueState, config: RunnableConfig) -> list[dict[str, Any]]:
        return with_opinions(state, self._opinion.collect(thread_of(config)) if self._opinion else [])


class Compare:
    """Asks the second tracker and returns at once; what it says is collected by the first answer after it is there."""

    def __init__(self, opinion: SecondOpinion) -> None:
        self._opinion = opinion

    def __call__(self, state: DialogueState, config: RunnableConfig) -> dict[str, Any]:
        pending = _pending(state)
        tracked = belief_state.from_json(pending["belief_state"])
        self._opinion.ask(thread_of(config), len(turns_of(state)), context(state, pending["user"]), tracked)
        return {}


def edit_call(tool_name: str, state: DialogueState, requested: JsonState, emphasis: dict[str, float]) -> AIMessage:
    """The message that calls the edit tool."""
    arguments: dict[str, Any] = {"image": state.get("image", ""), "belief_state": requested}
    if emphasis:
        arguments["options"] = {"emphasis": emphasis}
    call = {"name": tool_name, "args": arguments, "id": f"call_{uuid.uuid4().hex}", "type": "tool_call"}
    return AIMessage("", tool_calls=[call])


def describe_move(state: DialogueState, update: dict[str, Any]) -> str:
    """What a navigation did, in words."""
    if update.get("comparison"):
        first, second = update["comparison"]
        return f"Here are {_version_name(state, first)} and {_version_name(state, second)}. Which one shall we keep?"
    turn = turns_of(state)[update["head"]]
    return f"This is {_version_name(state, turn['version'])}. What would you like to do next?"


def utterance(state: DialogueState) -> str:
    """The user's last words."""
    return str(_last_human(state).text) if state.get("messages") else ""


def with_opinions(state: DialogueState, told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The second tracker's records with those that are new."""
    return [*state.get("opinions", []), *told][-MAX_OPINIONS:]


def thread_of(config: RunnableConfig) -> str:
    """Id of the thread that a run belongs to."""
    return str(config.get("configurable", {}).get("thread_id", ""))


def _version_name(state: DialogueState, version: int) -> str:
    if version == 0:
        return "the photo as it came"
    turn = first_of(state, version)
    requested, missing = belief_state.values(belief_state.from_json(turn["belief_state"])), turn["missing"]
    shown = ", ".join(value for value in requested if value not in missing)
    parts = [shown, reply.unseen(missing) if missing else ""]
    return f"version {version} ({'; '.join(filter(None, parts)) or 'nothing requested'})"


def _last_human(state: DialogueState) -> AnyMessage:
    for message in reversed(state["messages"]):
        if isinstance(message, HumanMessage):
            return message
    return HumanMessage("")


def _pending(state: DialogueState) -> Pending:
    pending = state.get("pending")
    assert pending is not None  # only after track
    return pending


def _failure(answer: ToolMessage) -> dict[str, str]:
    name, colon, message = str(answer.text).partition(": ")
    return {"type": name, "message": message} if colon else {"type": "EditFailed", "message": name}


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
