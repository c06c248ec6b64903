"""`edit_face`: the LangChain tool through which any agent edits a face."""

from collections.abc import Callable, Mapping
from contextvars import copy_context
from typing import Any, Literal

from langchain_core.runnables.config import ensure_config
from langchain_core.tools import BaseTool, StructuredTool
from pydantic import BaseModel, ConfigDict, Field, create_model

from ..dialogue import belief_state
from ..dialogue.belief_state import BeliefState
from ..dialogue.errors import DialogueError
from ..dialogue.ontology import ONTOLOGY
from ..editing.presets import MAX_SEED
from .editor import EditOptions, Editor, EditProgress, EditRequest
from .errors import EditTimedOut, InvalidBeliefState, RetryableCall
from .photo import inverted
from .store import Store, StoredEdit, edit_key

TOOL_NAME = "edit_face"
ON_PROGRESS = "on_edit_progress"  # key of a run's `configurable`: a function that hears of progress, from any thread
DESCRIPTION = """Edit the face in a photo. The edit always starts from the original photo, so give the whole belief \
state: everything that the picture should show, earlier wishes included. The same call gives the same picture at once.\
"""
DEFAULT_TIMEOUT_S = 60.0


def _slot_fields() -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for slot, values in ONTOLOGY.slots.items():
        held = list[Literal[values]]  # type: ignore[valid-type]
        alias: dict[str, Any] = {"alias": slot} if " " in slot else {}
        fields[slot.replace(" ", "_")] = (held, Field(default_factory=list, description=f"{slot} of the face", **alias))
    return fields


WholeState: type[BaseModel] = create_model(
    "WholeState",
    __config__=ConfigDict(extra="forbid", frozen=True, populate_by_name=True),
    __doc__="Slot -> values that the picture should show; a slot that is left out stays as in the photo.",
    **_slot_fields(),
)


class CallOptions(BaseModel):
    """How to edit; the defaults suit."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    preset: str | None = Field(default=None, description="a preset of the model pack; the pack's default where absent")
    seed: int = Field(default=0, ge=0, le=MAX_SEED, description="each seed above 0 gives its own result")
    emphasis: dict[str, float] = Field(
        default_factory=dict, description="value -> weight, to push a value that did not show (2 is twice)"
    )


class EditFaceCall(BaseModel):
    """Arguments of `edit_face`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    image: str = Field(description="reference of the original photo")
    belief_state: WholeState = Field(description="everything that the picture should show")  # type: ignore[valid-type]
    options: CallOptions = CallOptions()


def edit_face_tool(
    editor: Editor,
    store: Store,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    on_progress: Callable[[EditProgress], None] | None = None,
    default_preset: str | None = None,
) -> BaseTool:
    """The tool over an editor and a store.

    Its content is a sentence for a model, its artifact a dict of references and metrics: `image` (reference of the
    picture), `key`, `relevance`, `identity`, `steps`, `seconds`, `is_known` (found in the store). Inside a LangGraph
    run, progress goes to the `custom` stream as `{"edit": key, "step": ..., "num_steps": ...}`, now and then with the
    reference of a `preview`; the first event of an edit has 0 steps. A function in the run's configuration,
    `{"configurable": {ON_PROGRESS: function}}`, hears the same.

    `default_preset` is that of calls which name none; the pack's own where None.

    Raises (from calls):
        RetryableCall: wrong arguments; EditFailed: no picture came of it. Arguments outside the schema are pydantic's
        ValidationError, as with every LangChain tool.
    """

    def edit_face(image: str, belief_state: Any, options: CallOptions | None = None) -> tuple[str, dict[str, Any]]:
        state = _checked_state(belief_state)
        if not state:
            original = inverted(editor, store, image).image
            return "Nothing is requested: the picture is the original photo.", _artifact_of_original(original)
        chosen = _edit_options(options or CallOptions(), default_preset)
        edit, is_known = _edit_once(editor, store, image, state, chosen, timeout_s, _listener(store, on_progress))
        return _sentence(state, edit), _artifact(edit, is_known)

    return StructuredTool.from_function(
        func=edit_face,
        name=TOOL_NAME,
        description=DESCRIPTION,
        args_schema=EditFaceCall,
        infer_schema=False,
        response_format="content_and_artifact",
    )


def _edit_once(
    editor: Editor,
    store: Store,
    image: str,
    state: BeliefState,
    options: EditOptions,
    timeout_s: float,
    on_progress: Callable[[EditProgress], None],
) -> tuple[StoredEdit, bool]:
    """The edit from the store, or done now; whoever asks for it meanwhile waits for this one."""
    key = edit_key(image, state, editor.version, options)
    if (known := store.edit(key)) is not None:
        return known, True
    source = inverted(editor, store, image)
    with store.lease(key, timeout_s) as is_mine:
        if (known := store.edit(key)) is not None:
            return known, True
        if not is_mine:
            raise EditTimedOut(0, timeout_s)
        on_progress(EditProgress(key, 0, 0))  # names the edit, so that it can be cancelled
        request = EditRequest(key, source.w_plus, _json(state), options, timeout_s)
        return store.put_edit(key, editor.edit(request, on_progress)), False


def _checked_state(given: Any) -> BeliefState:
    data = given.model_dump(by_alias=True) if isinstance(given, BaseModel) else given
    try:
        return belief_state.from_json(data)
    except DialogueError as error:
        raise InvalidBeliefState(str(error)) from error


def _edit_options(options: CallOptions, default_preset: str | None) -> EditOptions:
    if unknown := [value for value in options.emphasis if value not in ONTOLOGY.values]:
        raise InvalidBeliefState(f"emphasis names {unknown[0]!r}, which is no value of the ontology")
    if wrong := [value for value, weight in options.emphasis.items() if weight <= 0]:
        raise InvalidBeliefState(f"the emphasis of {wrong[0]!r} must be positive")
    emphasis = tuple((value, options.emphasis[value]) for value in ONTOLOGY.values if value in options.emphasis)
    return EditOptions(options.preset or default_preset, options.seed, emphasis)


def _listener(store: Store, given: Callable[[EditProgress], None] | None) -> Callable[[EditProgress], None]:
    """Progress to the tool's function, to the run's, and to LangGraph's custom stream where the tool is in a graph."""
    listeners = [listener for listener in (_stream_writer(), _listener_of_run()) if listener is not None]

    def listen(progress: EditProgress) -> None:
        if given is not None:
            given(progress)
        event: dict[str, Any] = {"edit": progress.id, "step": progress.step, "num_steps": progress.num_steps}
        if progress.preview_png is not None and listeners:
            event["preview"] = store.put_image(progress.preview_png)
        for listener in listeners:
            listener(event)

    return listen


def _listener_of_run() -> Callable[[dict[str, Any]], None] | None:
    """The function that a caller put into the run's configuration as `ON_PROGRESS`."""
    return ensure_config().get("configurable", {}).get(ON_PROGRESS)


def _stream_writer() -> Callable[[dict[str, Any]], None] | None:
    """Bound to the context of the tool's thread: the engine's thread, which reports progress, knows no graph."""
    from langgraph.config import get_stream_writer

    try:
        writer, context = get_stream_writer(), copy_context()
    except (RuntimeError, KeyError):  # not inside a graph
        return None
    return lambda event: context.copy().run(writer, event)


def _json(state: BeliefState) -> dict[str, list[str]]:
    return belief_state.to_json(state)


def _sentence(state: BeliefState, edit: StoredEdit) -> str:
    shown = ", ".join(f"{value} {score:.2f}" for value, score in edit.metrics.relevance.items())
    return (
        f"Edited picture {edit.image} shows {belief_state.to_text(state)} "
        f"(certainty {shown}; identity kept {edit.metrics.identity:.2f})."
    )


def _artifact(edit: StoredEdit, is_known: bool) -> dict[str, Any]:
    metrics = edit.metrics
    return {
        "image": edit.image,
        "key": edit.key,
        "relevance": dict(metrics.relevance),
        "identity": metrics.identity,
        "steps": metrics.steps,
        "seconds": metrics.seconds,
        "is_known": is_known,
    }


def _artifact_of_original(image: str) -> dict[str, Any]:
    nothing: Mapping[str, float] = {}
    return {
        "image": image,
        "key": "",
        "relevance": dict(nothing),
        "identity": 1.0,
        "steps": 0,
        "seconds": 0.0,
        "is_known": True,
    }


__all__ = ["CallOptions", "EditFaceCall", "RetryableCall", "WholeState", "edit_face_tool"]
