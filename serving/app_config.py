"""The typed form of `ray_config.yaml`: how many of what, and which queue is how long. Unknown keys are refused."""

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ..editing.image_file import ImageLimits
from .service import ServiceLimits
from .usage import RateLimits

DEFAULT_FILE = Path(__file__).parents[1] / "ray_config.yaml"
IMPORT_PATH = "chatedit.serving.application:build"
DRAIN_MARGIN_S = 5.0


class ConfigError(Exception):
    """A configuration cannot be used. Args: file, what is wrong."""

    def __str__(self) -> str:
        return f"{self.args[0]}: {self.args[1]}"


class Strict(BaseModel):
    """Base of all parts."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class Autoscaling(Strict):
    """How replicas follow the load.

    Attributes:
        target_ongoing_requests: running and waiting requests for each replica that are aimed at.
    """

    min_replicas: Annotated[int, Field(ge=0)] = 1
    max_replicas: Annotated[int, Field(ge=1)] = 4
    target_ongoing_requests: Annotated[float, Field(gt=0)] = 2.0
    upscale_delay_s: Annotated[float, Field(ge=0)] = 10.0
    downscale_delay_s: Annotated[float, Field(ge=0)] = 300.0


class DeploymentConfig(Strict):
    """What all deployments have.

    Attributes:
        replicas: how many, or how they follow the load.
        num_cpus, num_gpus: what a replica reserves; fractions share a device.
        max_ongoing_requests: what a replica works on at once.
        max_queued_requests: what may wait at each caller; beyond it callers are refused.
        graceful_shutdown_timeout_s: what a replica that is to stop may take to finish its work.
        health_check_period_s: between two checks.
    """

    replicas: Annotated[int, Field(ge=1)] | Autoscaling = 1
    num_cpus: Annotated[float, Field(ge=0)] = 1.0
    num_gpus: Annotated[float, Field(ge=0)] = 0.0
    max_ongoing_requests: Annotated[int, Field(ge=1)] = 8
    max_queued_requests: Annotated[int, Field(ge=1)] = 32
    graceful_shutdown_timeout_s: Annotated[float, Field(gt=0)] = 30.0
    health_check_period_s: Annotated[float, Field(gt=0)] = 5.0

    def options(self) -> dict[str, Any]:
        """Arguments of `Deployment.options`."""
        scale = self.replicas
        return {
            **({"num_replicas": scale} if isinstance(scale, int) else {"autoscaling_config": scale.model_dump()}),
            "ray_actor_options": {"num_cpus": self.num_cpus, "num_gpus": self.num_gpus},
            "max_ongoing_requests": self.max_ongoing_requests,
            "max_queued_requests": self.max_queued_requests,
            "graceful_shutdown_timeout_s": self.graceful_shutdown_timeout_s,
            "graceful_shutdown_wait_loop_s": 0.5,
            "health_check_period_s": self.health_check_period_s,
            "health_check_timeout_s": 2 * self.health_check_period_s,
        }


class Batched(DeploymentConfig):
    """A deployment that works on several requests in one pass of its model.

    Attributes:
        max_batch_size: requests of one pass.
        batch_wait_timeout_s: how long the first of them waits for others; those that come while the model works run
            together afterwards in any case.
    """

    max_batch_size: Annotated[int, Field(ge=1)] = 8
    batch_wait_timeout_s: Annotated[float, Field(ge=0)] = 0.0

    @model_validator(mode="after")
    def _batches_can_fill(self) -> "Batched":
        if self.max_ongoing_requests < self.max_batch_size:
            raise ValueError("max_ongoing_requests must be at least max_batch_size, or batches never fill")
        return self


class IngressConfig(DeploymentConfig):
    """The border: HTTP, conversations, bookkeeping. No model runs here.

    Attributes:
        max_turns: turns that run at once in a replica; further ones are answered with 429.
        requests_per_minute, compute_s_per_hour: of one owner; null for no limit.
        max_image_bytes, max_image_pixels: of an uploaded picture.
    """

    num_cpus: Annotated[float, Field(ge=0)] = 0.25
    max_ongoing_requests: Annotated[int, Field(ge=1)] = 200
    max_queued_requests: Annotated[int, Field(ge=1)] = 200
    graceful_shutdown_timeout_s: Annotated[float, Field(gt=0)] = 150.0
    max_turns: Annotated[int, Field(ge=1)] = 16
    requests_per_minute: Annotated[int, Field(ge=1)] | None = 600
    compute_s_per_hour: Annotated[float, Field(gt=0)] | None = 1800.0
    max_image_bytes: Annotated[int, Field(ge=1)] = 20_000_000
    max_image_pixels: Annotated[int, Field(ge=1)] = 50_000_000

    @model_validator(mode="after")
    def _turns_are_refused_by_us(self) -> "IngressConfig":
        if self.max_ongoing_requests <= self.max_turns:
            raise ValueError("max_ongoing_requests must be above max_turns, or a full replica cannot even say so")
        return self

    def limits(self) -> ServiceLimits:
        """As the service takes them."""
        rates = RateLimits(self.requests_per_minute, self.compute_s_per_hour)
        images = ImageLimits(max_bytes=self.max_image_bytes, max_pixels=self.max_image_pixels)
        return ServiceLimits(self.max_turns, rates, images)


class DialogueConfig(Batched):
    """Tracker and responder.

    Attributes:
        model: folder or hub id; the embedded one where null.
        engine: what runs it; `torch` on GPUs.
        threads: CPU threads of a replica, 0 for all.
    """

    num_cpus: Annotated[float, Field(ge=0)] = 0.5
    model: str | None = None
    engine: Literal["ctranslate2", "torch"] = "ctranslate2"
    threads: Annotated[int, Field(ge=0)] = 1


class InverterConfig(Batched):
    """Photo to latent. `threads` as above."""

    num_cpus: Annotated[float, Field(ge=0)] = 0.25
    threads: Annotated[int, Field(ge=1)] = 1
    max_batch_size: Annotated[int, Field(ge=1)] = 4


class EditorConfig(DeploymentConfig):
    """The edit engine.

    Attributes:
        max_batch: edits that advance together in a replica.
        threads: CPU threads of a replica.
        edit_timeout_s: of one edit, waiting included.
        stuck_after_s: an engine that took no step for so long while edits run is replaced.
    """

    max_batch: Annotated[int, Field(ge=1)] = 4
    threads: Annotated[int, Field(ge=1)] = 1
    edit_timeout_s: Annotated[float, Field(gt=0)] = 120.0
    stuck_after_s: Annotated[float, Field(gt=0)] = 60.0
    graceful_shutdown_timeout_s: Annotated[float, Field(gt=0)] = 150.0

    @model_validator(mode="after")
    def _edits_can_drain(self) -> "EditorConfig":
        if self.graceful_shutdown_timeout_s < self.edit_timeout_s + DRAIN_MARGIN_S:
            raise ValueError(f"graceful_shutdown_timeout_s must be {DRAIN_MARGIN_S:g} s above edit_timeout_s")
        if self.max_ongoing_requests < self.max_batch:
            raise ValueError("max_ongoing_requests must be at least max_batch, or batches never fill")
        return self


class AppConfig(Strict):
    """The application.

    Attributes:
        pack: model pack by name or folder.
        preset: of all edits; the pack's own where null.
        device: where inverter and editor run, `cpu` or `cuda`.
        seed: samples the wording of replies; greedy where null.
        second_tracker: another one by name (`keywords`, `llm-state:MODEL`), recorded beside the first to show where
            the two differ; null for none.
    """

    pack: str = "portraits"
    preset: str | None = "fast"
    device: str = "cpu"
    seed: int | None = None
    second_tracker: str | None = "keywords"
    ingress: IngressConfig = Field(default_factory=IngressConfig)
    dialogue: DialogueConfig = Field(default_factory=DialogueConfig)
    inverter: InverterConfig = Field(default_factory=InverterConfig)
    editor: EditorConfig = Field(default_factory=EditorConfig)

    @model_validator(mode="after")
    def _turns_can_drain(self) -> "AppConfig":
        if self.ingress.graceful_shutdown_timeout_s < self.editor.edit_timeout_s + DRAIN_MARGIN_S:
            raise ValueError("ingress.graceful_shutdown_timeout_s must be above editor.edit_timeout_s, to end turns")
        return self


class HttpOptions(Strict):
    """Where Ray Serve listens; `chatedit serve` takes its own options or the environment's instead."""

    host: str = "0.0.0.0"
    port: int = 8000
    request_timeout_s: float | None = None
    keep_alive_timeout_s: int = 90


class RayApplication(Strict):
    """One entry of `applications`. Replicas and queues are in `args`, where they are checked."""

    name: str
    route_prefix: str = "/"
    import_path: Literal["chatedit.serving.application:build"] = IMPORT_PATH
    runtime_env: dict[str, Any] = Field(default_factory=dict)
    args: AppConfig = Field(default_factory=AppConfig)


class RayConfig(Strict):
    """The whole file."""

    proxy_location: Literal["EveryNode", "HeadOnly"] = "EveryNode"
    http_options: HttpOptions = Field(default_factory=HttpOptions)
    logging_config: dict[str, Any] = Field(default_factory=dict)
    applications: Annotated[list[RayApplication], Field(min_length=1, max_length=1)]


def read_ray_config(path: Path = DEFAULT_FILE) -> RayConfig:
    """The checked contents of a file.

    Raises:
        ConfigError: names the key that is unknown or wrong.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        return RayConfig.model_validate(data)
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(str(path), str(error)) from error
    except ValidationError as error:
        wrong = max(error.errors(), key=lambda one: len(one["loc"]))  # of a union, the branch that fits best
        where = ".".join(str(part) for part in wrong["loc"])
        raise ConfigError(str(path), f"{where}: {wrong['msg']}") from error
