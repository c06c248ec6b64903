"""The card of the pack (`README.md` in its folder): what it is, and numbers that a command has measured."""

from collections.abc import Mapping
from pathlib import Path

from .factors import VALUES
from .gates import GateReport

CARD, GATES_TITLE = "README.md", "## Measured on held-out renders"


def write_card(pack: Path, report: GateReport, minutes_trained: Mapping[str, float], num_held_out: int) -> None:
    """Write the whole card anew; sections that other commands wrote are gone, as what they measured is."""
    sizes = {path.name: path.stat().st_size / 1e6 for path in sorted(pack.glob("*.safetensors"))}
    trained = ", ".join(f"{name} {minutes:.0f} min" for name, minutes in minutes_trained.items())
    lines = [
        "# The `portraits` pack",
        "",
        "Illustrated portraits at 128 px: networks of the published architectures, only small, trained by this",
        "repository on its own renderer (`editing/portraits`). Written by `chatedit portraits export`.",
        "",
        "- **Data**: portraits drawn by the renderer from random factors; no photographs, no people, nothing from",
        "  elsewhere. Licence: Apache-2.0, as the repository.",
        f"- **Training**, wall clock on one shared CPU core: {trained or 'unknown'}.",
        f"- **Files**: {', '.join(f'{name} {size:.1f} MB' for name, size in sizes.items())}.",
        "- **Use**: editing drawings of this renderer. It knows nothing of photographs, and says so.",
        "- **The reader** measures only: it has its own renders and seed and entered no loss.",
        "",
    ]
    (pack / CARD).write_text("\n".join(lines), encoding="utf-8")
    write_gates(pack, report, num_held_out)


def write_gates(pack: Path, report: GateReport, num_held_out: int) -> None:
    """Put the numbers of `chatedit portraits check` into the card."""
    rows = [
        f"| {v} | {report.reader_recall[v]:.2f} | {report.generator_recall[v]:.2f} | {report.generator_false[v]:.2f} | "
        f"{report.inversion_recall[v]:.2f} | {report.clip_auc[v]:.3f} |"
        for v in VALUES
    ]
    lines = [
        GATES_TITLE,
        "",
        f"By `chatedit portraits check --count {num_held_out} --write`: reader accuracy {report.reader_accuracy:.4f};",
        f"inversion keeps all values of {report.inversion_kept:.3f} and {report.inversion_values:.4f} of single ones;",
        f"identity rank-1 {report.identity_rank_1:.3f}; PSNR of the generator {report.generator_psnr:.1f} dB, of the "
        f"inversion {report.inversion_psnr:.1f} dB.",
        "",
        "Recall as the reader sees it in the render, in the generator's picture of the same factors, and in the",
        "inversion; `false`: seen by the reader in the generator's picture though it is not in the factors.",
        "",
        "| value | render | generator | false | inversion | CLIP AUC |",
        "| --- | --- | --- | --- | --- | --- |",
        *rows,
        "",
    ]
    replace_section(pack / CARD, GATES_TITLE, "\n".join(lines))


def replace_section(path: Path, title: str, section: str) -> None:
    """Put `section`, which starts with the heading `title` (`## ...`), in the place of the one that stands there.

    Without one, it goes to the end.
    """
    text = path.read_text(encoding="utf-8")
    before, found, after = text.partition(f"{title}\n")
    _, next_heading, rest = after.partition("\n## ") if found else ("", "", "")
    parts = [before.rstrip(), section.rstrip(), f"## {rest.rstrip()}" if next_heading else ""]
    path.write_text("\n\n".join(part for part in parts if part) + "\n", encoding="utf-8")
