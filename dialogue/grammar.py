"""The grammar of updates as a token trie, for decoding that cannot leave it."""

# torch and transformers type sub-modules and token ids too widely:
# pyright: reportAttributeAccessIssue=false, reportCallIssue=false, reportOperatorIssue=false, reportArgumentType=false
# pyright: reportIndexIssue=false, reportReturnType=false

from collections.abc import Callable, Sequence

from transformers import PreTrainedTokenizerBase

from .formats import all_updates_words

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

    def allowed(self) -> Callable[[int, Sequence[int]], list[int]]:
        """The form that Hugging Face generate asks for."""
        return lambda _row, ids: self.next_ids([int(i) for i in ids])
