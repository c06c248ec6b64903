"""Where pictures are compared: the networks behind FID and LPIPS, or a pack's own under the same formulas."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from urllib.error import URLError

import lpips
import torch
from torch import Tensor
from torchmetrics.image.fid import FrechetInceptionDistance

from ...editing.attribute_reader import load_reader_network
from ...editing.pack import Pack
from ..errors import ImageNetWeightsMissing


@dataclass(frozen=True, slots=True)
class PictureSpace:
    """Two ways to compare pictures [B, 3, S, S] in [-1, 1].

    Attributes:
        suffix: goes behind the names of metrics that are not the published ones, `-portraits` for example.
        features: pictures -> [B, F], float64: what the Frechet distance is computed on.
        distance: pictures and pictures -> [B]: the perceptual distance of each pair.
        note: which networks these are.
    """

    suffix: str
    features: Callable[[Tensor], Tensor]
    distance: Callable[[Tensor, Tensor], Tensor]
    note: str

    @property
    def fd_name(self) -> str:
        """FID only where it is FID."""
        return f"FD{self.suffix}" if self.suffix else "FID"

    @property
    def pd_name(self) -> str:
        """LPIPS only where it is LPIPS."""
        return f"PD{self.suffix}" if self.suffix else "LPIPS"


def own_space(pack: Pack) -> PictureSpace | None:
    """The pack's identity network in place of Inception, its attribute reader in place of AlexNet.

    The Frechet distance is to tell what an edit broke, not what it was asked for.  The identity network is trained to
    see the same person whatever the attributes are, so that a perfect edit hardly moves its features; those of the
    reader are the attributes themselves.  The perceptual distance is LPIPS without learned weights over the reader's
    stages: the unit-length difference of every position, squared, averaged over positions, summed over stages.

    Returns:
        None where the pack has no reader.
    """
    reader = load_reader_network(pack)
    if reader is None:
        return None

    @torch.no_grad()
    def features(pictures: Tensor) -> Tensor:
        return pack.identity_features(pictures.to(pack.device)).cpu().double()

    @torch.no_grad()
    def distance(one: Tensor, other: Tensor) -> Tensor:
        maps = zip(reader.features(one.cpu()), reader.features(other.cpu()), strict=True)
        return sum((_stage_distance(a, b) for a, b in maps), torch.zeros(len(one)))

    note = (
        f"the identity network of the pack {pack.name} in place of Inception v3 (it also serves L_id), and its "
        "attribute reader in place of AlexNet"
    )
    return PictureSpace(f"-{pack.name}", features, distance, note)


def imagenet_space(device: torch.device) -> PictureSpace:
    """FID and LPIPS (AlexNet) as published, through torch-fidelity's Inception and the package lpips.

    Raises:
        ImageNetWeightsMissing: their weights are neither here nor to be had.
    """
    try:
        inception = FrechetInceptionDistance(feature=2048).inception.to(device).eval()
        with warnings.catch_warnings(category=UserWarning, action="ignore"):  # lpips calls torchvision the old way
            perceptual = lpips.LPIPS(net="alex", verbose=False).to(device).eval()
    except (URLError, OSError) as error:
        raise ImageNetWeightsMissing(str(error)) from error

    @torch.no_grad()
    def features(pictures: Tensor) -> Tensor:
        pixels = ((pictures.to(device).clamp(-1.0, 1.0) + 1.0) * 127.5).round().to(torch.uint8)
        return inception(pixels).cpu().double()

    @torch.no_grad()
    def distance(one: Tensor, other: Tensor) -> Tensor:
        return perceptual(one.to(device), other.to(device)).flatten().cpu()

    return PictureSpace("", features, distance, "Inception v3 (torch-fidelity), AlexNet (lpips 0.1)")


def frechet_distance(one: Tensor, other: Tensor) -> float | None:
    """Of features [N, F] and [M, F], by torchmetrics; None where one has less than two rows."""
    if min(len(one), len(other)) < 2:
        return None
    measure = FrechetInceptionDistance(feature=_Features(one.shape[1]), normalize=True).set_dtype(torch.float64)
    measure.update(one.double(), real=True)
    measure.update(other.double(), real=False)
    return float(measure.compute())


class _Features(torch.nn.Module):
    """In place of a network: what comes in are features already."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.num_features = num_features

    def forward(self, features: Tensor) -> Tensor:
        return features


def _stage_distance(one: Tensor, other: Tensor) -> Tensor:
    """[B] of maps [B, C, H, W], as `lpips.LPIPS(lpips=False)` has it."""
    difference = (lpips.normalize_tensor(one) - lpips.normalize_tensor(other)) ** 2
    return lpips.spatial_average(difference.sum(dim=1, keepdim=True), keepdim=True).flatten()
