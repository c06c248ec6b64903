"""Seconds per optimisation step: the published loop against ours, in one run, on random weights.

    chatedit bench step --size 1024 --threads 2
    chatedit bench step --device cuda --together 1 --together 4 --together 16 --compile

The published loop is StyleCLIP's `optimization/run_optimization.py` (arXiv:2103.17249) written down anew: batch 1, a
generator with grouped convolutions and one weight per sample, zero insertion and blur as separate passes, gradients
for all weights, the image repeated 7 times per axis before CLIP, text and the source's identity encoded every step.

The limit is the time that our step's arithmetic alone would take at the speed of a large matrix product on the same
threads; what is above it goes into passes over large maps and into convolutions that run below that speed.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import open_clip
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from ..editing.clip_resize import clip_resize
from ..editing.edit_batch import EditBatch, EditModels
from ..editing.edit_job import EditJob
from ..editing.identity import FFHQ_FACE, identity_crop
from ..editing.ir_se50 import IrSe50
from ..editing.presets import PAPER
from ..editing.stylegan2 import EPSILON, Generator, ModulatedConv2d, StyledConv, ToRGB
from ..editing.synthesis import FrozenSynthesis
from ..editing.text_targets import TextTargets

WARM_UP = 4  # steps: CUDA graphs are captured in the second and third
CLIP_NAME = "ViT-B-32-quickgelu"
PROMPT = "a photo of a face with blond hair, smiling"


@dataclass(frozen=True, slots=True)
class Timing:
    """Mean of some steps: wall-clock seconds, and seconds of CPU time of all threads (insensitive to other load)."""

    wall_s: float
    cpu_s: float


@dataclass(frozen=True, slots=True)
class StepComparison:
    """Both loops on the same weights.

    Attributes:
        losses: (published, ours) at each common step; they start from the same latent.
        published, ours: time of a step.
        parts: time of the parts of our step.
        gflop: floating-point operations of our step, in thousand millions (products and convolutions).
        gflop_per_s: what a large matrix product reaches here.
        device: where both ran.
        together: number of edits -> time of our step of so many, compiled where `is_compiled`.
    """

    size: int
    threads: int
    losses: list[tuple[float, float]]
    published: Timing
    ours: Timing
    parts: dict[str, Timing]
    gflop: float
    gflop_per_s: float
    device: str = "cpu"
    together: Mapping[int, Timing] = field(default_factory=dict)
    is_compiled: bool = False


@dataclass(frozen=True, slots=True)
class OurRun:
    """Totals before each step, the mean time of a step without the first and of its parts, and its operations."""

    totals: list[float]
    step: Timing
    parts: dict[str, Timing]
    gflop: float


@dataclass(frozen=True, slots=True)
class Networks:
    """Random weights of the published sizes."""

    generator: Generator
    clip: open_clip.CLIP
    identity: IrSe50
    tokens: Tensor


def random_networks(size: int, device: torch.device | str = "cpu", seed: int = 0) -> Networks:
    """Generator of `size` px, CLIP ViT-B/32 and IR-SE50 in eval mode, frozen, float32."""
    torch.manual_seed(seed)
    clip = open_clip.create_model(CLIP_NAME)
    assert isinstance(clip, open_clip.CLIP)
    tokens = open_clip.get_tokenizer(CLIP_NAME)([PROMPT])
    networks = (Generator(size), clip, IrSe50())
    for network in networks:
        network.eval().requires_grad_(False).to(device)
    return Networks(*networks, tokens.to(device))


def compare(
    networks: Networks,
    threads: int = 2,
    together: Sequence[int] = (),
    compile_step: bool = False,
    published_steps: int = 1,
    our_steps: int = 3,
) -> StepComparison:
    """Run both loops where the networks are; the published one needs about 9 GB at 1024 px.

    Args:
        together: numbers of edits of which to time our step; compiled where `compile_step` says so.
        our_steps: the first one is not timed.
    """
    torch.set_num_threads(threads)
    generator = networks.generator
    z = torch.randn(1, generator.style_dim).to(networks.tokens.device)
    w_source = generator.broadcast(generator.mapping(z)).clone()
    ours = our_loop(networks, w_source[0], our_steps)
    several = {count: time_together(networks, w_source[0], count, our_steps, compile_step) for count in together}
    published_losses, published = published_loop(networks, w_source, published_steps)
    return StepComparison(
        size=generator.size,
        threads=threads,
        losses=list(zip(published_losses, ours.totals, strict=False)),
        published=published,
        ours=ours.step,
        parts=ours.parts,
        gflop=ours.gflop,
        gflop_per_s=matrix_speed(networks.tokens.device),
        device=str(networks.tokens.device),
        together=several,
        is_compiled=compile_step,
    )


def our_loop(networks: Networks, w_source: Tensor, steps: int) -> OurRun:
    """Some steps of an `EditBatch` of one edit."""
    synthesis, models = FrozenSynthesis(networks.generator), models_of(networks)
    batch = batch_of(networks, w_source, 1)
    totals = [float(batch.step([PAPER.learning_rate]).losses[0, -1])]
    timing = timed(lambda: totals.append(float(batch.step([PAPER.learning_rate]).losses[0, -1])), steps - 1)
    with FlopCounterMode(display=False) as counter:
        batch.step([PAPER.learning_rate])

    w_plus = w_source[None].clone().requires_grad_()
    with torch.no_grad():
        parts = {"generator forward": timed(lambda: synthesis(w_plus), 1)}
    image = synthesis(w_plus)
    ones = torch.ones_like(image)
    parts["generator backward"] = timed(lambda: torch.autograd.grad(image, w_plus, ones), 1)
    leaf = image.detach().requires_grad_()
    for name, features in {"CLIP": models.image_features, "identity": models.identity_features}.items():
        parts[f"{name}, both ways"] = timed(lambda f=features: torch.autograd.grad(f(leaf).sum(), leaf), 1)
    return OurRun(totals, timing, parts, counter.get_total_flops() / 1e9)


def time_together(networks: Networks, w_source: Tensor, count: int, steps: int, compile_step: bool = False) -> Timing:
    """Mean time of a step of `count` edits; the first ones, which compile and capture, are not timed."""
    batch, rates = batch_of(networks, w_source, count, compile_step), [PAPER.learning_rate] * count
    for _ in range(WARM_UP if compile_step else 1):
        batch.step(rates)
    return timed(lambda: batch.step(rates), steps)


def batch_of(networks: Networks, w_source: Tensor, count: int, compile_step: bool = False) -> EditBatch:
    """`count` edits of the latent towards the prompt."""
    text = F.normalize(networks.clip.encode_text(networks.tokens), dim=1)
    batch = EditBatch(models_of(networks), w_source.device, compile_step)
    batch.join([EditJob(w_source, TextTargets(text, torch.ones(1), torch.zeros(1)), PAPER)] * count)
    return batch


def models_of(networks: Networks) -> EditModels:
    """The networks in the form of the engine."""
    size, device = networks.generator.size, networks.tokens.device
    resize, crop = clip_resize(size).to(device), identity_crop(size).to(device)
    return EditModels(
        generator=networks.generator,
        image_features=lambda image: networks.clip.encode_image(resize(image)),
        identity_features=lambda image: networks.identity(crop(image)),
    )


def matrix_speed(device: torch.device, side: int = 2048) -> float:
    """GFLOP/s of a product of two square float32 matrices."""
    a, b = torch.randn(2, side, side).to(device).unbind()
    torch.mm(a, b)
    return 2.0 * side**3 / 1e9 / timed(lambda: torch.mm(a, b), 3).wall_s


def published_loop(networks: Networks, w_source: Tensor, steps: int) -> tuple[list[float], Timing]:
    """Totals before each step and the mean time of a step of StyleCLIP's loop; leaves gradients in `networks`."""
    for network in (networks.generator, networks.clip, networks.identity):
        network.requires_grad_(True)
    w_plus = w_source.clone().requires_grad_()
    optimiser = torch.optim.Adam([w_plus], lr=PAPER.learning_rate)
    with torch.no_grad():
        source_image = published_synthesis(networks.generator, w_source)
    totals: list[float] = []

    def step() -> None:
        image = published_synthesis(networks.generator, w_plus)
        pooled = F.avg_pool2d(F.interpolate(image, scale_factor=7, mode="nearest"), image.shape[-1] // 32)
        image_features = networks.clip.encode_image(pooled)
        text_features = networks.clip.encode_text(networks.tokens)
        clip_loss = 1.0 - F.cosine_similarity(image_features, text_features).sum()
        with torch.no_grad():
            source = networks.identity(published_crop(source_image))
        identity_loss = 1.0 - (source * networks.identity(published_crop(image))).sum()
        l2_loss = (w_source - w_plus).square().sum()
        total = clip_loss + PAPER.weights.l2 * l2_loss + PAPER.weights.identity * identity_loss
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
        totals.append(total.item())

    return totals, timed(step, steps)


def published_crop(image: Tensor) -> Tensor:
    """Face [B, 3, 112, 112] by two poolings and a crop."""
    canvas = F.adaptive_avg_pool2d(image, FFHQ_FACE.canvas)
    face = canvas[:, :, FFHQ_FACE.top : FFHQ_FACE.bottom, FFHQ_FACE.left : FFHQ_FACE.right]
    return F.adaptive_avg_pool2d(face, FFHQ_FACE.output)


def published_synthesis(generator: Generator, w_plus: Tensor) -> Tensor:
    """The image of `generator.synthesis`, computed in the published form."""
    noises = [getattr(generator.noises, f"noise_{i}") for i in range(generator.num_ws - 1)]
    convs: list[Any] = list(generator.convs)
    to_rgbs: list[Any] = list(generator.to_rgbs)
    x = _styled(generator.conv1, generator.input(len(w_plus)), w_plus[:, 0], noises[0])
    rgb = _to_rgb(generator.to_rgb1, x, w_plus[:, 1], None)
    for i, to_rgb in enumerate(to_rgbs):
        for j in (2 * i + 1, 2 * i + 2):
            x = _styled(convs[j - 1], x, w_plus[:, j], noises[j])
        rgb = _to_rgb(to_rgb, x, w_plus[:, 2 * i + 3], rgb)
    return rgb


def _styled(layer: StyledConv, x: Tensor, w: Tensor, noise: Tensor) -> Tensor:
    x = _grouped(layer.conv, x, w)
    x = x + layer.noise.weight * noise
    return F.leaky_relu(x + layer.activate.bias.view(1, -1, 1, 1), 0.2) * 2**0.5


def _to_rgb(layer: ToRGB, x: Tensor, w: Tensor, skip: Tensor | None) -> Tensor:
    rgb = _grouped(layer.conv, x, w) + layer.bias
    return rgb if skip is None else rgb + _insert_and_filter(skip, layer.upsample.kernel, 2, (2, 1))


def _grouped(conv: ModulatedConv2d, x: Tensor, w: Tensor) -> Tensor:
    """One weight per sample, a convolution with one group per sample."""
    batch, channels, height, width = x.shape
    weight = conv.scale * conv.weight * conv.modulation(w).view(batch, 1, channels, 1, 1)
    if conv.demodulate:
        weight = weight * torch.rsqrt(weight.square().sum(dim=(2, 3, 4), keepdim=True) + EPSILON)
    side, out = weight.shape[-1], weight.shape[1]
    x = x.reshape(1, batch * channels, height, width)
    if not conv.upsample:
        x = F.conv2d(x, weight.view(batch * out, channels, side, side), padding=side // 2, groups=batch)
        return x.view(batch, out, height, width)
    weight = weight.transpose(1, 2).reshape(batch * channels, out, side, side)
    x = F.conv_transpose2d(x, weight, stride=2, groups=batch)
    return _insert_and_filter(x.view(batch, out, *x.shape[2:]), conv.blur.kernel, 1, (1, 1))


def _insert_and_filter(x: Tensor, kernel: Tensor, up: int, pad: tuple[int, int]) -> Tensor:
    """The published `upfirdn2d` in native operations: zeros between the pixels, padding, one filter per channel."""
    batch, channels, height, width = x.shape
    x = F.pad(x.reshape(-1, height, 1, width, 1), (0, up - 1, 0, 0, 0, up - 1))
    x = F.pad(x.reshape(-1, 1, height * up, width * up), (*pad, *pad))
    x = F.conv2d(x, kernel.flip(0, 1)[None, None])
    return x.view(batch, channels, *x.shape[2:])


def timed(action: Callable[[], object], repeats: int) -> Timing:
    """Mean time of `action` over `repeats` calls, with all that they told a GPU to do."""
    _wait_for_gpu()
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(repeats):
        action()
    _wait_for_gpu()
    return Timing((time.perf_counter() - wall) / repeats, (time.process_time() - cpu) / repeats)


def _wait_for_gpu() -> None:
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()


def report(result: StepComparison) -> str:
    """The comparison as text."""
    place = f"{result.threads} threads" if result.device == "cpu" else result.device
    lines = [f"{result.size} px, batch 1, {place}, float32, random weights"]
    lines += [f"step {i}: loss {a:.6f} published, {b:.6f} ours" for i, (a, b) in enumerate(result.losses)]
    rows = {"published loop": result.published, "our loop": result.ours, **result.parts}
    lines += [f"{name:22} {t.wall_s:8.2f} s wall {t.cpu_s:8.2f} s CPU" for name, t in rows.items()]
    wall, cpu = result.published.wall_s / result.ours.wall_s, result.published.cpu_s / result.ours.cpu_s
    lines += [
        f"ratio {wall:.2f} (wall), {cpu:.2f} (CPU time)",
        f"limit {result.gflop / result.gflop_per_s:.2f} s: "
        f"{result.gflop:.0f} GFLOP at {result.gflop_per_s:.0f} GFLOP/s",
    ]
    if result.is_compiled:
        lines.append("our step compiled:")
    for count, t in result.together.items():
        each = t.wall_s / count
        times = result.published.wall_s / each
        lines.append(f"{count:3} together {t.wall_s:10.4f} s a step {each:10.4f} s an edit {times:8.2f} times as fast")
    return "\n".join(lines)
