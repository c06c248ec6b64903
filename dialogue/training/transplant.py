"""A T5 encoder that computes what a BERT encoder computes, fitted layer by layer in closed form.

The two have the same shape but not the same arithmetic: BERT normalises after each sub-layer, with gains, shifts and
biases, and knows absolute positions; T5 normalises before, without biases, and knows distances. Copying weights
therefore gives noise. Here each weight matrix of T5 is the ridge regression that maps what T5's own stream holds (its
errors so far included) to what BERT holds at the same place, on a sample of texts:

* the stream carries `c * x`, where x is BERT's normalised state and c (elementwise) the product of std / gain of all
  norms before; what a sub-layer must add is then nearly linear in what it computes;
* one direction of the stream is a constant, out of which the regressions take BERT's biases and shifts;
* the distance bias of the attention, which T5 shares between layers, is BERT's mean score at each distance.
"""

# torch and transformers type sub-modules too widely:
# pyright: reportAttributeAccessIssue=false, reportCallIssue=false, reportArgumentType=false, reportIndexIssue=false
# pyright: reportOperatorIssue=false, reportReturnType=false

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import BertModel, T5ForConditionalGeneration
from transformers.models.t5.modeling_t5 import T5Stack

RIDGE = 1e-4  # of the mean squared feature
CONSTANT = 0.2  # rms that the constant direction adds to the stream
_MIN_GAIN = 0.05
_POSITIONS = 48  # texts of the sample are about this long: their mean position is what all words get


@dataclass(frozen=True, slots=True)
class Sample:
    """Texts for both encoders: token ids [B, T], and the mask [B, T] of real tokens."""

    ids: Tensor
    mask: Tensor


@torch.no_grad()
def transplant(bert: BertModel, t5: T5ForConditionalGeneration, samples: Sequence[Sample]) -> None:
    """Overwrite the encoder and the word embeddings of `t5`, which has the shape and the vocabulary of `bert`.

    Args:
        samples: a thousand texts or more, of the kind that the encoder will read.
    """
    constant = _constant_direction(bert)
    _set_words(bert, t5, constant)
    traces = [_trace(bert, sample) for sample in samples]
    masks = [sample.mask.bool() for sample in samples]
    streams = [t5.shared(sample.ids) for sample in samples]
    _set_distance_bias(t5.encoder, traces, masks)
    scale = torch.ones(t5.config.d_model)
    for index, (layer, block) in enumerate(zip(bert.encoder.layer, t5.encoder.block, strict=True)):
        attention, feed_forward = block.layer[0], block.layer[-1]
        mixed = _fit_attention(attention.SelfAttention, t5.encoder, traces, streams, masks, index)
        scale = scale * _spread(traces, masks, f"a{index}") / layer.attention.output.LayerNorm.weight.clamp(_MIN_GAIN)
        targets = [_with_constant(scale * trace[f"a{index}"][1], constant) for trace in traces]
        streams = _fit_output(attention.SelfAttention.o, mixed, streams, targets, masks)
        hidden = _fit_hidden(feed_forward.DenseReluDense.wi, traces, streams, masks, index)
        scale = scale * _spread(traces, masks, f"o{index}") / layer.output.LayerNorm.weight.clamp(_MIN_GAIN)
        targets = [_with_constant(scale * trace[f"o{index}"][1], constant) for trace in traces]
        streams = _fit_output(feed_forward.DenseReluDense.wo, hidden, streams, targets, masks)
        attention.layer_norm.weight.fill_(1.0)
        feed_forward.layer_norm.weight.fill_(1.0)
    last = f"o{len(bert.encoder.layer) - 1}"
    t5.encoder.final_layer_norm.weight.copy_(_final_gain(streams, [trace[last][1] for trace in traces], masks))


Trace = dict[str, tuple[Tensor, Tensor]]
"""Input and output of BERT's parts by name and layer: q, k, v, i (feed-forward), a and o (norms after each half)."""


def _trace(bert: BertModel, sample: Sample) -> Trace:
    trace: Trace = {}

    def record(name: str) -> object:
        return lambda module, inputs, output: trace.__setitem__(name, (inputs[0], output))

    hooks = []
    for index, layer in enumerate(bert.encoder.layer):
        attention = layer.attention
        parts = {
            "q": attention.self.query,
            "k": attention.self.key,
            "v": attention.self.value,
            "a": attention.output.LayerNorm,
            "i": layer.intermediate.dense,
            "o": layer.output.LayerNorm,
        }
        hooks += [part.register_forward_hook(record(f"{name}{index}")) for name, part in parts.items()]
    bert(input_ids=sample.ids, attention_mask=sample.mask)
    for hook in hooks:
        hook.remove()
    return trace


# The stream -------------------------------------------------------------------------------------


def _constant_direction(bert: BertModel) -> Tensor:
    """Unit vector [d] along which BERT's normalised word embeddings hardly vary."""
    direction = 1 / bert.embeddings.LayerNorm.weight.clamp(_MIN_GAIN)
    return direction / direction.norm()


def _with_constant(stream: Tensor, constant: Tensor) -> Tensor:
    """The stream [..., d] with its part along `constant` replaced by a fixed one."""
    height = CONSTANT * len(constant) ** 0.5
    return stream + (height - stream @ constant)[..., None] * constant


def _set_words(bert: BertModel, t5: T5ForConditionalGeneration, constant: Tensor) -> None:
    embeddings = bert.embeddings
    place = embeddings.token_type_embeddings.weight[0] + embeddings.position_embeddings.weight[:_POSITIONS].mean(0)
    words = embeddings.LayerNorm(embeddings.word_embeddings.weight + place)
    t5.shared.weight.copy_(_with_constant(words, constant))


def _normalised(stream: Tensor) -> Tensor:
    """T5's norm with unit gain."""
    return stream * torch.rsqrt(stream.pow(2).mean(-1, keepdim=True) + 1e-6)


def _spread(traces: Sequence[Trace], masks: Sequence[Tensor], name: str) -> Tensor:
    """Mean std of a residual sum before its norm."""
    return torch.cat([trace[name][0][mask].std(-1) for trace, mask in zip(traces, masks, strict=True)]).mean()


# The fits ---------------------------------------------------------------------------------------


def _regression(features: Sequence[Tensor], targets: Sequence[Tensor]) -> Tensor:
    """Ridge regression [out, in] of targets [N, out] on features [N, in], given in parts."""
    gram = sum(x.T.double() @ x.double() for x in features)
    cross = sum(x.T.double() @ y.double() for x, y in zip(features, targets, strict=True))
    ridge = RIDGE * gram.diagonal().mean() * torch.eye(len(gram), dtype=gram.dtype)
    return torch.linalg.solve(gram + ridge, cross).T.float()


def _fit_attention(
    attention: nn.Module,
    encoder: T5Stack,
    traces: Sequence[Trace],
    streams: Sequence[Tensor],
    masks: Sequence[Tensor],
    index: int,
) -> list[Tensor]:
    """Queries, keys and values; returns what the heads then bring together, [B, T, d] each sample."""
    width = attention.key_value_proj_dim
    features = [_normalised(stream) for stream in streams]
    seen = [feature[mask] for feature, mask in zip(features, masks, strict=True)]
    for name, part, divisor in (("q", attention.q, width**0.5), ("k", attention.k, 1.0), ("v", attention.v, 1.0)):
        wanted = [t[f"{name}{index}"][1][m] / divisor for t, m in zip(traces, masks, strict=True)]
        part.weight.copy_(_regression(seen, wanted))  # T5 does not divide its scores
    mixed = []
    for feature, mask in zip(features, masks, strict=True):
        query, key, value = (_heads(part(feature), width) for part in (attention.q, attention.k, attention.v))
        scores = query @ key.transpose(-1, -2) + _distance_bias(encoder, mask.shape[1])
        weights = scores.masked_fill(~mask[:, None, None], float("-inf")).softmax(-1)
        mixed.append((weights @ value).transpose(1, 2).flatten(2))
    return mixed


def _heads(states: Tensor, width: int) -> Tensor:
    """[B, T, heads * width] -> [B, heads, T, width]."""
    return states.unflatten(-1, (-1, width)).transpose(1, 2)


def _fit_hidden(
    part: nn.Module, traces: Sequence[Trace], streams: Sequence[Tensor], masks: Sequence[Tensor], index: int
) -> list[Tensor]:
    """The feed-forward half's first matrix; returns its activations."""
    features = [_normalised(stream) for stream in streams]
    wanted = [trace[f"i{index}"][1][mask] for trace, mask in zip(traces, masks, strict=True)]
    part.weight.copy_(_regression([f[m] for f, m in zip(features, masks, strict=True)], wanted))
    return [F.gelu(part(feature)) for feature in features]


def _fit_output(
    part: nn.Module,
    features: Sequence[Tensor],
    streams: Sequence[Tensor],
    targets: Sequence[Tensor],
    masks: Sequence[Tensor],
) -> list[Tensor]:
    """The matrix that writes into the stream what it lacks; returns the streams after it."""
    missing = [(t - s)[m] for t, s, m in zip(targets, streams, masks, strict=True)]
    part.weight.copy_(_regression([f[m] for f, m in zip(features, masks, strict=True)], missing))
    return [stream + part(feature) for stream, feature in zip(streams, features, strict=True)]


def _final_gain(streams: Sequence[Tensor], targets: Sequence[Tensor], masks: Sequence[Tensor]) -> Tensor:
    """Least-squares gain [d] of the last norm."""
    features = torch.cat([_normalised(stream)[mask] for stream, mask in zip(streams, masks, strict=True)])
    wanted = torch.cat([target[mask] for target, mask in zip(targets, masks, strict=True)])
    return (features * wanted).sum(0) / features.pow(2).sum(0)


# Distances --------------------------------------------------------------------------------------


def _distance_bias(encoder: T5Stack, width: int) -> Tensor:
    """The encoder's bias [1, heads, T, T] for texts of `width` tokens."""
    attention = encoder.block[0].layer[0].SelfAttention
    return attention.relative_attention_bias(_buckets(encoder, width)).permute(2, 0, 1)[None]


def _buckets(encoder: T5Stack, width: int) -> Tensor:
    """T5's bucket of every distance, [T, T]."""
    attention = encoder.block[0].layer[0].SelfAttention
    places = torch.arange(width)
    return attention._relative_position_bucket(
        places[None] - places[:, None],
        bidirectional=True,
        num_buckets=attention.relative_attention_num_buckets,
        max_distance=attention.relative_attention_max_distance,
    )


def _set_distance_bias(encoder: T5Stack, traces: Sequence[Trace], masks: Sequence[Tensor]) -> None:
    """Mean score of each bucket over all layers, less the mean score of its query."""
    table = encoder.block[0].layer[0].SelfAttention.relative_attention_bias.weight  # [buckets, heads]
    width = encoder.config.d_kv
    total, count = torch.zeros_like(table), torch.zeros(len(table), 1)
    for trace, mask in list(zip(traces, masks, strict=True))[:8]:
        pairs = mask[:, None, :] & mask[:, :, None]
        member = F.one_hot(_buckets(encoder, mask.shape[1]), len(table)).float()  # [T, T, buckets]
        count += torch.einsum("bqk,qkn->n", pairs.float(), member)[:, None] * encoder.config.num_layers
        for index in range(encoder.config.num_layers):
            query, key = _heads(trace[f"q{index}"][1], width), _heads(trace[f"k{index}"][1], width)
            scores = (query @ key.transpose(-1, -2) / width**0.5).masked_fill(~pairs[:, None], 0.0)
            means = scores.sum(-1, keepdim=True) / pairs.sum(-1)[:, None, :, None].clamp(min=1)
            total += torch.einsum("bhqk,qkn->nh", (scores - means).masked_fill(~pairs[:, None], 0.0), member)
    table.copy_(total / count.clamp(min=1))
