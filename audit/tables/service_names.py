"""Service names: what the price list calls a service (never stored)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np
from ibis.expr.types import Table
from numpy.typing import NDArray


def service_names(services: Table | None) -> dict[str, str]:
    """Code to name, for services that have a name of their own: one that two services share tells them no longer apart."""
    if services is None:
        return {}
    frame = services.filter(services.name.notnull()).select("service_id", "name").order_by("service_id").to_pandas()
    times = Counter(frame["name"])
    return {code: name for code, name in zip(frame["service_id"], frame["name"], strict=True) if times[name] == 1}


def named(codes: Iterable[str], names: Mapping[str, str]) -> NDArray[np.object_]:
    """Names for ``codes``; one without a name keeps its code."""
    return np.array([names.get(code, code) for code in codes], dtype=object)
