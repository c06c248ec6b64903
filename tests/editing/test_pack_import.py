import argparse
import dataclasses
import shutil
from pathlib import Path

import pytest
import torch
from chatedit.editing import pack_errors
from chatedit.editing.architecture import encoder_architecture, generator_architecture, identity_architecture
from chatedit.editing.identity import FFHQ_FACE
from chatedit.editing.inversion import encode
from chatedit.editing.pack import build_encoder, build_generator, build_identity, load_pack
from chatedit.editing.pack_format import PACK_YAML, PackFile, sha256_of
from chatedit.editing.pack_import import OfficialFiles, import_pack
from chatedit.editing.pack_trial import try_pack
from chatedit.editing.pack_weights import check_shapes
from chatedit.editing.presets import PAPER
from official_files import SIZE, files_in, save, write_official_files
from reference import FOLDER, checkpoint_keys
from small_pack import NO_WEIGHTS, PACK

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    return write_official_files(tmp_path_factory.mktemp("written") / "official").generator.parent


@pytest.fixture
def files(written: Path, tmp_path: Path) -> OfficialFiles:
    """A copy that a test may spoil."""
    return files_in(shutil.copytree(written, tmp_path / "official"))


@pytest.fixture(scope="module")
def imported(tmp_path_factory) -> tuple[OfficialFiles, Path]:
    folder = tmp_path_factory.mktemp("import")
    files = write_official_files(folder / "official")
    return files, import_pack(files, packs_folder=folder / "packs")


def rewrite(path: Path, change) -> None:
    data = torch.load(path, weights_only=True)
    change(data)
    save(path, data)


def test_the_imported_pack_holds_the_same_networks(imported):
    files, folder = imported
    pack = load_pack(folder)
    official = torch.load(files.generator, weights_only=True)["g_ema"]
    assert all(torch.equal(pack.generator.state_dict()[key], value) for key, value in official.items())
    average = torch.load(files.encoder, weights_only=True)["latent_avg"]
    assert torch.equal(pack.latents.latent_avg, average)
    picture = torch.zeros(1, 3, SIZE, SIZE)
    assert encode(pack, picture).shape == (1, pack.generator.num_ws, 16)
    try_pack(pack)


def test_the_imported_pack_edits_as_the_paper_does(imported):
    pack = load_pack(imported[1])
    assert pack.preset() == PAPER
    assert pack.file.identity.architecture.face_crop() == FFHQ_FACE
    assert pack.file.alignment == "ffhq"


def test_the_imported_pack_is_found_by_name(imported):
    assert load_pack("ffhq", packs_folder=imported[1].parent).folder == imported[1]


def test_sources_are_named_with_their_hashes(imported):
    files, folder = imported
    assert load_pack(folder).file.sources["encoder"] == f"e4e.pt sha256:{sha256_of(files.encoder)}"


def test_the_dialogue_model_comes_along_as_safetensors(imported):
    pack = load_pack(imported[1])
    assert pack.file.dialogue_model == "dialogue"
    names = {path.name for path in (pack.folder / "dialogue").iterdir()}
    assert names == {"config.json", "spiece.model", "model.safetensors"}


def test_a_pack_is_not_overwritten(imported):
    with pytest.raises(pack_errors.PackExists, match="another name"):
        import_pack(imported[0], packs_folder=imported[1].parent)


def test_nothing_is_left_behind_where_something_is_wrong(files, tmp_path):
    (files.dialogue_model / "config.json").unlink()
    with pytest.raises(pack_errors.PackIncomplete, match=r"config\.json"):
        import_pack(files, packs_folder=tmp_path / "packs")
    assert list((tmp_path / "packs").iterdir()) == []


def expect(error: type[Exception], words: str, files: OfficialFiles, tmp_path: Path) -> None:
    with pytest.raises(error, match=words):
        import_pack(files, packs_folder=tmp_path / "packs")
    assert not (tmp_path / "packs" / "ffhq").exists()


def test_a_missing_file_is_named(files, tmp_path):
    files.identity.unlink()
    expect(pack_errors.FileMissing, r"no file .*ir_se50\.pth", files, tmp_path)


def test_a_generator_without_g_ema_is_named(files, tmp_path):
    rewrite(files.generator, lambda data: data.pop("g_ema"))
    expect(pack_errors.KeyMissing, r"stylegan2\.pt.*g_ema", files, tmp_path)


def test_an_encoder_without_its_average_is_named(files, tmp_path):
    rewrite(files.encoder, lambda data: data.pop("latent_avg"))
    expect(pack_errors.KeyMissing, r"e4e\.pt.*latent_avg", files, tmp_path)


def test_a_missing_key_is_named(files, tmp_path):
    rewrite(files.encoder, lambda data: data["state_dict"].pop("encoder.latlayer1.bias"))
    expect(pack_errors.KeyMissing, r"e4e\.pt.*latlayer1\.bias", files, tmp_path)


def test_an_unexpected_key_is_named(files, tmp_path):
    rewrite(files.identity, lambda data: data.update({"extra.weight": torch.zeros(2)}))
    expect(pack_errors.KeyUnexpected, r"extra\.weight", files, tmp_path)


def test_a_wrong_shape_is_named(files, tmp_path):
    def change(data):
        data["g_ema"]["convs.1.conv.modulation.bias"] = torch.zeros(3)

    rewrite(files.generator, change)
    expect(pack_errors.ShapeMismatch, r"convs\.1\.conv\.modulation\.bias.*\[3\]", files, tmp_path)


def test_files_of_different_sizes_are_refused(files, tmp_path):
    rewrite(files.encoder, lambda data: data.update(latent_avg=torch.zeros(18, 16)))
    expect(pack_errors.ShapeMismatch, r"latent_avg.*\[18, 16\], expected \[8, 16\]", files, tmp_path)


def test_another_network_is_refused(files, tmp_path):
    swapped = dataclasses.replace(files, identity=files.generator)
    with pytest.raises(pack_errors.PackError, match=r"stylegan2\.pt"):
        import_pack(swapped, packs_folder=tmp_path / "packs")


def test_a_wrong_hash_is_named(files, tmp_path):
    expected = dataclasses.replace(files, expected_sha256={"identity": "ab" * 32})
    expect(pack_errors.HashMismatch, "abab", expected, tmp_path)


def test_the_right_hash_passes(files, tmp_path):
    hashes = {"generator": sha256_of(files.generator).upper(), "clip": sha256_of(Path(files.clip_weights))}
    import_pack(dataclasses.replace(files, expected_sha256=hashes), packs_folder=tmp_path / "packs")


def test_a_hash_of_clip_is_refused_where_a_tag_names_the_weights(files, tmp_path):
    tagged = dataclasses.replace(files, clip_weights="openai", expected_sha256={"clip": "ab" * 32})
    expect(pack_errors.PackInvalid, "only a file", tagged, tmp_path)


@pytest.mark.parametrize(("name", "error"), [("FFHQ", pack_errors.PackInvalid), ("portraits", pack_errors.PackExists)])
def test_a_name_that_no_pack_can_have_is_refused_before_anything_is_read(files, tmp_path, name, error):
    files.generator.unlink()
    with pytest.raises(error, match=name):
        import_pack(files, name, tmp_path / "packs")


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_an_incomplete_download_is_refused(files, tmp_path, share):
    data = files.generator.read_bytes()
    files.generator.write_bytes(data[: int(len(data) * share)])
    expect(pack_errors.CheckpointUnreadable, r"stylegan2\.pt.*damaged", files, tmp_path)


def test_objects_are_not_unpickled(files, tmp_path):
    save(files.identity, {"net": argparse.Namespace(lr=1)})
    expect(pack_errors.CheckpointUnreadable, "more than tensors", files, tmp_path)


def test_a_torchscript_archive_is_not_run(files, tmp_path):
    class Twice(torch.nn.Module):
        def forward(self, x):
            return 2 * x

    with pytest.warns((FutureWarning, DeprecationWarning), match="torch.jit"):
        torch.jit.script(Twice()).save(files.clip_weights)
    expect(pack_errors.CheckpointUnreadable, "TorchScript", files, tmp_path)


def test_weights_that_are_not_finite_are_refused(files, tmp_path):
    rewrite(files.identity, lambda data: data["body.0.res_layer.1.weight"].fill_(float("nan")))
    expect(pack_errors.PackInvalid, r"body\.0\.res_layer\.1\.weight holds NaN", files, tmp_path)


def test_an_unknown_clip_is_refused(files, tmp_path):
    unknown = dataclasses.replace(files, clip_name="ViT-Z-99")
    expect(pack_errors.PackInvalid, "ViT-Z-99", unknown, tmp_path)


def test_openai_weights_in_a_model_with_the_other_activation_are_refused(files, tmp_path):
    plain = dataclasses.replace(files, clip_name="ViT-B-32", clip_weights="openai")
    expect(pack_errors.PackInvalid, "ViT-B-32-quickgelu", plain, tmp_path)


def test_clip_weights_of_another_model_are_refused(files, tmp_path):
    rewrite(Path(files.clip_weights), lambda data: data.update({"text_projection": torch.zeros(4, 4)}))
    expect(pack_errors.ShapeMismatch, "text_projection", files, tmp_path)


def test_an_unknown_tag_names_those_that_there_are(files, tmp_path):
    other = dataclasses.replace(files, clip_name="ViT-B-32-quickgelu", clip_weights="mine.pt")
    expect(pack_errors.PackInvalid, "neither a file nor a pretrained tag.*openai", other, tmp_path)


@pytest.mark.parametrize(
    ("config", "words"),
    [('{"model_type": "bart"}', "bart"), ("{", "no JSON"), ("[]", "list")],
)
def test_a_dialogue_model_that_is_no_t5_is_refused(files, tmp_path, config, words):
    (files.dialogue_model / "config.json").write_text(config)
    expect(pack_errors.PackInvalid, words, files, tmp_path)


def test_dialogue_weights_of_another_size_are_refused(files, tmp_path):
    rewrite(files.dialogue_model / "pytorch_model.bin", lambda data: data.update({"shared.weight": torch.zeros(20, 9)}))
    expect(pack_errors.ShapeMismatch, r"shared\.weight", files, tmp_path)


official = pytest.mark.skipif(not (FOLDER / "checkpoint_keys.json").is_file(), reason="no reference folder")


def official_state(name: str, key: str = "") -> dict[str, torch.Tensor]:
    shapes = next(value for file, value in checkpoint_keys().items() if file.startswith(name) and key in file)
    return {key: torch.empty(shape, device="meta") for key, shape in shapes.items()}


@official
def test_the_official_files_are_recognised():
    path = Path("official")
    size, generator = generator_architecture(path, official_state("stylegan2"))
    faces = official_state("model_ir_se50")
    state = official_state("e4e", "state_dict")
    encoder = {key.removeprefix("encoder."): value for key, value in state.items() if key.startswith("encoder.")}
    file = PackFile.model_validate(
        {
            **PACK,
            "image_size_px": size,
            "generator": {**NO_WEIGHTS, "architecture": generator},
            "encoder": {**NO_WEIGHTS, "architecture": encoder_architecture(path, encoder)},
            "identity": {**NO_WEIGHTS, "architecture": identity_architecture(path, faces)},
        }
    )
    assert (size, file.identity.architecture.input_size, file.encoder.architecture.input_size) == (1024, 112, 256)
    with torch.device("meta"):
        networks = build_generator(file), build_encoder(file), build_identity(file)
    for network, found in zip(networks, (official_state("stylegan2"), encoder, faces), strict=True):
        check_shapes(path, found, {key: tuple(value.shape) for key, value in network.state_dict().items()})


def test_the_pack_file_is_the_only_yaml(imported):
    assert [path.name for path in imported[1].glob("*.yaml")] == [PACK_YAML]
