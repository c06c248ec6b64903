"""A random 16 px generator and linear feature networks: the engine's behaviour in milliseconds."""

import torch
import torch.nn.functional as F
from chatedit.editing.edit_batch import EditModels
from chatedit.editing.edit_job import EditJob
from chatedit.editing.latent_prior import LatentPrior
from chatedit.editing.presets import Preset, TermWeights
from chatedit.editing.stylegan2 import Generator
from chatedit.editing.text_targets import TextTargets
from torch import Tensor

STYLE_DIM, FEATURES, SIZE = 16, 12, 16
ALL_TERMS = Preset(
    name="all terms",
    weights=TermWeights(clip=1, l2=0.01, identity=0.1, presence=0.5, prior=0.1, keep=0.3, background=0.2),
    steps=12,
    learning_rate=0.1,
    space="whitened",
    prompts="per_value",
)


def models() -> EditModels:
    with torch.random.fork_rng():
        torch.manual_seed(5)
        generator = Generator(SIZE, STYLE_DIM, 2, 1.0, {4: 12, 8: 10, 16: 8}).eval().requires_grad_(False)
        clip, face = torch.randn(FEATURES, 3 * SIZE**2), torch.randn(6, 3 * SIZE**2)
        w = generator.mapping(torch.randn(500, STYLE_DIM))

    def outside(image: Tensor) -> Tensor:
        return torch.cat([torch.ones_like(image[:, :1, :4]), torch.zeros_like(image[:, :1, 4:])], dim=2)

    return EditModels(
        generator=generator,
        image_features=lambda image: image.flatten(1) @ clip.T,
        identity_features=lambda image: F.normalize(image.flatten(1) @ face.T, dim=1),
        prior=LatentPrior.fit(w),
        outside=outside,
        logit_scale=5.0,
        logit_bias=-2.0,
    )


def job(number: int, preset: Preset = ALL_TERMS, num_targets: int = 2, num_kept: int = 3, **options) -> EditJob:
    """A job whose latent and texts depend on `number`."""
    random = torch.Generator().manual_seed(number)
    texts = F.normalize(torch.randn(num_targets + num_kept, FEATURES, generator=random), dim=1)
    is_target = torch.tensor([1.0] * num_targets + [0.0] * num_kept)
    targets = TextTargets(texts, is_target / num_targets, 1 - is_target)
    return EditJob(torch.randn(6, STYLE_DIM, generator=random), targets, preset, **options)
