"""Makes a pack from the official files that a user has on disk."""

import dataclasses
import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import open_clip
import torch
from torch import Tensor, nn

from .architecture import encoder_architecture, generator_architecture, identity_architecture
from .checkpoint_file import read_checkpoint, tensors_at
from .clip_model import build_clip
from .dialogue_files import copy_dialogue_model
from .latent_prior import LatentPrior
from .latents import tensors_of_prior
from .pack import EMBEDDED_PACKS, build_encoder, build_generator, build_identity, user_packs_folder
from .pack_errors import CheckpointUnreadable, KeyMissing, PackExists, PackInvalid, ShapeMismatch
from .pack_format import NAME_PATTERN, PackFile, sha256_of, write_pack_file
from .pack_weights import check_shapes, write_weights
from .presets import PAPER
from .stylegan2 import num_ws_of

PRIOR_SAMPLES, PRIOR_SEED = 10_000, 0
CLIP_NAME, CLIP_TAG = "ViT-B-32-quickgelu", "openai"
CLIP_ARCHIVE_NUMBERS = ("input_resolution", "context_length", "vocab_size")  # OpenAI's files hold these beside weights
UNCHECKED: Mapping[str, Any] = MappingProxyType({"file": "draft", "sha256": "0" * 64, "parameters": 1})
LICENCE = (
    "as the owners of the files say: StyleGAN2-FFHQ weights NVIDIA Source Code License-NC (no commercial use), "
    "e4e MIT, CLIP MIT, ArcFace for research"
)
NEUTRAL = ("a photo of a face", "a portrait photo of a person")
FOREIGN = ("a drawing", "a cartoon", "a photo of an animal", "a photo of a landscape", "a photo of a building",
           "a photo of food", "a screenshot of text")  # fmt: skip


@dataclass(frozen=True, slots=True)
class OfficialFiles:
    """What a pack is made from.

    Attributes:
        generator: `stylegan2-ffhq-config-f.pt`, with `g_ema` (other sizes of the same layout will do).
        encoder: `e4e_ffhq_encode.pt`, with `state_dict` and `latent_avg`.
        identity: `model_ir_se50.pth`.
        clip_name: an architecture of open_clip.
        clip_weights: a file, or a pretrained tag of open_clip (which downloads).
        dialogue_model: folder of a T5 or PPTOD checkpoint, or None.
        expected_sha256: part ("generator", "encoder", "identity", "clip") -> SHA-256 that the file must have.
    """

    generator: Path
    encoder: Path
    identity: Path
    clip_name: str = CLIP_NAME
    clip_weights: str = CLIP_TAG
    dialogue_model: Path | None = None
    expected_sha256: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Part:
    """A network's tensors with its architecture and the file that they are from."""

    path: Path
    tensors: dict[str, Tensor]
    architecture: dict[str, Any]


def import_pack(
    files: OfficialFiles,
    name: str = "ffhq",
    packs_folder: Path | None = None,
    report: Callable[[str], None] = lambda step: None,
) -> Path:
    """Check the files, convert them to safetensors and write the pack `packs_folder/name`.

    Nothing is left behind where something is wrong.

    Args:
        packs_folder: None for `user_packs_folder()`.
        report: called with what is done next.
    Returns:
        The pack's folder.
    Raises:
        PackExists: there is a pack of this name already, here or among those that ship.
        PackInvalid: the name cannot be a pack's.
        PackError: a file is missing, damaged or of another network; the message names the key, shape or hash.
    """
    target = (user_packs_folder() if packs_folder is None else packs_folder) / name
    _check_name(name, target)
    if "clip" in files.expected_sha256 and not Path(files.clip_weights).is_file():
        raise PackInvalid(files.clip_weights, "only a file of CLIP weights can have a SHA-256, not a pretrained tag")
    size, parts, latent_avg = _read_all(files, report)
    report("building")
    draft = _draft(name, size, parts)
    for part, build in (("generator", build_generator), ("encoder", build_encoder), ("identity", build_identity)):
        _check(parts[part], build, draft)
    _check_average(files.encoder, latent_avg, draft)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{name}-") as temporary:
        work = Path(temporary) / name
        work.mkdir()
        _write(work, draft, files, parts, latent_avg, report)
        work.rename(target)
    return target


def _check_name(name: str, target: Path) -> None:
    if not re.fullmatch(NAME_PATTERN, name):
        raise PackInvalid(
            name, "a pack's name has lower-case letters, digits, - and _, and starts with none of the last two"
        )
    for folder in (EMBEDDED_PACKS / name, target):  # one that ships is found first: no other could be reached
        if folder.exists():
            raise PackExists(str(folder))


def _read_all(files: OfficialFiles, report: Callable[[str], None]) -> tuple[int, dict[str, _Part], Tensor]:
    """Image size, parts and average latent."""
    report(f"reading {files.generator.name}")
    data = read_checkpoint(files.generator, files.expected_sha256.get("generator"))
    state = tensors_at(files.generator, data, "g_ema")
    size, architecture = generator_architecture(files.generator, state)
    parts = {"generator": _Part(files.generator, state, architecture)}

    report(f"reading {files.encoder.name}")
    data = read_checkpoint(files.encoder, files.expected_sha256.get("encoder"))
    state = tensors_at(files.encoder, data, "state_dict", "encoder.")
    parts["encoder"] = _Part(files.encoder, state, encoder_architecture(files.encoder, state))
    if "latent_avg" not in data:
        raise KeyMissing(str(files.encoder), "latent_avg", 1)
    latent_avg = tensors_at(files.encoder, {"latent_avg": data["latent_avg"]})["latent_avg"]

    report(f"reading {files.identity.name}")
    state = tensors_at(files.identity, read_checkpoint(files.identity, files.expected_sha256.get("identity")))
    parts["identity"] = _Part(files.identity, state, identity_architecture(files.identity, state))

    report(f"reading CLIP {files.clip_name} {files.clip_weights}")
    parts["clip"] = _read_clip(files)
    return size, parts, latent_avg


def _read_clip(files: OfficialFiles) -> _Part:
    """CLIP from a file, or from open_clip's own download."""
    config = open_clip.get_model_config(files.clip_name)
    if config is None:
        raise PackInvalid(files.clip_name, "open_clip has no such model; the paper's is ViT-B-32-quickgelu")
    if files.clip_weights == CLIP_TAG and "quickgelu" not in files.clip_name:
        raise PackInvalid(files.clip_name, f"OpenAI's weights need another activation: use {files.clip_name}-quickgelu")
    path = Path(files.clip_weights)
    if path.is_file():
        tensors = tensors_at(path, read_checkpoint(path, files.expected_sha256.get("clip")))
    elif files.clip_weights in open_clip.list_pretrained_tags_by_model(files.clip_name):
        tensors = _download_clip(files)
    else:
        tags = ", ".join(open_clip.list_pretrained_tags_by_model(files.clip_name)) or "none"
        raise PackInvalid(files.clip_weights, f"neither a file nor a pretrained tag of {files.clip_name} ({tags})")
    tensors = {key: value for key, value in tensors.items() if key not in CLIP_ARCHIVE_NUMBERS}
    net = build_clip(config, files.clip_name)
    check_shapes(files.clip_weights, tensors, {key: tuple(value.shape) for key, value in net.state_dict().items()})
    return _Part(path, tensors, {"config": config})


def _download_clip(files: OfficialFiles) -> dict[str, Tensor]:
    try:
        net = open_clip.create_model(files.clip_name, pretrained=files.clip_weights, precision="fp32")
    except Exception as error:  # the hub's client raises many kinds; all mean that the weights did not come
        problem = f"the download failed ({str(error).splitlines()[0][:200]}); give a file instead"
        raise CheckpointUnreadable(f"{files.clip_name} {files.clip_weights}", problem) from error
    return {key: value.detach() for key, value in net.state_dict().items()}


def _draft(name: str, size: int, parts: Mapping[str, _Part]) -> PackFile:
    """`pack.yaml` before the weights are written."""
    return PackFile.model_validate(
        {
            "name": name,
            "domain": "photographs of faces",
            "description": "Made by `chatedit models import` from the official files.",
            "licence": LICENCE,
            "image_size_px": size,
            **{part: {**UNCHECKED, "architecture": parts[part].architecture} for part in parts},
            "latents": UNCHECKED,
            "templates": {"neutral": NEUTRAL},
            "presets": {PAPER.name: {k: v for k, v in dataclasses.asdict(PAPER).items() if k != "name"}},
            "default_preset": PAPER.name,
            "alignment": "ffhq",
            "domain_check": {"foreign": FOREIGN},
        }
    )


def _check(part: _Part, build: Callable[[PackFile], nn.Module], draft: PackFile) -> None:
    with torch.device("meta"):
        expected = build(draft).state_dict()
    check_shapes(part.path, part.tensors, {key: tuple(value.shape) for key, value in expected.items()})


def _check_average(path: Path, latent_avg: Tensor, draft: PackFile) -> None:
    expected = (num_ws_of(draft.image_size_px), draft.generator.architecture.style_dim)
    if tuple(latent_avg.shape) != expected:
        raise ShapeMismatch(str(path), "latent_avg", expected, tuple(latent_avg.shape))


def _write(
    work: Path,
    draft: PackFile,
    files: OfficialFiles,
    parts: Mapping[str, _Part],
    latent_avg: Tensor,
    report: Callable[[str], None],
) -> None:
    fields = draft.model_dump(mode="json", exclude_none=True)
    for name, part in parts.items():
        report(f"writing {name}")
        written = write_weights(work, f"{name}.safetensors", part.tensors)
        fields[name] = {**fields[name], **written.model_dump()}
    report("measuring where w lies")
    prior = _prior_of(draft, parts["generator"].tensors)
    latents = {"latent_avg": latent_avg.float(), **tensors_of_prior(prior)}
    fields["latents"] = write_weights(work, "latents.safetensors", latents).model_dump()
    if files.dialogue_model is not None:
        report("copying the dialogue model")
        copy_dialogue_model(files.dialogue_model, work / "dialogue")
        fields["dialogue_model"] = "dialogue"
    fields["sources"] = {
        name: f"{part.path.name} sha256:{sha256_of(part.path)}" if part.path.is_file() else f"open_clip {part.path}"
        for name, part in parts.items()
    }
    write_pack_file(work, PackFile.model_validate(fields))


@torch.no_grad()
def _prior_of(draft: PackFile, tensors: Mapping[str, Tensor]) -> LatentPrior:
    """Mean and axes of the mapping network's output."""
    with torch.device("meta"):
        generator = build_generator(draft)
    generator.load_state_dict(dict(tensors), assign=True)
    random = torch.Generator().manual_seed(PRIOR_SEED)
    z = torch.randn(PRIOR_SAMPLES, generator.style_dim, generator=random)
    return LatentPrior.fit(generator.mapping(z))
