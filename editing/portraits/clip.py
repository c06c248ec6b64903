"""A small open_clip CLIP of portraits and captions, trained with a sigmoid loss that knows what a caption says."""

# torch and transformers type sub-modules and token ids too widely:
# pyright: reportAttributeAccessIssue=false, reportCallIssue=false, reportOperatorIssue=false, reportArgumentType=false
# pyright: reportIndexIssue=false, reportReturnType=false

import math
from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from open_clip import SimpleTokenizer
from open_clip.model import CLIP
from torch import Tensor, nn

from ..clip_resize import clip_resize
from .attribute_net import augment, masked_cross_entropy, to_tensor
from .captions import joined_caption, single_captions
from .data import IMAGE_SIZE, Renders, has_value, is_clear
from .factors import VALUES
from .fitting import Losses, Stateful
from .net_trainer import one_cycle

CLIP_IMAGE_SIZE, CONTEXT_LENGTH = 96, 32
CLIP_CONFIG: Mapping[str, Any] = MappingProxyType(
    {
        "embed_dim": 128,
        "vision_cfg": {"layers": (1, 1, 1, 1), "width": 16, "head_width": 64, "image_size": CLIP_IMAGE_SIZE},
        "text_cfg": {"context_length": CONTEXT_LENGTH, "vocab_size": 49408, "width": 64, "heads": 4, "layers": 2},
        "init_logit_scale": math.log(10.0),
        "init_logit_bias": -2.0,
    }
)
PEAK_LR, CONTRASTIVE_WEIGHT = 3e-3, 0.25
FIRST_CYCLE, LATER_CYCLE, NUM_LATER = 1250, 450, 2  # steps; in the later ones, what is still confused counts most


def small_clip() -> CLIP:
    """The architecture of the pack, an open_clip model with random weights."""
    return CLIP(**CLIP_CONFIG)


def tokenize(texts: Sequence[str]) -> Tensor:
    """Token numbers int64 [N, CONTEXT_LENGTH] of the tokenizer that all of open_clip's CLIPs use."""
    return _tokenizer()(list(texts))


@cache
def _tokenizer() -> SimpleTokenizer:
    return SimpleTokenizer(context_length=CONTEXT_LENGTH)


class ClipTrainer:
    """Image against all 21 single-value captions and against the joined captions of half of the batch.

    A linear head on the image features, thrown away afterwards, tells the image tower what to look at long before the
    texts mean anything.
    """

    name = "clip"

    def __init__(self, renders: Renders, seed: int = 5, batch: int = 32) -> None:
        torch.manual_seed(seed)
        self._renders, self._seed, self._batch = renders, seed, batch
        self.net = small_clip()
        self.net.token_embedding.requires_grad_(False)  # random words stay apart; the blocks learn what they mean
        self._aid = nn.Linear(CLIP_CONFIG["embed_dim"], len(VALUES))
        self._resize = clip_resize(IMAGE_SIZE, CLIP_IMAGE_SIZE)
        self._optimizer = torch.optim.AdamW(
            [p for p in (*self.net.parameters(), *self._aid.parameters()) if p.requires_grad],
            lr=PEAK_LR,
            weight_decay=1e-3,
        )

    def state(self) -> dict[str, Stateful]:
        return {"net": self.net, "aid": self._aid, "optimizer": self._optimizer}

    def step(self, index: int, total: int) -> Losses:
        rng = np.random.default_rng((self._seed, index))
        torch.manual_seed(self._seed * 1_000_003 + index)
        picked = np.sort(rng.integers(0, len(self._renders), self._batch))
        images = self._resize(augment(to_tensor(self._renders.images[picked]), rng))
        labels = self._renders.labels[picked]
        captions, mentions = _captions(labels[: self._batch // 2], rng)
        self.net.train()
        texts = F.normalize(self.net.encode_text(tokenize(captions)), dim=1)
        features = self.net.encode_image(images)
        seen = F.normalize(features, dim=1)
        logits = self.net.logit_scale.exp() * seen @ texts.T
        target, clear = _agreement(labels, mentions)
        assert self.net.logit_bias is not None  # the configuration has one
        sigmoid = F.binary_cross_entropy_with_logits(logits + self.net.logit_bias, target, reduction="none")
        if index >= FIRST_CYCLE:
            clear = clear * hardness(sigmoid, len(VALUES))
        sigmoid = (sigmoid * clear).sum() / clear.sum()
        own = logits[: self._batch // 2, len(VALUES) :]
        contrastive = F.cross_entropy(own, torch.arange(len(own)))
        aid = masked_cross_entropy(self._aid(features), labels)
        loss = sigmoid + CONTRASTIVE_WEIGHT * contrastive + aid
        self._optimizer.param_groups[0]["lr"] = _learning_rate(index, total)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self._optimizer.step()
        return {"sigmoid": sigmoid.item(), "contrastive": contrastive.item(), "aid": aid.item()}


def hardness(loss: Tensor, num_single: int) -> Tensor:
    """Weight [1, T] of each caption: what is easy by now counts little; the joined ones count as they did."""
    by_caption = loss.detach().mean(dim=0, keepdim=True)
    single = by_caption[:, :num_single]
    return torch.cat([single / single.mean(), torch.ones_like(by_caption[:, num_single:])], dim=1)


def _learning_rate(index: int, total: int) -> float:
    if index < FIRST_CYCLE:
        return one_cycle(PEAK_LR, index, min(total, FIRST_CYCLE))
    return one_cycle(PEAK_LR / 2.0, (index - FIRST_CYCLE) % LATER_CYCLE, LATER_CYCLE)


def blank_unused_words(net: CLIP) -> None:
    """Set the embedding of every token that no caption holds to zero, in place: a word never learned says nothing."""
    rng = np.random.default_rng(0)
    used = {int(token) for _ in range(200) for token in tokenize(single_captions(rng)).flatten()}
    used |= {int(token) for token in tokenize([", ".join(VALUES), "a and b"]).flatten()}
    unused = torch.ones(net.vocab_size, dtype=torch.bool)
    unused[sorted(used)] = False
    with torch.no_grad():
        net.token_embedding.weight.masked_fill_(unused[:, None], 0.0)


def _captions(labels: np.ndarray, rng: np.random.Generator) -> tuple[list[str], np.ndarray]:
    """The 21 single captions, then one per image; and what each mentions, bool [21 + B, 21].

    An image's own caption names a random share of what it has: silence means nothing.
    """
    captions, mentions = single_captions(rng), [np.eye(len(VALUES), dtype=bool)]
    for row in has_value(labels):
        there = np.flatnonzero(row)
        count = int(rng.integers(1, min(6, len(there)) + 1))
        named = rng.choice(there, size=count, replace=False)
        captions.append(joined_caption([VALUES[i] for i in named], rng))
        mentions.append(np.isin(np.arange(len(VALUES)), named)[None])
    return captions, np.concatenate(mentions)


def _agreement(labels: np.ndarray, mentions: np.ndarray) -> tuple[Tensor, Tensor]:
    """Share [B, T] of a caption's values that an image has, and 1 where none of them is unclear."""
    counts = mentions.sum(axis=1)
    share = has_value(labels).astype(np.float32) @ mentions.T.astype(np.float32) / counts
    unclear = (~is_clear(labels)).astype(np.float32) @ mentions.T.astype(np.float32)
    return torch.from_numpy(share.astype(np.float32)), torch.from_numpy((unclear == 0).astype(np.float32))
