import json
from pathlib import Path

import pytest
import torch
import typer
from chatedit.editing import commands
from chatedit.editing.credential_check import check_credentials
from chatedit.editing.image_file import to_image
from chatedit.editing.pack_format import PACK_YAML, sha256_of
from chatedit.editing.picture_row import GAP_PX, picture_row
from official_files import write_official_files
from PIL import Image
from small_pack import SIZE, write_small_pack
from typer.testing import CliRunner

torch.set_num_threads(1)

app = typer.Typer()
app.add_typer(commands.models, name="models")
app.add_typer(commands.bench, name="bench")
app.command()(commands.edit)


@pytest.fixture(scope="module")
def packs(tmp_path_factory) -> Path:
    return write_small_pack(tmp_path_factory.mktemp("packs")).parent


@pytest.fixture(scope="module")
def photo(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("photos") / "photo.png"
    to_image(torch.randn(3, 64, 64, generator=torch.Generator().manual_seed(0))).save(path)
    return path


def run(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "200"})


def run_well(*arguments: object) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_an_edited_picture_carries_content_credentials(packs, photo, tmp_path):
    for number, more in enumerate(([], ["--before-after"], ["--strip"])):
        out = tmp_path / f"{number}.png"
        run_well("edit", photo, "blond hair", "-o", out, "--pack", "small", "--packs", packs, *more)
        report = check_credentials(out.read_bytes())
        assert report.is_valid
        assert (report.belief_state, report.pack) == ({"hair color": ["blond hair"]}, "small")


def test_list_names_the_packs(packs):
    listed = json.loads(run_well("models", "list", "--packs", packs, "--json"))
    small = next(pack for pack in listed if pack["name"] == "small")
    assert small["domain"] == "random pictures"
    assert small["megabytes"] > 0
    assert "small" in run_well("models", "list", "--packs", packs)


def test_a_broken_pack_does_not_hide_the_others(tmp_path):
    write_small_pack(tmp_path)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / PACK_YAML).write_text("name: [")
    listed = {pack["name"]: pack for pack in json.loads(run_well("models", "list", "--packs", tmp_path, "--json"))}
    assert "no YAML" in listed["broken"]["problem"]
    assert listed["small"]["domain"] == "random pictures"
    assert "no YAML" in run_well("models", "list", "--packs", tmp_path)


def test_show_names_components_and_presets(packs):
    output = run_well("models", "show", "small", "--packs", packs)
    assert all(word in output for word in ("generator", "clip.safetensors", "full (default)", "fast", "Apache-2.0"))


def test_verify_passes_a_whole_pack(packs):
    assert "is whole" in run_well("models", "verify", "small", "--packs", packs)


def test_verify_fails_a_changed_pack(tmp_path):
    path = write_small_pack(tmp_path) / "encoder.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    result = run("models", "verify", "small", "--packs", tmp_path)
    assert result.exit_code == 1
    assert "SHA-256" in result.output
    assert "Traceback" not in result.output


def test_import_makes_a_pack_that_verifies(tmp_path):
    files = write_official_files(tmp_path / "official")
    parts = ("--generator", files.generator, "--encoder", files.encoder, "--identity", files.identity)
    clip = ("--clip", files.clip_name, "--clip-weights", files.clip_weights)
    digest = f"generator={sha256_of(files.generator)}"
    more = ("--sha256", digest, "--packs", tmp_path / "packs", "--name", "mine", "--dialogue", files.dialogue_model)
    run_well("models", "import", *parts, *clip, *more)
    assert (tmp_path / "packs" / "mine" / PACK_YAML).is_file()
    assert "is whole" in run_well("models", "verify", "mine", "--packs", tmp_path / "packs")
    (tmp_path / "packs" / "mine" / "dialogue" / "config.json").unlink()
    broken = run("models", "verify", "mine", "--packs", tmp_path / "packs")
    assert (broken.exit_code, "config.json" in broken.output) == (1, True)


@pytest.mark.parametrize("digest", ["generator", "generator=", "generator=ab", "lamp=" + "ab" * 32])
def test_a_hash_that_cannot_be_checked_is_refused(tmp_path, digest):
    parts = [option for part in ("--generator", "--encoder", "--identity") for option in (part, tmp_path / "none.pt")]
    result = run("models", "import", *parts, "--sha256", digest)
    assert result.exit_code == 2
    assert "SHA-256" in result.output


def test_import_says_what_is_wrong(tmp_path):
    files = write_official_files(tmp_path / "official")
    result = run(
        "models", "import", "--generator", files.identity, "--encoder", files.encoder, "--identity", files.identity
    )
    assert result.exit_code == 1
    assert "ir_se50.pth" in result.output
    assert "g_ema" in result.output


@pytest.mark.parametrize("state", ["smiling, blond hair", '{"hair color": ["blond hair"]}', "makeup: lipstick"])
def test_edit_writes_the_picture(packs, photo, tmp_path, state):
    out = tmp_path / "new folder" / "edited.png"
    run_well("edit", photo, state, "-o", out, "--pack", "small", "--packs", packs, "--preset", "fast")
    with Image.open(out) as image:
        assert image.size == (SIZE, SIZE)


def test_edit_puts_before_and_after_in_a_row(packs, photo, tmp_path):
    run_well("edit", photo, "smiling", "-o", tmp_path / "e.png", "--pack", "small", "--packs", packs, "--before-after")
    with Image.open(tmp_path / "e.png") as image:
        assert image.size == (2 * SIZE + GAP_PX, SIZE)


def test_edit_shows_the_way_in_a_strip(packs, photo, tmp_path):
    run_well("edit", photo, "smiling", "-o", tmp_path / "e.png", "--pack", "small", "--packs", packs, "--strip")
    with Image.open(tmp_path / "e.png") as image:
        assert image.size == (7 * SIZE + 6 * GAP_PX, SIZE)  # photo, reconstruction, four steps, result


def test_each_seed_gives_its_own_result(packs, photo, tmp_path):
    pictures = []
    for name, seed in (("a", 1), ("b", 2), ("c", 1), ("d", 0)):
        out = tmp_path / f"{name}.png"
        run_well("edit", photo, "smiling", "-o", out, "--pack", "small", "--packs", packs, "--seed", seed)
        pictures.append(Image.open(out).tobytes())  # the files differ by their signatures
    assert pictures[0] == pictures[2]
    assert len(set(pictures)) == 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("sparkling",), "sparkling"),
        (("smiling", "--preset", "quick"), "quick"),
        (("smiling", "--pack", "ffhq"), "ffhq"),
        (("",), "requests nothing"),
        (("{",), "belief state"),
        (("smiling", "--device", "warp"), "device 'warp'"),
    ],
)
def test_edit_says_what_is_wrong_in_a_line(packs, photo, tmp_path, arguments, words):
    pack = () if "--pack" in arguments else ("--pack", "small")
    result = run("edit", photo, *arguments, *pack, "--packs", packs, "-o", tmp_path / "e.png")
    assert result.exit_code == 1
    assert words in result.output
    assert "Traceback" not in result.output
    assert not (tmp_path / "e.png").exists()


def test_edit_refuses_at_once_to_write_where_it_cannot(packs, photo, tmp_path):
    (tmp_path / "file").touch()
    for out in (tmp_path, tmp_path / "file" / "edited.png"):
        result = run("edit", photo, "smiling", "-o", out, "--pack", "small", "--packs", packs)
        assert result.exit_code == 2
        assert "--out" in result.output


def test_edit_refuses_what_is_no_picture(packs, tmp_path):
    path = tmp_path / "photo.png"
    path.write_text("no picture")
    result = run("edit", path, "smiling", "--pack", "small", "--packs", packs)
    assert result.exit_code == 1
    assert "JPEG" in result.output


def test_bench_compares_the_presets(packs):
    scores = json.loads(run_well("bench", "edit", "--pack", "small", "--packs", packs, "-n", 2, "--json"))
    assert [score["preset"] for score in scores] == ["full", "fast"]
    assert [score["steps"] for score in scores] == [6, 2]
    assert all(-1 <= score["identity"] <= 1.001 and score["present"] is None for score in scores)
    assert "s/edit" in run_well("bench", "edit", "--pack", "small", "--packs", packs, "-n", 1, "--preset", "fast")


def test_a_row_scales_its_pictures_to_one_height():
    row = picture_row([Image.new("RGB", (10, 10), "red"), Image.new("RGB", (40, 20), "blue")])
    assert row.size == (20 + GAP_PX + 40, 20)
    assert row.getpixel((5, 15)) == (255, 0, 0)
    assert row.getpixel((20 + GAP_PX, 10)) == (0, 0, 255)
