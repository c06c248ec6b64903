"""The trained parts together: from the checkpoints of their trainings, or from the pack that ships."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from open_clip.model import CLIP
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ..e4e import Encoder
from ..errors import EditError
from ..ir_se50 import IrSe50
from ..pack_errors import PackIncomplete
from .attribute_net import READER_WIDTHS, AttributeNet
from .clip import blank_unused_words, small_clip
from .data import Renders
from .encoder import ENCODER_SIZE, mean_w, small_encoder
from .fitting import keep_freed_memory
from .generator import Conditioner, Distilled, small_generator
from .identity import small_identity
from .outside import OutsideNet

PARTS: dict[str, Callable[[], nn.Module]] = {
    "generator": lambda: Distilled(small_generator(), Conditioner()),
    "encoder": small_encoder,
    "identity": small_identity,
    "clip": small_clip,
    "outside": OutsideNet,
    "reader": lambda: AttributeNet(READER_WIDTHS),
}
"""Part -> its architecture. The reader measures only; nothing is trained against it."""
HALF_PRECISION = ("encoder", "clip")


class MissingPart(EditError):
    """A part has not been trained.  Args: its checkpoint, which is not there."""

    def __str__(self) -> str:
        return f"no {self.args[0]}: train it with `chatedit train portraits --part {Path(self.args[0]).stem}`"


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that works on portraits, frozen, in evaluation mode.

    Attributes:
        latent_avg: [STYLE_DIM], what the encoder's offsets are relative to.
    """

    distilled: Distilled
    encoder: Encoder
    identity: IrSe50
    clip: CLIP
    outside: OutsideNet
    reader: AttributeNet
    latent_avg: Tensor

    @torch.no_grad()
    def invert(self, images: Tensor) -> Tensor:
        """The encoder's w_plus [B, num_ws, STYLE_DIM] of images [B, 3, 128, 128] in [-1, 1]."""
        small = torch.nn.functional.avg_pool2d(images, images.shape[-1] // ENCODER_SIZE)
        return self.encoder(small) + self.latent_avg


def load_trained(directory: Path, renders: Callable[[], Renders]) -> Parts:
    """Parts from the checkpoints of their trainings; `renders` are drawn once every part is there.

    Raises:
        MissingPart: one has not been trained yet.
    """
    modules = {name: load_trained_part(directory, name) for name in PARTS}
    return _frozen(modules, mean_w(modules["generator"], renders()))  # type: ignore[arg-type]


def load_trained_part(directory: Path, name: str) -> nn.Module:
    """One part from its checkpoint; of the generator, the running average of its weights."""
    keep_freed_memory()
    path = directory / f"{name}.pt"
    if not path.exists():
        raise MissingPart(str(path))
    states = torch.load(path, weights_only=True)["states"]
    module = PARTS[name]()
    module.load_state_dict(states["average" if "average" in states else "net"])
    if isinstance(module, CLIP):
        blank_unused_words(module)
    return module.eval().requires_grad_(False)


def load_shipped(pack: Path) -> Parts:
    """Parts from the safetensors of a pack folder.

    Raises:
        PackIncomplete: a file is not there.
    """
    keep_freed_memory()
    files = [f"{name}.safetensors" for name in (*PARTS, "conditioner", "latents")]
    if missing := [file for file in files if not (pack / file).exists()]:
        raise PackIncomplete(str(pack), missing[0])
    modules = {}
    for name in PARTS:
        path = pack / f"{name}.safetensors"
        module = PARTS[name]()
        state = {key: value.float() if value.is_floating_point() else value for key, value in load_file(path).items()}
        target = module
        if isinstance(module, Distilled):
            module.conditioner.load_state_dict(load_file(pack / "conditioner.safetensors"))
            target = module.generator
        target.load_state_dict(state)
        modules[name] = module.eval().requires_grad_(False)
    return _frozen(modules, load_file(pack / "latents.safetensors")["latent_avg"][0])


def save_shipped(parts: Parts, pack: Path) -> dict[str, int]:
    """Write each part as safetensors into a pack folder; returns file name -> bytes."""
    pack.mkdir(parents=True, exist_ok=True)
    modules: dict[str, nn.Module] = {
        field.name: getattr(parts, field.name) for field in dataclasses.fields(parts) if field.name in PARTS
    }
    modules["generator"] = parts.distilled.generator
    sizes = {}
    for name, module in modules.items():
        state = {key: value.contiguous().clone() for key, value in module.state_dict().items()}
        if name in HALF_PRECISION:
            state = {key: value.half() if value.is_floating_point() else value for key, value in state.items()}
        path = pack / f"{name}.safetensors"
        save_file(state, path)
        sizes[path.name] = path.stat().st_size
    return sizes


def _frozen(modules: dict[str, nn.Module], latent_avg: Tensor) -> Parts:
    return Parts(
        distilled=modules["generator"],  # type: ignore[arg-type]
        encoder=modules["encoder"],  # type: ignore[arg-type]
        identity=modules["identity"],  # type: ignore[arg-type]
        clip=modules["clip"],  # type: ignore[arg-type]
        outside=modules["outside"],  # type: ignore[arg-type]
        reader=modules["reader"],  # type: ignore[arg-type]
        latent_avg=latent_avg,
    )
