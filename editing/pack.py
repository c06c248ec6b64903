"""A model pack in memory, and where packs are found."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from ..dialogue.belief_state import BeliefState, values
from .axis_map import AxisMap, average_pool
from .clip_model import ClipModel, load_clip
from .device import usable_device
from .e4e import Encoder
from .edit_batch import EditModels
from .edit_job import EditJob
from .errors import UnknownPreset
from .identity import identity_crop
from .ir_se50 import IrSe50, Stage
from .latents import Latents, latents_from_tensors
from .pack_errors import PackInvalid, PackUnknown
from .pack_format import PACK_YAML, PackFile, read_pack_file
from .pack_weights import fill_network, read_weights
from .presets import PAPER, Preset
from .stylegan2 import Generator, num_ws_of
from .text_targets import PromptTemplates, TextTargeter

Net = TypeVar("Net", bound=nn.Module)
EMBEDDED_PACKS = Path(__file__).parent / "packs"
DEFAULT_PACK = "portraits"


def user_packs_folder() -> Path:
    """Where `chatedit models import` puts packs, unless told otherwise."""
    return Path.home() / ".cache" / "chatedit" / "packs"


@dataclass(frozen=True)
class Pack:
    """Frozen networks on one device, with everything that an edit needs.

    Attributes:
        folder: where the pack lies.
        file: its `pack.yaml`.
        generator: w_plus [B, num_ws, D] -> images [B, 3, S, S] in [-1, 1].
        encoder: images [B, 3, e, e] in [-1, 1] -> offsets from `latents.latent_avg`.
        identity: face crops -> unit vectors.
        clip: image and text features.
        latents: average, prior, directions.
        presets: by name.
        outside: pictures -> [B, 1, S, S] in [0, 1], 1 outside face and hair; None where the pack does not tell.
    """

    folder: Path
    file: PackFile
    generator: Generator
    encoder: Encoder
    identity: IrSe50
    clip: ClipModel
    latents: Latents
    presets: Mapping[str, Preset]
    outside: nn.Module | None = None

    @property
    def name(self) -> str:
        return self.file.name

    @property
    def image_size(self) -> int:
        """Side of the pictures in pixels."""
        return self.file.image_size_px

    @property
    def device(self) -> torch.device:
        return next(self.generator.parameters()).device

    @cached_property
    def to_encoder(self) -> AxisMap:
        """Pictures [B, 3, S, S] at the encoder's size, by averaging."""
        matrix = average_pool(self.image_size, self.encoder.input_size)
        return AxisMap(matrix, matrix).to(self.device)

    @cached_property
    def face_crop(self) -> AxisMap:
        """Pictures [B, 3, S, S] -> what the identity network sees."""
        return identity_crop(self.image_size, self.file.identity.architecture.face_crop()).to(self.device)

    @cached_property
    def targeter(self) -> TextTargeter:
        """Belief states -> text features; every prompt is embedded once."""
        return TextTargeter(self.clip.text_features, templates_of(self.file))

    def identity_features(self, images: Tensor) -> Tensor:
        """Unit vectors [B, E] of pictures [B, 3, S, S]."""
        return self.identity(self.face_crop(images))

    def preset(self, name: str | None = None) -> Preset:
        """A preset by name, or the pack's default one; `paper` is there in every pack.

        Raises:
            UnknownPreset
        """
        name = self.file.default_preset if name is None else name
        presets = {PAPER.name: PAPER, **self.presets}
        if name not in presets:
            raise UnknownPreset(name, tuple(presets))
        return presets[name]

    def models(self) -> EditModels:
        """The networks in the form of the engine."""
        return EditModels(
            generator=self.generator,
            image_features=self.clip.image_features,
            identity_features=self.identity_features,
            prior=self.latents.prior,
            outside=self._outside(),
            logit_scale=self.clip.logit_scale,
            logit_bias=self.clip.logit_bias,
        )

    def job(self, w_source: Tensor, belief_state: BeliefState, preset: Preset | None = None, **options) -> EditJob:
        """An edit of the latent `w_source` [num_ws, D] towards a belief state.

        Args:
            preset: how to optimise; None for the pack's default.
            options: fields of `EditJob`: `seed`, `timeout_s`, `on_progress`, `progress_every`, `preview_every`.
        Raises:
            NothingToEdit: the state is empty.
        """
        preset = self.preset() if preset is None else preset
        targets = self.targeter.targets_for(belief_state, preset)
        start = None
        if preset.direction_strength:
            start = self.latents.start_offset(w_source.cpu(), values(belief_state), preset.direction_strength)
        return EditJob(w_source, targets, preset, start_offset=start, **options)

    def _outside(self) -> Callable[[Tensor], Tensor] | None:
        if self.outside is not None:
            return self.outside
        if self.latents.outside is None:
            return None
        mask = self.latents.outside[None, None].to(self.device)
        return lambda images: mask.expand(len(images), -1, -1, -1)


def load_pack(name_or_folder: str | Path, device: str | torch.device = "cpu", packs_folder: Path | None = None) -> Pack:
    """Read a pack, checking hashes, keys and shapes.

    Args:
        name_or_folder: a name of `available_packs`, or a folder that holds a `pack.yaml`.
        packs_folder: where imported packs lie; None for `user_packs_folder()`.
    Raises:
        PackUnknown: there is no such pack.
        DeviceUnavailable: this machine, or this build of torch, has no such device.
        PackError: something is wrong with it; the message names the file, and the key, shape or hash.
        InvalidPreset: one of its presets is wrong.
    """
    device = usable_device(device)
    folder = find_pack(name_or_folder, packs_folder)
    pack_file = read_pack_file(folder)
    presets = pack_file.parsed_presets()
    weights = {part: read_weights(folder, file) for part, file in pack_file.weight_files().items() if part != "reader"}
    with torch.device("meta"):  # no time spent on random weights
        generator, encoder, identity = build_generator(pack_file), build_encoder(pack_file), build_identity(pack_file)
    size, clip_file = pack_file.image_size_px, pack_file.clip
    latents = latents_from_tensors(
        weights["latents"],
        folder / pack_file.latents.file,
        pack_file.latents.values,
        generator.num_ws,
        generator.style_dim,
        size,
    )
    pack = Pack(
        folder=folder,
        file=pack_file,
        generator=_filled(generator, folder / pack_file.generator.file, weights["generator"], device),
        encoder=_filled(encoder, folder / pack_file.encoder.file, weights["encoder"], device),
        identity=_filled(identity, folder / pack_file.identity.file, weights["identity"], device),
        clip=load_clip(
            clip_file.architecture.config,
            weights["clip"],
            folder / clip_file.file,
            size,
            clip_file.architecture.has_sigmoid_loss,
        ).to(device),
        latents=latents,
        presets=presets,
        outside=_load_outside(folder, pack_file, weights, device),
    )
    _check_needs(pack)
    return pack


def find_pack(name_or_folder: str | Path, packs_folder: Path | None = None) -> Path:
    """Folder of a pack.

    Raises:
        PackUnknown
    """
    if (Path(name_or_folder) / PACK_YAML).is_file():
        return Path(name_or_folder)
    packs = available_packs(packs_folder)
    if str(name_or_folder) not in packs:
        raise PackUnknown(str(name_or_folder), tuple(packs))
    return packs[str(name_or_folder)]


def available_packs(packs_folder: Path | None = None) -> dict[str, Path]:
    """Name -> folder of the packs that ship with ChatEdit and of the imported ones; nothing is loaded."""
    places = (EMBEDDED_PACKS, user_packs_folder() if packs_folder is None else packs_folder)
    found = (path.parent for place in places if place.is_dir() for path in sorted(place.glob(f"*/{PACK_YAML}")))
    packs: dict[str, Path] = {}
    for folder in found:
        packs.setdefault(folder.name, folder)
    return packs


def build_generator(pack_file: PackFile) -> Generator:
    """The generator that `pack.yaml` describes, with random weights."""
    part = pack_file.generator.architecture
    return Generator(
        pack_file.image_size_px, part.style_dim, part.num_mapping_layers, part.mapping_lr_mul, part.channels
    )


def build_encoder(pack_file: PackFile) -> Encoder:
    """The encoder that `pack.yaml` describes, with random weights."""
    part = pack_file.encoder.architecture
    style_dim = pack_file.generator.architecture.style_dim
    return Encoder(num_ws_of(pack_file.image_size_px), style_dim, part.input_size, _stages(part.stages))


def build_identity(pack_file: PackFile) -> IrSe50:
    """The identity network that `pack.yaml` describes, with random weights."""
    part = pack_file.identity.architecture
    return IrSe50(part.input_size, part.embedding_dim, _stages(part.stages))


def templates_of(pack_file: PackFile) -> PromptTemplates:
    """The pack's wording of prompts."""
    words = pack_file.templates
    return PromptTemplates(words.joined, words.single, words.phrases)


def _stages(stages: tuple[tuple[int, int], ...]) -> tuple[Stage, ...]:
    return tuple(Stage(*stage) for stage in stages)


def _filled(network: Net, path: Path, tensors: Mapping[str, Tensor], device: str | torch.device) -> Net:
    return fill_network(network, path, tensors).to(device)


def _load_outside(
    folder: Path, pack_file: PackFile, weights: Mapping[str, Mapping[str, Tensor]], device: str | torch.device
) -> nn.Module | None:
    if pack_file.outside is None:
        return None
    from .portraits.outside import OutsideNet  # late: it brings the renderer along

    with torch.device("meta"):
        network = OutsideNet()
    return _filled(network, folder / pack_file.outside.file, weights["outside"], device)


def _check_needs(pack: Pack) -> None:
    """Refuse a preset that needs what the pack lacks."""
    path, latents = str(pack.folder / PACK_YAML), pack.latents
    for name, preset in pack.presets.items():
        if latents.prior is None and (preset.weights.prior or preset.space == "whitened"):
            raise PackInvalid(path, f"preset {name!r} needs w_mean, w_axes and w_sigma in {pack.file.latents.file}")
        if latents.outside is None and pack.outside is None and preset.weights.background:
            raise PackInvalid(path, f"preset {name!r} has a background term, but there is no 'outside' in latents")
        if preset.direction_strength and latents.directions is None and latents.affine_weights is None:
            raise PackInvalid(path, f"preset {name!r} starts from directions, but the pack has none")
