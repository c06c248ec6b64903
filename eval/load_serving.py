"""Load on a real local Ray Serve with the real models: several users at once, for minutes.

`chatedit bench serving`. It fails where anything but 429 was answered with an error, an accepted turn was not answered,
or memory grew.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

from ..dialogue.dialogue_file import read_dialogues
from ..serving.app_config import AppConfig
from ..serving.config import Settings
from ..serving.local_cluster import serving_here
from .load_memory import Growth, MemoryWatch, Sample, growth
from .load_users import SCRIPTS, Tally, use_service

MAX_GROWTH = 0.05
WARM_UP_S = 600.0
SHOWN_FAULTS = 20


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What a load came to.

    Attributes:
        tally: of all users.
        memory: of this process and all that it started, Ray's and the replicas'.
        max_growth: of memory from the first to the last quarter of the time, that is allowed; a share in [0, 1].
    """

    tally: Tally
    memory: Sequence[Sample]
    max_growth: float = MAX_GROWTH

    @property
    def growth(self) -> Growth:
        """Of memory."""
        return growth(self.memory)

    @property
    def faults(self) -> list[str]:
        """Why it failed; empty where it did not."""
        found = list(self.tally.faults)
        if (unanswered := self.tally.accepted - self.tally.answered) > 0:
            found.append(f"{unanswered} accepted turns were not answered")
        if not self.tally.answered:
            found.append("no turn was answered")
        if self.growth.share > self.max_growth:
            found.append(f"memory grew by {self.growth.share:.1%}; {self.max_growth:.0%} are allowed")
        return found


def load_serving(
    num_users: int,
    minutes: float,
    scripts: Sequence[Sequence[str]] = SCRIPTS,
    port: int = 8766,
    max_growth: float = MAX_GROWTH,
) -> LoadReport:
    """Start the service as `chatedit serve` does, over an empty home, and use it.

    A conversation of each user comes first and is not counted: libraries take what they keep for good then. Owners have
    no limits (all users are one owner here), and editors do not multiply, which would be more memory on purpose.
    """
    config = AppConfig.model_validate(
        {"ingress": {"requests_per_minute": None, "compute_s_per_hour": None}, "editor": {"replicas": 1}}
    )
    with (
        tempfile.TemporaryDirectory() as name,
        serving_here(Settings(home=Path(name), port=port), config) as (url, _),
    ):
        first = use_service(url, num_users, WARM_UP_S, scripts, num_threads=1)
        with MemoryWatch() as memory:
            tally = use_service(url, num_users, 60.0 * minutes, scripts)
    tally.faults += first.faults
    return LoadReport(tally, memory.samples, max_growth)


def scripts_of(path: Path) -> list[list[str]]:
    """What the users of a dialogue file say."""
    return [[turn.user for turn in dialogue.turns] for dialogue in read_dialogues(path)]


def report_lines(report: LoadReport) -> list[str]:
    """The report as text."""
    tally, memory = report.tally, report.growth
    refused = tally.statuses["turn", 429]
    lines = [f"turns: {tally.accepted} accepted, {tally.answered} answered, {refused} refused (429) and repeated"]
    if len(tally.latencies_s) > 1:
        cuts = quantiles(tally.latencies_s, n=20)
        lines.append(f"a turn takes p50 {cuts[9]:.1f} s, p95 {cuts[18]:.1f} s")
    lines += [f"{what:8s} {status} {count:6d} times" for (what, status), count in sorted(tally.statuses.items())]
    lines.append(
        f"memory of {report.memory[-1].num_processes} processes: {memory.first / 1e6:.0f} MB in the first quarter, "
        f"{memory.last / 1e6:.0f} MB in the last: {memory.share:+.1%}"
    )
    faults = report.faults
    lines += [f"FAULT: {fault}" for fault in faults[:SHOWN_FAULTS]]
    if len(faults) > SHOWN_FAULTS:
        lines.append(f"... and {len(faults) - SHOWN_FAULTS} more")
    return lines
