"""StyleCLIP's optimisation written as literally as possible: `torch.optim.Adam`, grouped convolutions, batch 1."""

import torch
import torch.nn.functional as F
from chatedit.editing.ir_se50 import IrSe50
from chatedit.editing.schedule import learning_rate_at
from chatedit.editing.stylegan2 import Generator
from chatedit.eval.bench_step import published_crop, published_synthesis
from torch import Tensor


def published_latents(
    arrays: dict[str, Tensor], generator: Generator, identity: IrSe50, perturbation: Tensor | float = 0.0
) -> list[Tensor]:
    """Latents [1, n, 512] after each step of a `trajectory_*.npz`.

    Latents, image, features and Adam have the type of `generator`; the identity network sees float32, whose rounding
    does not matter here (in float64, too, the latents end within 1e-6 of these).

    Args:
        perturbation: added to the start; the source, from which the losses measure, stays.
    """
    dtype = next(generator.parameters()).dtype
    source, encoder, target = (arrays[name].to(dtype) for name in ("w_source", "encoder", "target"))
    steps, peak = int(arrays["steps"]), float(arrays["lr"])
    w_plus = (source + perturbation).requires_grad_()
    with torch.no_grad():
        source_face = identity(published_crop(published_synthesis(generator, source)).float())
    optimiser = torch.optim.Adam([w_plus], lr=peak)
    latents = []
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = learning_rate_at(step, steps, peak, ramp_up=0.05, ramp_down=0.25)
        image = published_synthesis(generator, w_plus)
        clip_loss = 1.0 - F.cosine_similarity(image.flatten(1) @ encoder.T, target).sum()
        l2_loss = (source - w_plus).square().sum()
        identity_loss = 1.0 - (source_face * identity(published_crop(image).float())).sum()
        loss = clip_loss + float(arrays["lambda_l2"]) * l2_loss + float(arrays["lambda_id"]) * identity_loss
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        latents.append(w_plus.detach().clone())
    return latents
