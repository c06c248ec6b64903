import json
import pickle
from pathlib import Path

import pytest
import torch
import yaml
from chatedit.dialogue.belief_state import from_text
from chatedit.editing import pack_errors
from chatedit.editing.domain_check import check_domain, is_in_domain, measure
from chatedit.editing.engine import Engine
from chatedit.editing.errors import InvalidPreset, UnknownPreset
from chatedit.editing.image_errors import OutOfDomain
from chatedit.editing.inversion import encode, invert
from chatedit.editing.pack import Pack, available_packs, load_pack
from chatedit.editing.pack_format import PACK_YAML, read_pack_file, sha256_of
from chatedit.editing.presets import PAPER
from safetensors.torch import load_file, save_file
from small_pack import SIZE, STYLE_DIM, write_small_pack

torch.set_num_threads(1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_small_pack(tmp_path)


@pytest.fixture(scope="module")
def pack(tmp_path_factory) -> Pack:
    return load_pack(write_small_pack(tmp_path_factory.mktemp("packs")))


def change_yaml(folder: Path, **fields) -> None:
    data = yaml.safe_load((folder / PACK_YAML).read_text())
    (folder / PACK_YAML).write_text(yaml.safe_dump({**data, **fields}))


def change_weights(folder: Path, part: str, change) -> None:
    """Rewrite one file through `change`, with hash and count put right, so that only the contents are wrong."""
    path = folder / f"{part}.safetensors"
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path)
    data = yaml.safe_load((folder / PACK_YAML).read_text())
    data[part] |= {"sha256": sha256_of(path), "parameters": sum(tensor.numel() for tensor in tensors.values())}
    (folder / PACK_YAML).write_text(yaml.safe_dump(data))


def pictures(count: int) -> torch.Tensor:
    return torch.randn(count, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1)).clamp(-1, 1)


def test_a_pack_survives_the_way_to_disk_and_back(pack):
    w_plus = torch.randn(2, 8, STYLE_DIM, generator=torch.Generator().manual_seed(0))
    again = load_pack(pack.folder)
    assert torch.equal(pack.generator(w_plus), again.generator(w_plus))
    assert torch.equal(pack.clip.text_features(["a face"]), again.clip.text_features(["a face"]))


def test_the_weights_are_frozen_and_in_eval_mode(pack):
    for network in (pack.generator, pack.encoder, pack.identity, pack.clip):
        assert not network.training
        assert not any(parameter.requires_grad for parameter in network.parameters())


def test_packs_are_found_by_name_and_by_folder(folder):
    assert available_packs(folder.parent)["small"] == folder
    assert load_pack("small", packs_folder=folder.parent).name == load_pack(folder).name == "small"


def test_an_unknown_pack_names_those_that_there_are(folder):
    with pytest.raises(pack_errors.PackUnknown, match="small"):
        load_pack("ffhq", packs_folder=folder.parent)


def test_a_changed_byte_is_found(folder):
    path = folder / "encoder.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(pack_errors.HashMismatch, match=r"encoder\.safetensors.*SHA-256"):
        load_pack(folder)


def test_a_missing_file_is_named(folder):
    (folder / "clip.safetensors").unlink()
    with pytest.raises(pack_errors.PackIncomplete, match=r"clip\.safetensors"):
        load_pack(folder)


def test_a_missing_key_is_named(folder):
    change_weights(folder, "generator", lambda tensors: tensors.pop("conv1.conv.weight"))
    with pytest.raises(pack_errors.KeyMissing, match=r"conv1\.conv\.weight"):
        load_pack(folder)


def test_an_unexpected_key_is_named(folder):
    change_weights(folder, "identity", lambda tensors: tensors.update(surplus=torch.zeros(1)))
    with pytest.raises(pack_errors.KeyUnexpected, match="surplus"):
        load_pack(folder)


def test_a_wrong_shape_is_named(folder):
    change_weights(folder, "latents", lambda tensors: tensors.update(w_mean=torch.zeros(STYLE_DIM + 1)))
    with pytest.raises(pack_errors.ShapeMismatch, match=r"w_mean.*\[17\], expected \[16\]"):
        load_pack(folder)


def test_half_a_prior_is_refused(folder):
    change_weights(folder, "latents", lambda tensors: tensors.pop("w_axes"))
    with pytest.raises(pack_errors.KeyMissing, match="w_axes"):
        load_pack(folder)


def test_a_wrong_parameter_count_is_found(folder):
    data = yaml.safe_load((folder / PACK_YAML).read_text())
    data["generator"]["parameters"] += 1
    change_yaml(folder, generator=data["generator"])
    with pytest.raises(pack_errors.ParameterCountWrong):
        load_pack(folder)


def test_weights_in_half_precision_are_widened(folder):
    change_weights(folder, "encoder", lambda t: t.update({k: v.half() for k, v in t.items() if v.is_floating_point()}))
    assert next(load_pack(folder).encoder.parameters()).dtype == torch.float32


def test_what_is_no_safetensors_file_is_refused(folder):
    path = folder / "clip.safetensors"
    path.write_bytes(b"\xff" * 100)
    data = yaml.safe_load((folder / PACK_YAML).read_text())
    data["clip"]["sha256"] = sha256_of(path)
    change_yaml(folder, clip=data["clip"])
    with pytest.raises(pack_errors.CheckpointUnreadable, match=r"clip\.safetensors"):
        load_pack(folder)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"colour": "red"}, "colour"),
        ({"image_size_px": 48}, "power of two"),
        ({"default_preset": "quick"}, "quick"),
        ({"templates": {"single": "a face"}}, "templates.single"),
        ({"domain_check": {"max_error": 1}}, "max_error"),
        ({"latents": {"file": "../../etc/passwd", "sha256": "0" * 64, "parameters": 1}}, "latents.file"),
    ],
)
def test_a_wrong_field_is_named(folder, fields, words):
    change_yaml(folder, **fields)
    with pytest.raises(pack_errors.PackInvalid, match=words):
        read_pack_file(folder)


def test_what_is_no_yaml_is_refused(folder):
    (folder / PACK_YAML).write_text("name: [")
    with pytest.raises(pack_errors.PackInvalid, match="YAML"):
        read_pack_file(folder)


def test_a_wrong_preset_is_named(folder):
    change_yaml(folder, presets={"full": {"weights": {"clip": 1}, "steps": 5, "learning_rate": 0.1, "speed": 3}})
    with pytest.raises(InvalidPreset, match="speed"):
        load_pack(folder)


def test_a_preset_that_needs_what_the_pack_lacks_is_refused(folder):
    needy = {"weights": {"clip": 1.0, "background": 1.0}, "steps": 5, "learning_rate": 0.1}
    change_yaml(folder, presets={"full": needy}, default_preset="full")
    with pytest.raises(pack_errors.PackInvalid, match="background"):
        load_pack(folder)


def test_a_wrong_clip_configuration_is_named(folder):
    data = yaml.safe_load((folder / PACK_YAML).read_text())
    data["clip"]["architecture"]["config"]["wings"] = 2
    change_yaml(folder, clip=data["clip"])
    with pytest.raises(pack_errors.PackInvalid, match="wings"):
        load_pack(folder)


def test_presets_are_chosen_by_name(pack):
    assert pack.preset().name == "full"
    assert pack.preset("fast").steps == 2
    with pytest.raises(UnknownPreset, match="fast"):
        pack.preset("slow")
    assert pack.preset("paper") is PAPER


def test_inversion_is_encoder_plus_average(pack):
    images = pictures(2)
    small = pack.to_encoder(images)
    expected = pack.encoder(small) + pack.latents.latent_avg
    assert torch.equal(invert(pack, images), expected)


def test_inverting_two_pictures_together_equals_one_by_one(folder):
    change_yaml(folder, inversion={"refinement_steps": 3})
    pack, images = load_pack(folder), pictures(2)
    alone = torch.cat([invert(pack, image) for image in images.split(1)])
    torch.testing.assert_close(invert(pack, images), alone, rtol=1e-4, atol=1e-4)


def test_refinement_comes_closer_to_the_picture(folder):
    change_yaml(folder, inversion={"refinement_steps": 30, "learning_rate": 0.05, "pull": 0.0})
    pack, image = load_pack(folder), pictures(1)
    before = (pack.generator(encode(pack, image)) - image).square().mean()
    after = (pack.generator(invert(pack, image)) - image).square().mean()
    assert after < before


def test_refinement_towards_the_person_leads_nearer_to_them(folder):
    likeness = []
    for weight in (0.0, 1.0):
        change_yaml(folder, inversion={"refinement_steps": 20, "learning_rate": 0.05, "identity": weight})
        pack, image = load_pack(folder), pictures(1)
        features = pack.identity_features(torch.cat([image, pack.generator(invert(pack, image))]))
        likeness.append(float(features[0] @ features[1]))
    assert likeness[1] > likeness[0]


def test_a_picture_of_another_size_is_refused(pack):
    with pytest.raises(ValueError, match="32, 32"):
        invert(pack, torch.zeros(1, 3, 16, 16))


def test_without_limits_every_picture_is_in_the_domain(pack):
    assert is_in_domain(pack, pictures(1))


@pytest.mark.parametrize(("limit", "sign"), [("max_pixel_error", -1), ("max_latent_distance", -1), ("min_identity", 1)])
def test_each_limit_of_the_domain_is_kept(folder, limit, sign):
    image, index = pictures(1), ["max_pixel_error", "max_latent_distance", "min_identity"].index(limit)
    reached = measure(load_pack(folder), image)[index]
    change_yaml(folder, domain_check={limit: reached - sign * 1e-3})
    assert is_in_domain(load_pack(folder), image)
    change_yaml(folder, domain_check={limit: reached + sign * 1e-3})
    with pytest.raises(OutOfDomain, match="random pictures"):
        check_domain(load_pack(folder), image)


def test_a_foreign_prompt_that_fits_better_tells_a_foreign_picture(folder):
    pack, image = load_pack(folder), pictures(1)
    prompts = ["a photo of a face", "a dog"]
    cosines = (
        torch.nn.functional.normalize(pack.clip.text_features(prompts), dim=1) @ pack.clip.image_features(image)[0]
    )
    neutral, foreign = (prompts[i] for i in cosines.argsort(descending=True))
    for fit, other, expected in ((neutral, foreign, True), (foreign, neutral, False)):
        change_yaml(folder, templates={"neutral": [fit]}, domain_check={"foreign": [other]})
        assert is_in_domain(load_pack(folder), image) is expected


def test_a_start_offset_adds_directions_one_after_the_other(pack):
    w = torch.zeros(8, STYLE_DIM)
    offset = pack.latents.start_offset(w, ["smiling", "blond hair"], 0.5)
    assert torch.allclose(offset, 0.5 * pack.latents.directions.sum(dim=0).expand(8, -1))
    assert pack.latents.start_offset(w, ["bangs"], 1.0) is None


def test_affine_maps_lead_where_they_say(folder):
    def add_affine(tensors):
        tensors["affine_weights"] = torch.stack([-torch.eye(STYLE_DIM), torch.zeros(STYLE_DIM, STYLE_DIM)])
        tensors["affine_biases"] = torch.stack([torch.zeros(STYLE_DIM), torch.ones(STYLE_DIM)])

    change_weights(folder, "latents", add_affine)
    latents = load_pack(folder).latents
    w = torch.randn(8, STYLE_DIM)
    moved = w + latents.start_offset(w, ["smiling", "blond hair"], 1.0)
    assert torch.allclose(moved, (latents.prior.mean + 1.0).expand(8, -1), atol=1e-5)


@pytest.mark.parametrize("preset", ["full", "fast"])
def test_an_edit_runs_through_the_engine(pack, preset):
    w_source = invert(pack, pictures(1))[0]
    job = pack.job(w_source, from_text("smiling"), pack.preset(preset))
    (result,) = Engine(pack.models()).run([job])
    assert result.image.shape == (3, SIZE, SIZE)
    assert result.steps == pack.preset(preset).steps
    rendered = pack.generator(result.w_plus[None])[0].clamp(-1, 1)
    torch.testing.assert_close(result.image, rendered, atol=1e-4, rtol=0)  # the engine's generator is its frozen form


PACK_ERRORS = [
    pack_errors.PackUnknown("x", ("portraits",)),
    pack_errors.PackIncomplete("folder", "pack.yaml"),
    pack_errors.FileMissing("file"),
    pack_errors.DeviceUnavailable("cuda", "not compiled"),
    pack_errors.PackInvalid("pack.yaml", "colour"),
    pack_errors.HashMismatch("file", "a", "b"),
    pack_errors.CheckpointUnreadable("file", "no zip"),
    pack_errors.KeyMissing("file", "key", 3),
    pack_errors.KeyUnexpected("file", "key", 1),
    pack_errors.ShapeMismatch("file", "key", (1, 2), (2, 1)),
    pack_errors.ParameterCountWrong("file", 1, 2),
]


@pytest.mark.parametrize("error", PACK_ERRORS, ids=lambda error: type(error).__name__)
def test_pack_errors_survive_a_pickle_and_say_something(error):
    copy = pickle.loads(pickle.dumps(error))
    assert repr(copy) == repr(error)
    assert str(copy) == str(error) != ""


def test_pack_yaml_lists_every_weight_file(pack):
    names = {part.file for part in pack.file.weight_files().values()}
    assert names == {path.name for path in pack.folder.glob("*.safetensors")}
    assert json.loads(pack.file.model_dump_json())["name"] == "small"
