"""The shipped pack with presets of one step: real networks, edits in a moment."""

from pathlib import Path

import yaml
from chatedit.editing.pack import EMBEDDED_PACKS

L2 = 0.001


def write_quick_pack(folder: Path) -> Path:
    """Write `folder/quick`; its preset `fast` has both terms of Table 11."""
    source, target = EMBEDDED_PACKS / "portraits", folder / "quick"
    target.mkdir(parents=True)
    for file in source.glob("*.safetensors"):
        (target / file.name).symlink_to(file)
    record = yaml.safe_load((source / "pack.yaml").read_text())
    fast = record["presets"]["fast"]
    record["presets"] = {"fast": {**fast, "steps": 1, "weights": {**fast["weights"], "l2": L2}}}
    record |= {"default_preset": "fast", "inversion": {**record["inversion"], "refinement_steps": 1}}
    (target / "pack.yaml").write_text(yaml.safe_dump(record))
    return target
