"""The conversation in a terminal: what is typed in, what is shown."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from ..dialogue import belief_state
from ..tools.errors import EditError
from .answer import Answer
from .assembly import Agent
from .conversation import OnEvent
from .errors import AgentError
from .export import export_thread
from .state import Turn
from .terminal_picture import terminal_picture

T = TypeVar("T")
LEAVE_S = 5.0  # to wait for the second tracker's last word
HELP = """Say what you would like to change: “make her blond”, “and some lipstick”, “no, drop the lipstick”.
Also in words: “undo”, “redo”, “go back to version 2”, “compare version 1 and 3”, “keep the left one”, “start over”.

/undo [N]  /redo [N]     back and forth by versions
/go N                    to version N (0 is the photo); what you say next branches off there
/compare [A B]           two versions side by side
/try IDEA | IDEA         several ideas from this version, side by side
/state                   what is asked for now
/history                 all versions
/second                  what the second tracker thought of earlier turns (chatedit chat --second NAME)
/export [FOLDER]         dialogue, pictures and strip as files
/help  /quit"""


class Chat:
    """One thread in a terminal.

    Args:
        agent: the conversations.
        thread: which one.
        console: where to print.
        out: folder into which each new picture is written.
        is_shown: whether pictures are drawn in the terminal too.
    """

    def __init__(self, agent: Agent, thread: str, console: Console, out: Path, is_shown: bool) -> None:
        self._agent, self._thread, self._console, self._out = agent, thread, console, out
        self._is_shown = is_shown
        self._commands: dict[str, Callable[[str], None]] = {
            "undo": lambda count: self._move(lambda: self._agent.talk.undo(self._thread, _count(count))),
            "redo": lambda count: self._move(lambda: self._agent.talk.redo(self._thread, _count(count))),
            "go": lambda number: self._move(lambda: self._agent.talk.go_to(self._thread, _number(number))),
            "compare": self._compare,
            "try": self._try,
            "state": self._show_state,
            "history": self._show_history,
            "second": self._show_second,
            "export": self._export,
            "help": lambda _: self._console.print(HELP, highlight=False, markup=False),
        }

    def greet(self) -> None:
        """Show the picture, finish what a killed process left, and say how to start."""
        answer = self._agent.talk.resume(self._thread)
        turn = self._agent.talk.state(self._thread)
        self._show_picture([turn.get("picture", "")])
        if answer is not None:
            self._show(answer)
        self._console.print("What would you like to change? (/help tells what I can do)")

    def leave(self) -> None:
        """Write down what the second tracker said of the last turns."""
        self._told(lambda: self._agent.talk.opinions(self._thread, LEAVE_S))

    def read(self, line: str) -> bool:
        """Handle one line; False where the user is done."""
        words = line.strip()
        if not words:
            return True
        if not words.startswith("/"):
            self._told(lambda: self._show(self._say(words)))
            return True
        name, _, rest = words[1:].partition(" ")
        if name in ("quit", "exit", "q"):
            return False
        command = self._commands.get(name)
        if command is None:
            self._console.print(f"There is no /{name}; /help lists what there is.", markup=False)
        else:
            self._told(lambda: command(rest.strip()))
        return True

    def _say(self, words: str) -> Answer:
        return self._watched(lambda on_event: self._agent.talk.say(self._thread, words, on_event))

    def _watched(self, work: Callable[[OnEvent], T]) -> T:
        """One turn or more, with a progress bar; Ctrl-C cancels the turn that runs."""
        columns = (TextColumn("editing"), BarColumn(), MofNCompleteColumn())
        with ThreadPoolExecutor(1) as worker, Progress(*columns, console=self._console, transient=True) as progress:
            bar = progress.add_task("edit", visible=False)

            def on_event(kind: str, data: dict) -> None:
                if kind == "progress" and data["num_steps"]:
                    progress.update(bar, completed=data["step"], total=data["num_steps"], visible=True)

            done = worker.submit(work, on_event)
            while True:
                try:
                    return done.result()
                except KeyboardInterrupt:
                    self._agent.talk.cancel(self._thread)

    def _move(self, move: Callable[[], Answer]) -> None:
        self._show(move())

    def _compare(self, rest: str) -> None:
        if rest:
            versions = [_number(part) for part in rest.replace(",", " ").replace(" and ", " ").split()]
            if len(versions) != 2:
                raise ValueError("give two versions: /compare 1 2")
            self._show(self._agent.talk.compare(self._thread, *versions))
        else:
            self._show(self._say("compare"))

    def _try(self, rest: str) -> None:
        ideas = [idea.strip() for idea in rest.split("|") if idea.strip()]
        if len(ideas) < 2:
            raise ValueError("give two ideas or more: /try make her blond | give her bangs")
        answers = self._watched(lambda on_event: self._agent.talk.try_ideas(self._thread, ideas, on_event))
        for idea, answer in zip(ideas, answers, strict=False):  # fewer answers where one was cancelled
            self._console.print(f"[bold green]idea>[/] {_escaped(idea)}")
            self._tell(answer)
        self._show_picture([answer.picture for answer in answers if answer.is_changed])
        self._console.print("Say “go to version N” to keep one.")

    def _show(self, answer: Answer) -> None:
        self._tell(answer)
        if answer.comparison is not None:
            self._show_picture([turn["image"] for turn in answer.comparison])
        elif answer.is_changed:
            self._show_picture([answer.picture])

    def _tell(self, answer: Answer) -> None:
        """The answer in words; a new picture as a file."""
        self._console.print(f"[bold cyan]chatedit>[/] {_escaped(answer.text)}")
        if answer.comparison is None and answer.is_changed:
            path = self._save(answer.turn)
            self._console.print(f"[dim]version {answer.turn['version']}: {_escaped(str(path))}[/]")

    def _show_state(self, _: str) -> None:
        state = self._agent.talk.state(self._thread)
        held = belief_state.from_json(state.get("belief_state", {}))
        self._console.print(belief_state.to_text(held) or "nothing is asked for: this is the photo", markup=False)

    def _show_history(self, _: str) -> None:
        state = self._agent.talk.state(self._thread)
        turns, head = self._agent.talk.history(self._thread), state.get("head", 0)
        table = Table("version", "from", "said", "asked for", "does not show")
        for turn in self._agent.talk.versions(self._thread):
            mark = " *" if turns[head]["version"] == turn["version"] else ""
            parent = "" if turn["parent"] is None else str(turns[turn["parent"]]["version"])
            held = belief_state.to_text(belief_state.from_json(turn["belief_state"]))
            cells = (f"{turn['version']}{mark}", parent, turn["user"] or "the photo", held, ", ".join(turn["missing"]))
            table.add_row(*(_escaped(cell) for cell in cells))
        self._console.print(table)

    def _show_second(self, _: str) -> None:
        opinions = self._agent.talk.opinions(self._thread)
        if not opinions:
            self._console.print(
                "No other tracker has been heard: start with chatedit chat --second keywords, and talk."
            )
            return
        table = Table("turn", "tracker", "agrees", "its state", "ms", "US$")
        for opinion in opinions:
            held = belief_state.to_text(belief_state.from_json(opinion["belief_state"] or {}))
            told = opinion["error"] or held
            agrees = {True: "yes", False: "no", None: "-"}[opinion["agrees"]]
            numbers = (f"{opinion['latency_ms']:.0f}", f"{opinion['cost_usd']:.4f}")
            table.add_row(str(opinion["turn"]), *map(_escaped, (opinion["tracker"], agrees, told)), *numbers)
        self._console.print(table)

    def _export(self, rest: str) -> None:
        folder = Path(rest) if rest else self._out / self._thread
        for path in export_thread(self._agent.talk.state(self._thread), self._agent.store, self._thread, folder):
            self._console.print(str(path), markup=False)

    def _save(self, turn: Turn) -> Path:
        path = self._out / f"{self._thread}-v{turn['version']}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self._agent.store.image(turn["image"]))
        return path

    def _show_picture(self, references: list[str]) -> None:
        if self._is_shown and references and all(references):
            width = min(48, (self._console.width - 2 * len(references)) // len(references))
            self._console.print(terminal_picture([self._agent.store.image(r) for r in references], width))

    def _told(self, action: Callable[[], object]) -> None:
        """Do it, or say in one line why not."""
        try:
            action()
        except (AgentError, EditError, ValueError, OSError) as error:
            self._console.print(f"[yellow]{_escaped(str(error))}[/]")


def _count(words: str) -> int:
    return max(1, _number(words)) if words else 1


def _number(words: str) -> int:
    digits = words.strip().lstrip("v")
    if not digits.isdecimal():
        raise ValueError(f"{words!r} is no number of a version; /history lists them")
    return int(digits)


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)
