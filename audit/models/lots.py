"""Lots: who is drawn by a hash of key, name of the draw and seed, the same whatever the order of the rows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def lots(keys: Sequence[str], draw: str, seed: int) -> npt.NDArray[np.uint64]:
    """One uniform number per key (N,)."""
    return np.array([int.from_bytes(hashlib.sha256(f"{seed}|{draw}|{key}".encode()).digest()[:8], "big") for key in keys], np.uint64)


def stratified(keys: Sequence[str], stratum: npt.ArrayLike, *, each: int, draw: str, seed: int) -> npt.NDArray[np.bool_]:
    """``each`` keys of every stratum (N,) codes, or all of a smaller one."""
    code, lot = np.asarray(stratum, np.int64), lots(keys, draw, seed)
    chosen = np.zeros(len(code), bool)
    for s in np.unique(code):
        mine = np.flatnonzero(code == s)
        chosen[mine[np.argsort(lot[mine], kind="stable")[:each]]] = True
    return chosen
