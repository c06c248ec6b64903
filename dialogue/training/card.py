"""The model card that a training run writes about itself."""

import json
import platform
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import torch


def model_card(
    *, preset: str, start: str, data: str, parameters: int, result: Mapping[str, float], config: Mapping[str, Any]
) -> str:
    """Markdown: what the model is, from what it started, on what it was trained, for how long, with what result."""
    settings = json.dumps(dict(config), indent=2, default=str)
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
| Started from | {start} |
| Trained on | {data} |
| Steps | {result["steps"]:.0f} |
| Training time | {result["seconds"] / 60:.0f} minutes on {platform.machine()}, {torch.get_num_threads()} CPU threads |
| Joint accuracy, validation sample | {result["best_validation"]:.3f} (best), {result["last_validation"]:.3f} (last) |

Results on the test files: `chatedit eval dialogue`. Limits: English only; the 21 values of the ontology; trained on
simulated and hand-written dialogues, not on recorded conversations.

```json
{settings}
```
"""


def history(folder: Path) -> list[dict[str, Any]]:
    """What the earlier stages wrote about themselves (`stages.json`), oldest first."""
    path = folder / "stages.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else []


def remember(folder: Path, earlier: list[dict[str, Any]], **stage: Any) -> None:
    """Write `stages.json`: the earlier stages and this one."""
    (folder / "stages.json").write_text(json.dumps([*earlier, stage], indent=2) + "\n", encoding="utf-8")
