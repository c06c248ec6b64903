"""What tokens cost, by a dated table."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from ..errors import DataNotReadable

_DATED = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{4,8})$")


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens, as published on `as_of`; discounts (cache, batch) are not counted."""

    usd_in: float
    usd_out: float
    as_of: date

    def cost_usd(self, tokens_in: int, tokens_out: int) -> float:
        """What a call costs at most."""
        return (tokens_in * self.usd_in + tokens_out * self.usd_out) / 1_000_000


def load_prices(path: Path | None = None) -> Mapping[str, Price]:
    """Model -> price, of a file in the form of `prompts/llm_prices.yaml`, which is read where no path is given.

    Raises:
        DataNotReadable
    """
    source = path if path is not None else files("chatedit.prompts") / "llm_prices.yaml"
    try:
        return {name: _price(row) for name, row in yaml.safe_load(source.read_text(encoding="utf-8")).items()}
    except (OSError, yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise DataNotReadable(str(source), f"not a table of prices ({error})") from error


def price_of(model: str, prices: Mapping[str, Price]) -> Price | None:
    """Price of a model, also of a dated snapshot of it (`gpt-4o-mini-2024-07-18`); None where it is not known."""
    return prices.get(model) or prices.get(_DATED.sub("", model))


def _price(row: Any) -> Price:
    as_of = row["as_of"] if isinstance(row["as_of"], date) else date.fromisoformat(row["as_of"])
    return Price(float(row["input"]), float(row["output"]), as_of)
