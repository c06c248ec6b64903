"""The form of a model pack: a folder with `pack.yaml` and safetensors files (design, section 5).

`pack.yaml` is `PackFile` below, written out; unknown keys are refused.  All paths are names inside the folder.

    name: portraits
    domain: illustrated portraits        # words for people: what kind of picture the pack can edit
    description: ...
    licence: Apache-2.0
    image_size_px: 128
    generator: {file: generator.safetensors, sha256: ..., parameters: 1234, architecture: {style_dim: 96, ...}}
    encoder:   {file: encoder.safetensors, ..., architecture: {input_size: 64, stages: [[16, 1], ...]}}
    identity:  {file: identity.safetensors, ..., architecture: {input_size: 48, crop: {top: 24, ...}, ...}}
    clip:      {file: clip.safetensors, ..., architecture: {config: {embed_dim: 128, ...}, has_sigmoid_loss: true}}
    reader:    {file: reader.safetensors, ..., architecture: {widths: [24, 48, 96, 128]}}      # optional
    outside:   {file: outside.safetensors, ...}      # optional: `portraits.outside.OutsideNet`, for a `background` term
    latents:   {file: latents.safetensors, ..., values: [smiling, ...]}
    templates: {joined: "... {phrases}", single: "... {phrase}", phrases: {smiling: ...}, neutral: [...]}
    presets:   {full: {weights: {...}, steps: 100, ...}, fast: {...}}       # fields of `presets.Preset` but `name`
    default_preset: full
    alignment: none                      # or ffhq: photos are cropped by their facial landmarks
    inversion: {refinement_steps: 0}
    domain_check: {max_pixel_error: 0.2, max_latent_distance: 3.0, min_identity: 0.5}

A component's safetensors holds the state dict of the module that `architecture` describes, its keys unchanged.
`latents` holds, all float32:

    latent_avg      [num_ws, D]      required: what is added to the encoder's output
    w_mean, w_axes, w_sigma          [D], [D, D], [D]: the `LatentPrior`; all three or none
    directions      [V, D]           mean step in w that adds value v of `values`; needed by presets that start
                                     from a direction
    affine_weights, affine_biases    [V, D, D], [V, D]: w + (w - w_mean) @ weights[v].T + biases[v] has value v; both or
                                     none; used instead of `directions` where they are there
    outside         [S, S]           in [0, 1], 1 where no face or hair ever is; serves a `background` term where there
                                     is no network `outside`
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError, model_validator

from .identity import Crop
from .pack_errors import PackIncomplete, PackInvalid
from .presets import Preset, preset_from_mapping

PACK_YAML = "pack.yaml"
NAME_PATTERN = r"[a-z0-9][a-z0-9_-]*"  # of a pack
FILE_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"  # no separators: a pack cannot point outside its folder
CHUNK_BYTES = 1 << 20

FileName = Annotated[str, Field(pattern=FILE_NAME)]
Stages = Annotated[tuple[tuple[PositiveInt, PositiveInt], ...], Field(min_length=4, max_length=4)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WeightsFile(_Strict):
    """A safetensors file: its name, the SHA-256 of its bytes in hex, and how many numbers its tensors hold."""

    file: FileName
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    parameters: PositiveInt


class GeneratorArchitecture(_Strict):
    """Arguments of `stylegan2.Generator`; `channels` absent means the published ones."""

    style_dim: PositiveInt = 512
    num_mapping_layers: PositiveInt = 8
    mapping_lr_mul: float = Field(default=0.01, gt=0)
    channels: dict[int, PositiveInt] | None = None


class EncoderArchitecture(_Strict):
    """Arguments of `e4e.Encoder`; stages as (channels, blocks)."""

    input_size: PositiveInt = 256
    stages: Stages = ((64, 3), (128, 4), (256, 14), (512, 3))


class IdentityArchitecture(_Strict):
    """Arguments of `ir_se50.IrSe50`, and the crop that it sees."""

    input_size: PositiveInt = 112
    embedding_dim: PositiveInt = 512
    stages: Stages = ((64, 3), (128, 4), (256, 14), (512, 3))
    crop: dict[str, int] = Field(default={"top": 35, "bottom": 223, "left": 32, "right": 220, "canvas": 256})

    @model_validator(mode="after")
    def _check_crop(self) -> "IdentityArchitecture":
        if set(self.crop) != {"top", "bottom", "left", "right", "canvas"}:
            raise ValueError("crop needs exactly top, bottom, left, right and canvas")
        return self

    def face_crop(self) -> Crop:
        """The crop, ending at the network's input size."""
        return Crop(**self.crop, output=self.input_size)


class ClipArchitecture(_Strict):
    """`config`: arguments of `open_clip.model.CLIP`; `has_sigmoid_loss`: its logit scale and bias turn a cosine into
    the logit that an image has what a text says (needed by a `presence` term)."""

    config: dict[str, Any]
    has_sigmoid_loss: bool = False


class ReaderArchitecture(_Strict):
    """Arguments of `portraits.attribute_net.AttributeNet`."""

    widths: tuple[PositiveInt, ...] = Field(min_length=1)


class GeneratorFile(WeightsFile):
    architecture: GeneratorArchitecture = GeneratorArchitecture()


class EncoderFile(WeightsFile):
    architecture: EncoderArchitecture = EncoderArchitecture()


class IdentityFile(WeightsFile):
    architecture: IdentityArchitecture = IdentityArchitecture()


class ClipFile(WeightsFile):
    architecture: ClipArchitecture


class ReaderFile(WeightsFile):
    architecture: ReaderArchitecture


class LatentsFile(WeightsFile):
    """`values`: what each row of `directions` and of the affine maps adds."""

    values: tuple[str, ...] = ()


class Templates(_Strict):
    """Wording of prompts (see `text_targets.PromptTemplates`); `neutral`: what fits all pictures of the domain."""

    joined: str = Field(default="a photo of a face with {phrases}", pattern=r"\{phrases\}")
    single: str = Field(default="a photo of a face with {phrase}", pattern=r"\{phrase\}")
    phrases: dict[str, str] = {}
    neutral: tuple[str, ...] = ("a photo of a face",)


class Inversion(_Strict):
    """Refinement of the encoder's latent: Adam on the picture's pixels and its person, pulled back to the encoder's
    answer."""

    refinement_steps: int = Field(default=0, ge=0)
    learning_rate: float = Field(default=0.02, gt=0)
    pull: float = Field(default=0.02, ge=0)  # weight of the mean square offset, beside the pixels' mean square error
    identity: float = Field(default=0.0, ge=0)  # weight of 1 - cosine of the identity features, beside the same


class DomainCheck(_Strict):
    """Limits beyond which a picture is not of the pack's domain; what is absent is not checked.

    Attributes:
        max_pixel_error: root mean square difference of picture and reconstruction, both averaged down to 32 px,
            in [-1, 1] units.
        max_latent_distance: root mean square of the inverted latent's whitened coordinates, in standard deviations.
        min_identity: cosine of the identity features of picture and reconstruction.
        foreign: prompts for pictures of other domains; by CLIP, one of `templates.neutral` must fit better than all of
            these.
    """

    max_pixel_error: float | None = Field(default=None, gt=0)
    max_latent_distance: float | None = Field(default=None, gt=0)
    min_identity: float | None = Field(default=None, ge=-1, le=1)
    foreign: tuple[str, ...] = ()


class PackFile(_Strict):
    """`pack.yaml`; see the module."""

    name: str = Field(pattern=f"^{NAME_PATTERN}$")
    domain: str = Field(min_length=1)
    description: str = ""
    licence: str = Field(min_length=1)
    image_size_px: int = Field(ge=8)
    generator: GeneratorFile
    encoder: EncoderFile
    identity: IdentityFile
    clip: ClipFile
    reader: ReaderFile | None = None
    outside: WeightsFile | None = None
    latents: LatentsFile
    templates: Templates = Templates()
    presets: dict[str, dict[str, Any]] = Field(min_length=1)
    default_preset: str
    alignment: Literal["none", "ffhq"] = "none"
    inversion: Inversion = Inversion()
    domain_check: DomainCheck = DomainCheck()
    dialogue_model: FileName | None = None  # folder of a T5 tracker and responder that came with the pack
    sources: dict[str, str] = {}  # where the weights come from, with the SHA-256 of each original file

    @model_validator(mode="after")
    def _check(self) -> "PackFile":
        if self.image_size_px & (self.image_size_px - 1):
            raise ValueError(f"image_size_px must be a power of two, not {self.image_size_px}")
        if self.default_preset not in self.presets:
            raise ValueError(f"default_preset {self.default_preset!r} is not among presets: {', '.join(self.presets)}")
        return self

    def weight_files(self) -> dict[str, WeightsFile]:
        """Component -> its file, the optional ones where they are there."""
        names = ("generator", "encoder", "identity", "clip", "reader", "outside", "latents")
        return {name: part for name in names if (part := getattr(self, name)) is not None}

    def parsed_presets(self) -> dict[str, Preset]:
        """The presets by name.

        Raises:
            InvalidPreset: an unknown field or a value out of range.
        """
        return {name: preset_from_mapping(name, data) for name, data in self.presets.items()}


def read_pack_file(folder: Path) -> PackFile:
    """`pack.yaml` of a folder; weights are not touched.

    Raises:
        PackIncomplete: there is no `pack.yaml`.
        PackInvalid: it is no YAML, or a field is unknown, missing or wrong.
    """
    path = folder / PACK_YAML
    if not path.is_file():
        raise PackIncomplete(str(folder), PACK_YAML)
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        return PackFile.model_validate(data)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise PackInvalid(str(path), f"no YAML: {error}") from error
    except ValidationError as error:
        raise PackInvalid(str(path), _first_problem(error)) from error


def write_pack_file(folder: Path, pack_file: PackFile) -> None:
    """Write `pack.yaml` into an existing folder."""
    data: Mapping[str, Any] = pack_file.model_dump(mode="json", exclude_none=True)
    (folder / PACK_YAML).write_text(yaml.safe_dump(dict(data), sort_keys=False, allow_unicode=True), encoding="utf-8")


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _first_problem(error: ValidationError) -> str:
    problem = error.errors()[0]
    where = ".".join(str(part) for part in problem["loc"])
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{where or 'the file'}: {problem['msg']}{more}"
