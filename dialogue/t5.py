"""The T5 dialogue model: tracker and responder in one (paper, section 4.1)."""

import json
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from transformers import AutoTokenizer, PreTrainedTokenizerBase, T5ForConditionalGeneration

from . import belief_state, formats, policy, system_words
from .belief_state import BeliefState, TurnUpdate, diff
from .decoders import CTranslate2Decoder, Decoder, Sampling, TorchDecoder
from .detokenise import detokenise
from .dialogue_file import Act
from .encoding import encodable, input_ids
from .errors import ModelNotFound, NoQuestions, OutputNotReadable
from .formats import Answer, Context, Prompts, StateFormat
from .grammar import ChoiceGrammar, PicksGrammar, UpdateGrammar, allowed, grammar_of
from .ontology import OPEN_ONTOLOGY, UNSEEN
from .prediction import TurnModel
from .protocols import Reply, Tracked

SETTINGS_FILE = "chatedit.json"
EMBEDDED = Path(__file__).parent / "model"
DEFAULT_CACHE = Path.home() / ".cache" / "chatedit"
MAX_OUTPUT_TOKENS = 64
BEYOND = tuple((slot, value) for slot, values in UNSEEN.items() for value in values)
ANSWERS: tuple[Answer, ...] = ("add", "drop", "nothing")
Wording = Literal["model", "bank"]
Engine = Literal["ctranslate2", "torch"]
Answers = Mapping[tuple[str, str], str]
NO_ANSWERS: Answers = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class T5Settings:
    """How a checkpoint was trained and is used. Kept in `chatedit.json` beside it.

    Attributes:
        prompts: the task prefixes.
        state_format: how it tracks (`formats`).
        wording: who words the replies: the model, or the phrase bank for the act that the model chose (for models too
            small or too young to write well).
    """

    prompts: Prompts = formats.PAPER_PROMPTS
    state_format: StateFormat = "update"
    wording: Wording = "model"

    def save(self, folder: Path) -> None:
        """Write the settings into a model folder."""
        (folder / SETTINGS_FILE).write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "T5Settings":
        """Settings of a model folder; a folder without them follows the paper's format."""
        path = folder / SETTINGS_FILE
        if not path.exists():
            return cls(state_format="history")
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return cls(Prompts(**data["prompts"]), data["state_format"], data.get("wording", "model"))


class T5DialogueModel:
    """Tracks the belief state and answers, with one T5; see `protocols.DialogueModel`."""

    def __init__(
        self,
        decoder: Decoder,
        constrained: TorchDecoder | None,
        tokenizer: PreTrainedTokenizerBase,
        settings: T5Settings,
        folder: Path | None = None,
    ) -> None:
        self.decoder = decoder
        self.tokenizer = tokenizer
        self.settings = settings
        self._given = constrained
        self._folder = folder

    @cached_property
    def constrained(self) -> TorchDecoder:
        """Decoder for the rare output that leaves the grammar; loads its weights when first needed."""
        if self._given is not None:
            return self._given
        assert self._folder is not None
        return TorchDecoder(_load_t5(self._folder), self.tokenizer)

    @cached_property
    def _grammar(self) -> UpdateGrammar | PicksGrammar:
        return grammar_of(self.settings.state_format, self.tokenizer)

    def track(self, contexts: Sequence[Context]) -> list[Tracked]:
        """Belief states after the new utterances."""
        rows = self._state_rows(contexts)
        outputs = self.decoder.decode(rows, MAX_OUTPUT_TOKENS)
        return [self._read_state(c, row, output) for c, row, output in zip(contexts, rows, outputs, strict=True)]

    def respond(
        self,
        contexts: Sequence[Context],
        states: Sequence[BeliefState],
        attributes: Sequence[Collection[str]],
        seed: int | None = None,
    ) -> list[Reply]:
        """Replies; sampled wording where a seed is given."""
        outputs = self._response_outputs(self._response_rows(contexts), seed)
        return [
            self.read_reply(c, s, a, output, seed)
            for c, s, a, output in zip(contexts, states, attributes, outputs, strict=True)
        ]

    def turn(
        self, contexts: Sequence[Context], attributes: Sequence[Collection[str]], seed: int | None = None
    ) -> list[tuple[Tracked, Reply]]:
        """Both tasks: one padded batch where greedy, two where the wording is sampled (states are always greedy)."""
        if seed is None or self.settings.wording == "bank":
            rows = self.turn_rows(contexts)
            outputs = self.decoder.decode(rows, MAX_OUTPUT_TOKENS)
            states, replies = outputs[: len(contexts)], outputs[len(contexts) :]
            tracked = [self._read_state(*given) for given in zip(contexts, rows, states, strict=False)]
        else:
            tracked = self.track(contexts)
            replies = self._response_outputs(self._response_rows(contexts), seed)
        return [
            (t, self.read_reply(c, t.state, a, output, seed))
            for c, t, a, output in zip(contexts, tracked, attributes, replies, strict=True)
        ]

    def turn_rows(self, contexts: Sequence[Context]) -> list[list[int]]:
        """Input ids of both tasks of a turn: first all contexts' tracking, then all contexts' replies."""
        return [*self._state_rows(contexts), *self._response_rows(contexts)]

    def track_open(self, contexts: Sequence[Context], beyond: Sequence[tuple[str, str]] = BEYOND) -> list[Tracked]:
        """States that may hold values outside the ontology: what `track` finds, and what the answers to one question a
        value (after App. E.1) add to it.

        Args:
            beyond: slots and values to ask for; by default those of Table 9, which no training shows.
        Raises:
            NoQuestions: the model's format has no questions.
        """
        if self.settings.state_format == "history":
            raise NoQuestions(self.settings.state_format)
        known = [replace(context, state=belief_state.listed(context.state)) for context in contexts]
        rows = self._state_rows(known)
        outputs = self.decoder.decode(rows, MAX_OUTPUT_TOKENS)
        answers = self._answers(contexts, beyond)
        return [
            self._read_state(replace(narrow, state=context.state), row, output, given)
            for context, narrow, row, output, given in zip(contexts, known, rows, outputs, answers, strict=True)
        ]

    def turn_function(self, is_open: bool = False, seed: int | None = None) -> TurnModel:
        """What `prediction.predict` runs: states (by questions where `is_open`) and replies."""

        def run(contexts: Sequence[Context], attributes: Sequence[Sequence[str]]) -> list[tuple[Tracked, Reply | None]]:
            if not is_open:
                return list(self.turn(contexts, attributes, seed))
            tracked = self.track_open(contexts)
            replies = self.respond(contexts, [t.state for t in tracked], attributes, seed)
            return list(zip(tracked, replies, strict=True))

        return run

    def read_reply(
        self, context: Context, state: BeliefState, attributes: Collection[str], output: str, seed: int | None
    ) -> Reply:
        """The reply in an output; an act that is illogical, suits the person of the caption badly, or cannot be read,
        is replaced by the policy's."""
        rng = random.Random(f"{seed}/{encodable(context.user)}/{belief_state.to_text(state)}")
        avoided = policy.avoided(context.caption)
        try:
            act, text = formats.parse_response(output)
        except OutputNotReadable:
            act, text = None, ""
        if act is None or act.value in avoided or policy.is_illogical(act, state, attributes):
            act = policy.next_act(state, attributes, rng, avoided)
            return Reply(act, said(context, state, act, rng), is_repaired=True)
        if self.settings.wording == "bank" or not text:
            return Reply(act, said(context, state, act, rng))
        return Reply(act, detokenise(text))

    def _response_outputs(self, rows: list[list[int]], seed: int | None) -> list[str]:
        """Greedy where nothing is sampled; sampling by torch, whose seed alone decides (CTranslate2's does not)."""
        if seed is None or self.settings.wording == "bank":
            return self.decoder.decode(rows, MAX_OUTPUT_TOKENS)
        return self.constrained.decode(rows, MAX_OUTPUT_TOKENS, Sampling(seed))

    def _state_rows(self, contexts: Sequence[Context]) -> list[list[int]]:
        make = formats.history_input if self.settings.state_format == "history" else formats.update_input
        return input_ids(self.tokenizer, [make(context, self.settings.prompts) for context in contexts])

    def _response_rows(self, contexts: Sequence[Context]) -> list[list[int]]:
        return input_ids(self.tokenizer, [formats.response_input(c, self.settings.prompts) for c in contexts])

    def _answers(
        self, contexts: Sequence[Context], beyond: Sequence[tuple[str, str]]
    ) -> list[dict[tuple[str, str], str]]:
        """One of `ANSWERS` for each context, slot and value."""
        asked = [formats.question_input(c, *pair, self.settings.prompts) for c in contexts for pair in beyond]
        rows = input_ids(self.tokenizer, asked)
        outputs = [output.strip() for output in self.decoder.decode(rows, MAX_OUTPUT_TOKENS)]
        unread = [index for index, output in enumerate(outputs) if output not in ANSWERS]
        if unread:
            within = allowed(ChoiceGrammar(self.tokenizer, ANSWERS))
            chosen = self.constrained.decode_within([rows[i] for i in unread], within, MAX_OUTPUT_TOKENS)
            for index, answer in zip(unread, chosen, strict=True):
                outputs[index] = answer.strip()
        starts = range(0, len(outputs), len(beyond))
        return [dict(zip(beyond, outputs[start : start + len(beyond)], strict=True)) for start in starts]

    def _read_state(self, context: Context, row: list[int], output: str, answers: Answers = NO_ANSWERS) -> Tracked:
        """The state after a turn whose tracking wrote `output`, and whose questions were answered with `answers`."""
        if not context.user.strip():
            return Tracked(context.state)
        try:
            update = self._read_update(context, row, output)
        except OutputNotReadable as error:
            return Tracked(context.state, error=str(error))
        added = (*update.added, *(pair for pair, answer in answers.items() if answer == "add"))
        removed = (*update.removed, *(pair for pair, answer in answers.items() if answer == "drop"))
        state = belief_state.apply(context.state, TurnUpdate(added, removed, update.is_reset), OPEN_ONTOLOGY)
        return Tracked(state, diff(context.state, state, OPEN_ONTOLOGY))

    def _read_update(self, context: Context, row: list[int], output: str) -> TurnUpdate:
        """What the model said, word for word: "start over" is told apart from taking all values back one by one.

        Raises:
            OutputNotReadable: also by the constrained step, which the `history` format does not have.
        """
        if self.settings.state_format == "history":
            return diff(context.state, formats.parse_state(output), OPEN_ONTOLOGY)
        parse = formats.parse_picks if self.settings.state_format == "picks" else formats.parse_update
        try:
            return parse(output)
        except OutputNotReadable:
            (again,) = self.constrained.decode_within([row], allowed(self._grammar), MAX_OUTPUT_TOKENS)
            return parse(again)


def said(context: Context, state: BeliefState, act: Act, rng: random.Random) -> str:
    """A reply in the words of the phrase bank: what this turn changed, then the question of `act`."""
    person = system_words.person_of(context.caption)
    change = system_words.acknowledgement(context.state, state, person, rng)
    return f"{change} {system_words.question(act, person, rng)}"


def load_dialogue_model(
    name: str | Path | None = None, engine: Engine = "ctranslate2", cache: Path = DEFAULT_CACHE, threads: int = 0
) -> T5DialogueModel:
    """The dialogue model of a folder or hub id; the embedded one where no name is given.

    Args:
        name: a model's folder, or the one that `train dialogue` wrote it into (as `model`).
        engine: `ctranslate2` (int8, CPU) or `torch` (Hugging Face generate; CUDA where there is one).
        cache: where the converted int8 model is kept.
        threads: CPU threads of CTranslate2, 0 for all.
    Raises:
        ModelNotFound: names the folder and what is missing.
    """
    folder = Path(name) if name is not None else EMBEDDED
    if not folder.is_dir():
        folder = _download(str(name))
    if not (folder / "config.json").exists() and (folder / "model").is_dir():
        folder = folder / "model"
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder)
    except (OSError, ValueError) as error:
        raise ModelNotFound(str(folder), str(error)) from error
    settings = T5Settings.load(folder)
    if engine == "torch":
        decoder = TorchDecoder(_load_t5(folder), tokenizer)
        return T5DialogueModel(decoder, decoder, tokenizer, settings)
    return T5DialogueModel(CTranslate2Decoder(folder, tokenizer, cache, threads), None, tokenizer, settings, folder)


def _load_t5(folder: Path) -> T5ForConditionalGeneration:
    import torch
    from torch import nn

    try:
        model = T5ForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
    except (OSError, ValueError) as error:
        raise ModelNotFound(str(folder), str(error)) from error
    nn.Module.to(model, "cuda" if torch.cuda.is_available() else "cpu")
    return model.eval()


def _download(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        return Path(snapshot_download(name))
    except (OSError, HfHubHTTPError, HFValidationError, ValueError) as error:
        raise ModelNotFound(name, f"neither a folder nor a model on the hub ({error})") from error
