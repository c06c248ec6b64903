import copy
from pathlib import Path

import pytest
import yaml
from chatedit.serving.app_config import DEFAULT_FILE, AppConfig, ConfigError, read_ray_config
from chatedit.serving.local_cluster import MIN_CPUS
from pydantic import ValidationError
from ray.serve.schema import ServeDeploySchema


def changed(path: tuple, value: object) -> dict:
    """The shipped file with one key set."""
    data = copy.deepcopy(yaml.safe_load(DEFAULT_FILE.read_text()))
    part = data
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    return data


def written(folder: Path, data: dict) -> Path:
    path = folder / "ray_config.yaml"
    path.write_text(yaml.safe_dump(data))
    return path


def test_the_shipped_file_is_right_for_us_and_for_ray():
    config = read_ray_config()
    data = yaml.safe_load(DEFAULT_FILE.read_text())
    ray = ServeDeploySchema.model_validate(data)
    assert ray.applications[0].import_path == config.applications[0].import_path
    assert AppConfig.model_validate(ray.applications[0].args) == config.applications[0].args


ARGS = ("applications", 0, "args")


@pytest.mark.parametrize(
    "path",
    [
        ("prox_location",),
        ("http_options", "hots"),
        ("applications", 0, "deployments"),
        (*ARGS, "pakc"),
        (*ARGS, "editor", "num_gpu"),
        (*ARGS, "editor", "replicas", "max"),
    ],
)
def test_an_unknown_key_is_refused_by_its_name(tmp_path: Path, path: tuple):
    with pytest.raises(ConfigError, match=str(path[-1])):
        read_ray_config(written(tmp_path, changed(path, 1)))


@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        ((*ARGS, "dialogue", "max_batch_size"), 64, "batches never fill"),
        ((*ARGS, "editor", "max_batch"), 64, "batches never fill"),
        ((*ARGS, "editor", "edit_timeout_s"), 400, "graceful_shutdown_timeout_s"),
        ((*ARGS, "ingress", "graceful_shutdown_timeout_s"), 10, "to end turns"),
        ((*ARGS, "ingress", "max_turns"), 200, "max_turns"),
        (("applications", 0, "import_path"), "os:system", "import_path"),
    ],
)
def test_numbers_that_do_not_fit_each_other_are_refused(tmp_path: Path, path: tuple, value: object, why: str):
    with pytest.raises(ConfigError, match=why):
        read_ray_config(written(tmp_path, changed(path, value)))


def test_every_queue_is_bounded():
    args = read_ray_config().applications[0].args
    for part in (args.ingress, args.dialogue, args.inverter, args.editor):
        assert part.options()["max_queued_requests"] > 0
        assert part.options()["max_ongoing_requests"] > 0


@pytest.mark.parametrize("args", [AppConfig(), read_ray_config().applications[0].args])
def test_one_of_everything_fits_on_two_processors(args: AppConfig):
    parts = (args.ingress, args.dialogue, args.inverter, args.editor)
    assert sum(part.num_cpus for part in parts) <= MIN_CPUS


def test_gpus_may_be_shared():
    part = AppConfig.model_validate({"editor": {"num_gpus": 0.5}, "device": "cuda"}).editor
    assert part.options()["ray_actor_options"]["num_gpus"] == 0.5
    with pytest.raises(ValidationError):
        AppConfig.model_validate({"editor": {"num_gpus": -1}})


def test_a_missing_file_is_a_typed_error(tmp_path: Path):
    with pytest.raises(ConfigError):
        read_ray_config(tmp_path / "nothing.yaml")


def test_the_manifest_for_kubernetes_holds_a_right_configuration(tmp_path: Path):
    manifest = yaml.safe_load((DEFAULT_FILE.parent / "deploy" / "kuberay.yaml").read_text())
    path = tmp_path / "ray_config.yaml"
    path.write_text(manifest["spec"]["serveConfigV2"])
    args = read_ray_config(path).applications[0].args
    cluster = manifest["spec"]["rayClusterConfig"]
    assert 2 * args.ingress.replicas * args.ingress.max_turns < 100  # PostgreSQL's default `max_connections`
    assert cluster["authOptions"]["mode"] == "token"
    assert [*map(int, cluster["rayVersion"].split("."))] >= [2, 52, 0]  # from here on Ray knows tokens
    assert cluster["headGroupSpec"]["rayStartParams"]["dashboard-host"] == "0.0.0.0"  # the operator submits there
    pods = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    graces = [pod["template"]["spec"]["terminationGracePeriodSeconds"] for pod in pods]
    assert min(graces) > max(args.editor.graceful_shutdown_timeout_s, args.ingress.graceful_shutdown_timeout_s)
