"""The pack that ships, end to end: photo file -> latent -> edit -> picture, judged by the pack's own reader."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch
import typer
from chatedit.dialogue.belief_state import from_values
from chatedit.dialogue.ontology import ONTOLOGY
from chatedit.editing import commands
from chatedit.editing.attribute_reader import Reader, load_reader
from chatedit.editing.domain_check import is_in_domain
from chatedit.editing.edit_job import EditResult
from chatedit.editing.engine import Engine
from chatedit.editing.image_errors import OutOfDomain
from chatedit.editing.image_file import decode, to_tensor
from chatedit.editing.pack import EMBEDDED_PACKS, Pack, load_pack
from chatedit.editing.pack_trial import try_pack
from chatedit.editing.photo import open_photo
from chatedit.editing.text_targets import unrequested
from matplotlib import cbook
from PIL import Image, ImageDraw
from typer.testing import CliRunner

torch.set_num_threads(1)
SAMPLES = EMBEDDED_PACKS / "portraits" / "samples"
SAMPLE_FILES = sorted(SAMPLES.glob("*.png"))
MAX_MEGABYTES = 45


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack("portraits")


@pytest.fixture(scope="module")
def reader(pack: Pack) -> Reader:
    found = load_reader(pack)
    assert found is not None
    return found


def seen(reader: Reader, picture: torch.Tensor) -> set[str]:
    """Values that the reader sees in a picture [3, S, S]."""
    return {value for value, there in zip(ONTOLOGY.values, reader(picture[None])[0].tolist(), strict=True) if there}


def absent_requests(there: set[str]) -> list[str]:
    """One easy value of three slots that a picture does not show."""
    wanted = ("blond hair", "black hair"), ("heavy makeup", "no makeup"), ("bangs", "no bangs")
    return [next(value for value in pair if value not in there) for pair in wanted]


def test_the_pack_is_whole_and_small(pack, reader):
    try_pack(pack, reader)
    assert sum(path.stat().st_size for path in pack.folder.glob("*.safetensors")) / 1e6 < MAX_MEGABYTES


def test_every_sample_is_in_the_domain(pack):
    assert len(SAMPLE_FILES) >= 4
    foreign = [path.name for path in SAMPLE_FILES if not is_in_domain(pack, tensor_of(pack, path))]
    assert foreign == []


def tensor_of(pack: Pack, path: Path) -> torch.Tensor:
    return to_tensor(decode(path.read_bytes()), pack.image_size)


def drawing_of_a_house() -> Image.Image:
    image = Image.new("RGB", (256, 256), "skyblue")
    draw = ImageDraw.Draw(image)
    draw.rectangle((60, 120, 200, 230), fill="firebrick")
    draw.polygon([(50, 120), (130, 50), (210, 120)], fill="black")
    return image


FOREIGN = {
    "photograph": lambda: Image.open(str(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False))),
    "noise": lambda: Image.fromarray(np.random.default_rng(0).integers(0, 256, (128, 128, 3), dtype=np.uint8)),
    "white": lambda: Image.new("RGB", (128, 128), "white"),
    "black": lambda: Image.new("RGB", (128, 128), "black"),
    "house": drawing_of_a_house,
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_picture_of_another_domain_is_told_apart(pack, kind):
    buffer = io.BytesIO()
    FOREIGN[kind]().save(buffer, format="PNG")
    with pytest.raises(OutOfDomain, match="illustrated portraits"):
        open_photo(pack, buffer.getvalue())


@pytest.mark.parametrize("preset", ["fast", "full"])
def test_edits_show_what_was_asked_for_and_keep_the_person(pack, reader, preset):
    photos = [open_photo(pack, path.read_bytes()) for path in SAMPLE_FILES[:4]]
    before = [seen(reader, photo.picture) for photo in photos]
    states = [from_values(absent_requests(there)) for there in before]
    chosen = pack.preset(preset)
    jobs = [pack.job(photo.w_plus, state, chosen) for photo, state in zip(photos, states, strict=True)]
    results = [outcome for outcome in Engine(pack.models()).run(jobs) if isinstance(outcome, EditResult)]
    assert len(results) == len(jobs)
    after = [seen(reader, result.image) for result in results]
    present, changed = [], []
    for state, there, now in zip(states, before, after, strict=True):
        present += [value in now for values in state.values() for value in values]
        changed += [(value in there) != (value in now) for value in unrequested(state)]
    sources = pack.identity_features(pack.generator(torch.stack([photo.w_plus for photo in photos])))
    edited = pack.identity_features(torch.stack([result.image for result in results]))
    identity = (sources * edited).sum(dim=1).tolist()
    assert np.mean(present) >= 0.75
    assert np.mean(changed) <= 0.2
    assert np.mean(identity) >= 0.8


def test_the_edit_command_edits_a_sample(pack, reader, tmp_path):
    app = typer.Typer()
    app.command()(commands.edit)
    there = set(json.loads((SAMPLES / "samples.json").read_text())[0]["attributes"])
    value = next(value for value in ("blond hair", "black hair") if value not in there)
    out = tmp_path / "edited.png"
    result = CliRunner().invoke(app, [str(SAMPLE_FILES[0]), value, "-o", str(out), "--preset", "fast"])
    assert result.exit_code == 0, result.output
    assert value in seen(reader, tensor_of(pack, out)[0])
