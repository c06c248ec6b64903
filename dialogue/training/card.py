"""The model card that a training run writes about itself."""

import json
import platform
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import torch

_WORDING = {
    "model": "The model words its replies itself.",
    "bank": "The model chooses what a reply does; the phrase bank words it (`wording` in `chatedit.json`).",
}


def model_card(
    *,
    preset: str,
    earlier: Sequence[Mapping[str, Any]],
    data: str,
    wording: str,
    parameters: int,
    result: Mapping[str, float],
    config: Mapping[str, Any],
) -> str:
    """Markdown: what the model is, from what it started, on what it was trained, for how long, with what result.

    Args:
        earlier: the stages before this one (`history`), or one that names the checkpoint from which it started.
    """
    settings = json.dumps(dict(config), indent=2, default=str)
    stages = "\n".join(f"| Before: {stage['stage']} | {_told(stage)} |" for stage in earlier)
    return f"""---
license: apache-2.0
language: en
library_name: transformers
---
# ChatEdit dialogue model ({preset})

A T5 that tracks what a user asks for while a face is edited, and answers. Written by `chatedit train dialogue` on
{date.today().isoformat()}; do not edit by hand.

| | |
| --- | --- |
| Parameters | {parameters / 1e6:.1f} million |
{stages}
| Trained on | {data} |
| Steps | {result["steps"]:.0f} |
| Training time | {result["seconds"] / 60:.0f} minutes on {platform.machine()}, {torch.get_num_threads()} CPU threads |
| Joint accuracy, validation sample | {result["best_validation"]:.3f} (best), {result["last_validation"]:.3f} (last) |

{_WORDING[wording]} Results on the test files: `chatedit eval dialogue`.
Limits: English only; the 21 values of the ontology; trained on simulated and hand-written dialogues, not on recorded
conversations.

```json
{settings}
```
"""


def _told(stage: Mapping[str, Any]) -> str:
    told = {
        key: f"{value:.3g}" if isinstance(value, float) else value for key, value in stage.items() if key != "stage"
    }
    return ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in told.items())


def history(folder: Path) -> list[dict[str, Any]]:
    """What the earlier stages wrote about themselves (`stages.json`), oldest first."""
    path = folder / "stages.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else []


def remember(folder: Path, earlier: list[dict[str, Any]], **stage: Any) -> None:
    """Write `stages.json`: the earlier stages and this one."""
    (folder / "stages.json").write_text(json.dumps([*earlier, stage], indent=2) + "\n", encoding="utf-8")
