"""The grammars of updates and answers, for decoding that cannot leave them: a trie of words, or a set of tokens."""

# torch and transformers type sub-modules and token ids too widely:
# pyright: reportAttributeAccessIssue=false, reportCallIssue=false, reportOperatorIssue=false, reportArgumentType=false
# pyright: reportIndexIssue=false, reportReturnType=false, reportUnhashable=false

from collections.abc import Callable, Sequence

from transformers import PreTrainedTokenizerBase

from .formats import StateFormat, all_updates_words
from .special_tokens import PICKS, START_OVER

MAX_CHANGES = 8


class UpdateGrammar:
    """`nothing`, or changes joined by commas, each of which is one of the ontology's."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        def ids(text: str) -> list[int]:
            return tokenizer(text, add_special_tokens=False).input_ids

        self._end = tokenizer.eos_token_id
        self._start = tokenizer.pad_token_id
        (self._comma,) = ids(",")
        self._phrases = [ids(words) for words in all_updates_words()]
        self._nothing = ids("nothing")

    def next_ids(self, so_far: Sequence[int]) -> list[int]:
        """Ids that may follow the output so far (which begins with the decoder's start token)."""
        parts: list[list[int]] = [[]]
        for token in so_far[1:]:
            if token == self._end:
                return [self._start]
            if token == self._comma:
                parts.append([])
            else:
                parts[-1].append(token)
        current = parts[-1]
        options = {
            phrase[len(current)]
            for phrase in self._phrases
            if len(phrase) > len(current)
            and phrase[: len(current)] == current
            and not (len(parts) > 1 and phrase == self._nothing)
            and phrase not in parts[:-1]
        }
        if current in self._phrases:
            options.add(self._end)
            if current != self._nothing and len(parts) < MAX_CHANGES:
                options.add(self._comma)
        return sorted(options)


class PicksGrammar:
    """`nothing`, or tokens of changes, none of them twice; `<start over>` comes first."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._end = tokenizer.eos_token_id
        self._start = tokenizer.pad_token_id
        self._nothing: list[int] = tokenizer("nothing", add_special_tokens=False).input_ids
        self._reset: int = tokenizer.convert_tokens_to_ids(START_OVER)
        self._picks: set[int] = set(tokenizer.convert_tokens_to_ids(list(PICKS)))

    def next_ids(self, so_far: Sequence[int]) -> list[int]:
        """Ids that may follow the output so far (which begins with the decoder's start token)."""
        said = list(so_far[1:])
        if said and said[-1] == self._end:
            return [self._start]
        if not said:
            return sorted({self._nothing[0], *self._picks})
        if said[0] == self._nothing[0]:
            return [self._nothing[len(said)] if len(said) < len(self._nothing) else self._end]
        left = self._picks - {*said, self._reset} if len(said) < MAX_CHANGES else set()
        return sorted({*left, self._end})


class ChoiceGrammar:
    """One of a few texts, and nothing else."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, choices: Sequence[str]) -> None:
        self._end = tokenizer.eos_token_id
        self._start = tokenizer.pad_token_id
        rows = [tokenizer(text, add_special_tokens=False).input_ids for text in choices]
        self._choices: list[list[int]] = [[*row, self._end] for row in rows]

    def next_ids(self, so_far: Sequence[int]) -> list[int]:
        """Ids that may follow the output so far (which begins with the decoder's start token)."""
        said = list(so_far[1:])
        if said and said[-1] == self._end:
            return [self._start]
        return sorted({row[len(said)] for row in self._choices if row[: len(said)] == said})


Grammar = UpdateGrammar | PicksGrammar | ChoiceGrammar


def grammar_of(state_format: StateFormat, tokenizer: PreTrainedTokenizerBase) -> UpdateGrammar | PicksGrammar:
    """The grammar of a format that writes updates."""
    return PicksGrammar(tokenizer) if state_format == "picks" else UpdateGrammar(tokenizer)


def allowed(grammar: Grammar) -> Callable[[int, Sequence[int]], list[int]]:
    """The grammar in the form that Hugging Face generate asks for."""
    return lambda _row, ids: grammar.next_ids([int(i) for i in ids])
