"""From models and settings to a border: the same for a replica of Ray Serve and for a test."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from ..agent.checkpointers import open_checkpointer
from ..agent.conversation import Conversations
from ..agent.graph import build_graph
from ..agent.second_opinion import SecondOpinion
from ..agent.thread_leases import Leases, PostgresLeases
from ..dialogue.protocols import DialogueModel
from ..dialogue.second_trackers import SecondTracker
from ..tools.edit_face import edit_face_tool
from ..tools.editor import Editor
from ..tools.leases import FolderLeases
from ..tools.samples import Sample
from ..tools.store import Store
from .border import Border
from .config import Settings
from .database import Database
from .keys import KeyRing
from .measured_editor import MeasuredEditor
from .metrics import Metrics
from .service import Service, ServiceLimits
from .signed_urls import UrlSigner, signing_secret

PURGE_TIMEOUT_S = 1.0
SPARE_WORKERS = 4  # beyond the turns' slots, so that a refusal never waits for a worker


@contextmanager
def open_border(
    model: DialogueModel,
    editor: Editor,
    settings: Settings,
    limits: ServiceLimits = ServiceLimits(),  # noqa: B008 - frozen
    edit_timeout_s: float = 120.0,
    preset: str | None = None,
    checks: Mapping[str, Callable[[], object]] | None = None,
    seed: int | None = None,
    second: SecondTracker | None = None,
    portraits: Sequence[Sample] = (),
) -> Iterator[Border]:
    """Open threads, store and bookkeeping, and build the service over them.

    Args:
        model, editor: local ones, or clients of replicas.
        settings: where things are.
        limits: what this process accepts.
        edit_timeout_s: of one edit, waiting included.
        preset: of all edits; the pack's own where None.
        checks: of `/ready`, beside those of database and store.
        seed: samples the wording of replies; greedy where None.
        second: another tracker, whose opinion is recorded beside the first's.
        portraits: those that the pack ships, to start with.
    """
    metrics = Metrics()
    editor = MeasuredEditor(editor, metrics)
    with ExitStack() as stack:
        dsn = settings.postgres
        leases: Leases = PostgresLeases(dsn) if dsn else FolderLeases(settings.home / "leases")
        checkpointer = stack.enter_context(open_checkpointer(dsn or settings.home / "threads.sqlite"))
        database = Database(settings.database_url)
        stack.callback(database.close)
        is_shared = dsn is not None or "://" in settings.store_location  # otherwise its locks lie beside the pictures
        store = Store(settings.store_location, leases if is_shared else None)
        tool = edit_face_tool(editor, store, timeout_s=edit_timeout_s, default_preset=preset)
        opinion = None if second is None else SecondOpinion(second, on_record=metrics.note_opinion)
        if opinion is not None:
            stack.callback(opinion.close)
        graph = build_graph(model, tool, checkpointer, opinion=opinion, seed=seed)
        talk = Conversations(graph, leases, editor.cancel, opinion)
        purge = (lambda: None) if dsn else _purger(settings.home)
        keys, signer = KeyRing(database), UrlSigner(signing_secret(settings))
        service = Service(talk, editor, store, database, signer.name, limits, purge, metrics)
        stack.enter_context(service.board.touching())
        pool = ThreadPoolExecutor(limits.max_turns + SPARE_WORKERS, thread_name_prefix="turn")
        stack.callback(pool.shutdown, wait=True, cancel_futures=True)
        parts = {"database": database.check, "store": store.check, **(checks or {})}
        yield Border(service, keys, signer, settings, pool, parts, portraits)


def _purger(home: Path) -> Callable[[], None]:
    """Empties the write-ahead logs of SQLite, which keep deleted rows; as far as nobody reads at the moment."""

    def purge() -> None:
        for path in home.glob("*.sqlite"):
            with closing(sqlite3.connect(path, timeout=PURGE_TIMEOUT_S)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    return purge
