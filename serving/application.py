"""The Ray Serve application: a typed builder from `ray_config.yaml`, the same on a laptop and on a cluster."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from fastapi import FastAPI
from ray import serve
from ray.serve import Application
from ray.serve.handle import DeploymentHandle

from ..dialogue.protocols import DialogueModel
from ..dialogue.second_trackers import open_second_tracker
from ..tools.editor import Editor
from ..tools.ray_editor import RayEditor
from ..tools.samples import shipped_samples
from .api import create_app
from .app_config import AppConfig
from .assembly import open_border
from .config import Settings
from .deployments import DialogueDeployment, EditorDeployment, Inverter, InverterDeployment
from .metrics_board import SharedMetrics
from .ray_dialogue import RayDialogueModel
from .replicas import check_replicas
from .telemetry import install_telemetry

MODELS = ("DialogueModel", "Inverter", "Editor")  # names of deployments


@dataclass(frozen=True, slots=True)
class ModelLoaders:
    """What makes the models, called once in each replica."""

    dialogue: Callable[[], DialogueModel]
    inverter: Callable[[], Inverter]
    editor: Callable[[], Editor]


@serve.deployment(name="Ingress")
@serve.ingress()
class Ingress:
    """HTTP and conversations; the models are behind handles."""

    def __init__(
        self, config: AppConfig, dialogue: DeploymentHandle, inverter: DeploymentHandle, editor: DeploymentHandle
    ) -> None:
        self._stack = ExitStack()
        self._has_siblings = config.ingress.replicas != 1
        install_telemetry(Settings())
        application = serve.get_replica_context().app_name
        self._border = self._stack.enter_context(
            open_border(
                RayDialogueModel(dialogue),
                RayEditor(editor, inverter),
                Settings(),
                config.ingress.limits(),
                config.editor.edit_timeout_s,
                config.preset,
                {name.lower(): partial(check_replicas, application, name) for name in MODELS},
                config.seed,
                None if config.second_tracker is None else open_second_tracker(config.second_tracker),
                shipped_samples(config.pack),
            )
        )

    def __serve_build_asgi_app__(self) -> FastAPI:
        app = create_app(self._border)
        if self._has_siblings:
            shared = SharedMetrics(self._border.service.metrics.exposition)
            self._stack.callback(shared.close)
            app.state.metrics_page = shared.page
        return app

    def __del__(self) -> None:  # Ray Serve calls it after the drain
        self._stack.close()


def build(args: AppConfig) -> Application:
    """The application with the models that the configuration names; Ray Serve and `chatedit serve` call it."""
    return build_with(args, loaders_of(args))


def build_with(config: AppConfig, loaders: ModelLoaders) -> Application:
    """The application over any models."""
    dialogue = DialogueDeployment.options(**config.dialogue.options()).bind(
        loaders.dialogue, config.dialogue.max_batch_size, config.dialogue.batch_wait_timeout_s
    )
    inverter = InverterDeployment.options(**config.inverter.options()).bind(
        loaders.inverter, config.inverter.max_batch_size, config.inverter.batch_wait_timeout_s
    )
    editor = EditorDeployment.options(**config.editor.options()).bind(
        loaders.editor, config.editor.max_ongoing_requests, config.editor.stuck_after_s
    )
    return Ingress.options(**config.ingress.options()).bind(config, dialogue, inverter, editor)


def loaders_of(config: AppConfig) -> ModelLoaders:
    """Loaders of the real models; nothing is loaded yet."""

    def dialogue() -> DialogueModel:
        from ..dialogue.t5 import load_dialogue_model

        return load_dialogue_model(config.dialogue.model, config.dialogue.engine, threads=config.dialogue.threads)

    def inverter() -> Inverter:
        from ..tools.local_inverter import load_local_inverter

        _use_threads(config.inverter.threads)
        return load_local_inverter(config.pack, config.device)

    def editor() -> Editor:
        from ..editing.pack import load_pack
        from ..tools.local_editor import LocalEditor

        _use_threads(config.editor.threads)
        pack = load_pack(config.pack, config.device)
        pack.preset(config.preset)  # a wrong name is told now, not at the first turn
        return LocalEditor(pack, config.editor.max_batch)

    return ModelLoaders(dialogue, inverter, editor)


def _use_threads(count: int) -> None:
    import torch

    torch.set_num_threads(count)
