"""The outcome of one check of the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

Status = Literal["pass", "warn", "fail"]


@dataclass(frozen=True)
class CheckOutcome:
    """What a check found: how many ``rows`` of ``table``, their ``share`` (0–1) of it, ``money`` at risk if it can be named.

    ``check`` is the key of its sentence in the data-quality texts, ``values`` what the sentence mentions
    (never a value of a person).
    """

    check: str
    table: str
    status: Status
    rows: int = 0
    share: float = 0.0
    money: Decimal | None = None
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def detail(self) -> str:
        """The values as one text, for the stored table."""
        return "; ".join(f"{name}: {value}" for name, value in self.values.items())


def judged(share: float, warn: float, fail: float) -> Status:
    """``fail`` above its limit, ``warn`` above its own, else ``pass``."""
    return "fail" if share > fail else "warn" if share > warn else "pass"
