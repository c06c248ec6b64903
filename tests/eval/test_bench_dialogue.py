from chatedit.dialogue.formats import Context
from chatedit.dialogue.t5 import EMBEDDED, T5DialogueModel, T5Settings
from chatedit.eval.bench_dialogue import time_turns
from transformers import AutoTokenizer


class Mumbling:
    """Random weights: what they write cannot be read."""

    def __init__(self):
        self.sizes = []

    def decode(self, rows, max_new_tokens):
        self.sizes.append(len(rows))
        return ["<+"] * len(rows)


def test_both_tasks_are_timed_and_no_second_step_where_an_output_cannot_be_read():
    decoder = Mumbling()
    tokenizer = AutoTokenizer.from_pretrained(EMBEDDED)
    model = T5DialogueModel(decoder, None, tokenizer, T5Settings(state_format="picks"))
    timing = time_turns("random", "ctranslate2", model, [Context("A man.", (), f"bangs {n}") for n in range(20)])
    assert decoder.sizes == [2] * (3 + 20)
    assert 0 < timing.p50_ms <= timing.p95_ms
