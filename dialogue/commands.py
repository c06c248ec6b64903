"""Commands of the dialogue module: the stages of `chatedit train`, and `chatedit track`."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count, islice
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

train = typer.Typer(no_args_is_help=True, help="Train the models that ship, and yours.")
console = Console()

messages = Console(stderr=True)

Minutes = Annotated[float, typer.Option(help="Wall-clock bound of all runs together; a stopped run resumes.")]
Engine = Literal["ctranslate2", "torch"]
Preset = Literal["embedded", "small", "base", "large"]
Prompts = Literal["paper", "pptod"]
Sgd = Annotated[Path, typer.Option(exists=True, help="Schema-Guided Dialogue as gzipped JSON Lines.")]


@contextmanager
def told() -> Iterator[None]:
    """What the user can mend is told in one message, without a traceback."""
    from .errors import DialogueError

    try:
        yield
    except DialogueError as error:
        messages.print(f"[bold red]error:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from error


@train.command()
@told()
def teacher(
    data: Annotated[Path, typer.Option(exists=True, help="Folder of `chatedit data build`.")],
    sgd: Sgd,
    out: Path = Path(".cache/dialogue/teacher"),
    minutes: Minutes = 20.0,
) -> None:
    """Stage 1: the sentence encoder all-MiniLM-L6-v2 (extra `train`) learns the task, over the T5's vocabulary."""
    from transformers import AutoTokenizer

    from .training import schema_guided
    from .training import teacher as stage
    from .training.card import remember
    from .training.examples import batches
    from .training.stage_examples import held_out_examples, stage_examples
    from .training.vocabulary import build_tokenizer, pruned_vocabulary

    config = stage.TeacherConfig(minutes=minutes)
    bert, own = stage.load_sentence_encoder(stage.sentence_encoder_folder())
    if (out / "tokenizer.json").exists():  # of an earlier run: its weights fit no other vocabulary
        vocabulary = AutoTokenizer.from_pretrained(out)
    else:
        vocabulary = build_tokenizer(own, pruned_vocabulary(own, schema_guided.utterances(sgd, 4_000), _texts(data)))
    pool, held_out = stage_examples(data), held_out_examples(data)
    with _progress() as progress:
        task = progress.add_task("teaching", total=100.0)
        result = stage.teach(
            stage.over_vocabulary(bert, own, vocabulary),
            vocabulary,
            lambda step: (b for e in count() for b in batches(pool, config.batch_size, random.Random(step + e))),
            config,
            out,
            held_out,
            lambda _, share: progress.update(task, completed=100 * share),
        )
    remember(out, [], stage="teacher", encoder="all-MiniLM-L6-v2", **result)
    console.print_json(data=result)


@train.command()
@told()
def inherit(
    data: Annotated[Path, typer.Option(exists=True, help="Folder of `chatedit data build`.")],
    teacher: Annotated[Path, typer.Option(exists=True, help="Folder of `train teacher`.")] = Path(
        ".cache/dialogue/teacher"
    ),
    out: Path = Path(".cache/dialogue/inherit"),
    minutes: Minutes = 5.0,
) -> None:
    """Stage 2: a T5 encoder inherits what the teacher computes, by a fit in closed form and distillation."""
    from .training import inherit as stage
    from .training.card import history, remember
    from .training.stage_examples import stage_examples
    from .training.teacher import load_taught

    taught, vocabulary = load_taught(teacher)
    with _progress() as progress:
        task = progress.add_task("inheriting", total=100.0)
        result = stage.inherit(
            taught,
            vocabulary,
            stage_examples(data),
            out,
            stage.InheritConfig(minutes=minutes),
            lambda _, share: progress.update(task, completed=100 * share),
        )
    remember(out, history(teacher), stage="inherit", **result)
    console.print_json(data=result)


@train.command()
@told()
def pretrain(
    sgd: Sgd,
    start: Path = Path(".cache/dialogue/inherit"),
    out: Path = Path(".cache/dialogue/pretrain"),
    minutes: Minutes = 10.0,
) -> None:
    """Stage 3: PPTOD-style pre-training on Schema-Guided Dialogue; the encoder keeps what it inherited."""
    import shutil
    from dataclasses import replace

    from .formats import PAPER_PROMPTS
    from .t5 import T5Settings
    from .training import finetune, pretrain, schema_guided
    from .training.card import history, remember
    from .training.examples import batches
    from .training.presets import load_start
    from .training.teacher import HEAD_FILE

    model, tokenizer = load_start(str(start))
    everything = model.config.num_layers
    config = replace(finetune.EMBEDDED, minutes=minutes, auxiliary=0.0, validate_every_s=1e9, frozen_layers=everything)
    rng = random.Random(0)
    pool = list(pretrain.examples_of(islice(schema_guided.dialogues(sgd), 8_000), PAPER_PROMPTS, rng))
    cut = min(512, 1 + len(pool) // 10)
    held_out, pool = pool[:cut], pool[cut:]
    with _progress() as progress:
        task = progress.add_task("pre-training", total=100.0)
        result = finetune.train(
            model,
            tokenizer,
            lambda share, run: (
                b for e in count() for b in batches(pool, config.batch_size, random.Random(run.step + e))
            ),
            config,
            out / "run",
            lambda m: -finetune.mean_loss(m, tokenizer, held_out),
            lambda _, share: progress.update(task, completed=100 * share),
        )
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)
    T5Settings().save(out)
    if (start / HEAD_FILE).exists():
        shutil.copy(start / HEAD_FILE, out / HEAD_FILE)
    remember(out, history(start), stage="pretrain", data="Schema-Guided Dialogue", **result)
    console.print_json(data=result)


@train.command()
@told()
def dialogue(
    data: Annotated[Path, typer.Option(exists=True, help="Folder of `chatedit data build`.")],
    preset: Annotated[Preset, typer.Option(help="embedded, or the paper's small, base, large (Table 7).")] = "embedded",
    start: Annotated[
        str, typer.Option(help="Folder or hub id of a T5 or PPTOD checkpoint.")
    ] = ".cache/dialogue/pretrain",
    decoder: Annotated[
        str, typer.Option(help="Take the decoder of this earlier model, over the encoder of START.")
    ] = "",
    prompts: Annotated[
        Prompts, typer.Option(help="Task prefixes as the paper words them, or as PPTOD does.")
    ] = "paper",
    out: Annotated[
        Path | None, typer.Option(help="A training's own folder.", show_default=".cache/dialogue/PRESET-SEED")
    ] = None,
    minutes: Minutes = 0.0,
    seed: int = 0,
) -> None:
    """Stage 4: train tracker and responder on the simulated dialogues; writes the model and its card to OUT/model.

    Every command that takes a dialogue model takes OUT.
    """
    from .training.presets import fine_tune

    out = out or Path(f".cache/dialogue/{preset}-{seed}")
    with _progress() as progress:
        task = progress.add_task("training", total=100.0)
        result = fine_tune(
            preset,
            start,
            data,
            out,
            minutes or None,
            seed,
            lambda _, share: progress.update(task, completed=100 * share),
            decoder,
            prompts,
        )
    console.print_json(data=result)
    messages.print(f"-> {out / 'model'}", soft_wrap=True)


@train.command()
@told()
def average(
    start: Annotated[Path, typer.Argument(exists=True, help="Folder of the model before the last training.")],
    end: Annotated[Path, typer.Argument(exists=True, help="Folder of the model after it.")],
    data: Annotated[Path, typer.Option(exists=True, help="Folder of `chatedit data build`.")],
    out: Annotated[Path, typer.Option(help="The model goes to OUT/model.")] = Path(".cache/dialogue/average"),
    share: Annotated[float, typer.Option(min=0.0, max=1.0, help="Of END.")] = 0.65,
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="Validation dialogues to compare on.")] = 200,
) -> None:
    """Stage 5: weights between a model and what a further training made of it; knows what either knows."""
    from .training.average import average as average_models

    console.print_json(data=average_models(start, end, share, data, out, count))


@told()
def track(
    dialogues: Annotated[Path, typer.Argument(exists=True, help="Dialogues, JSON Lines (README, 'Dialogue file').")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the predictions go.")],
    model: Annotated[str, typer.Option(help="Folder of `train dialogue`, or hub id; embedded if absent.")] = "",
    is_open: Annotated[bool, typer.Option("--open", help="Answer by questions; may name unseen values.")] = False,
    seed: Annotated[int, typer.Option(help="Sample the wording of responses; -1 is greedy.")] = -1,
    engine: Annotated[Engine, typer.Option(help="int8 on the CPU, or Hugging Face generate.")] = "ctranslate2",
) -> None:
    """Predict states and responses for a dialogue file; the model's own states are carried from turn to turn."""
    from .dialogue_file import prediction_to_json, read_dialogues, write_jsonl
    from .ontology import OPEN_ONTOLOGY
    from .prediction import predict
    from .t5 import load_dialogue_model

    found = read_dialogues(dialogues, OPEN_ONTOLOGY)
    loaded = load_dialogue_model(model or None, engine)
    with _progress() as progress:
        task = progress.add_task("tracking", total=sum(len(d.turns) for d in found))
        predictions = predict(
            found,
            loaded.turn_function(is_open, None if seed < 0 else seed),
            on_turn=lambda count: progress.advance(task, count),
        )
    write_jsonl(out, (prediction_to_json(prediction) for prediction in predictions))
    console.print(f"{len(predictions)} dialogues, {sum(len(p.states) for p in predictions)} turns -> {out}")


def _texts(data: Path) -> list[str]:
    """Distinct utterances of the training dialogues, both sides."""
    from .dialogue_file import read_dialogues

    turns = [turn for found in read_dialogues(data / "train.jsonl") for turn in found.turns]
    return list(dict.fromkeys(text for turn in turns for text in (turn.user, turn.system or "")))


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, TimeRemainingColumn(), console=console)
