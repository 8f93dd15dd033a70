"""Making a client: an empty folder with commented settings, a synthetic clinic, an own copy of a notebook."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from audit.config import HOUSE, NAME_PATTERN, find_client, suggestion
from audit.errors import UsageError
from audit.simulate.exports import write_exports

DEMO_SETTINGS = HOUSE / "audit" / "simulate" / "demo_client"


def empty(root: Path, name: str) -> Path:
    """``data/<name>`` with ``clinic.yml`` to fill in and ``raw/`` for the exports."""
    home = _new_home(root, name)
    for template in sorted((HOUSE / "templates" / "new_client").glob("*.yml")):
        text = template.read_text(encoding="utf-8")
        (home / template.name).write_text(text.replace("{{ client }}", name), encoding="utf-8")
    return home


def demo(root: Path, name: str, *, kind: str, seed: int, size: float) -> Path:
    """``data/<name>`` with the raw exports of a synthetic clinic whose truth lies in ``.truth.json``."""
    if kind != "ent":
        raise UsageError(f"no synthetic clinic “{kind}”: {suggestion(kind, ['ent'])}")
    home = _new_home(root, name)
    write_exports(home / "raw", truth=home / ".truth.json", seed=seed, size=size)
    # clinic.yml last: a client is there when it is
    for settings in sorted(DEMO_SETTINGS.glob("*.yml"), reverse=True):
        text = settings.read_text(encoding="utf-8")
        text = re.sub(r"^client: .*$", f"client: {name}", text, flags=re.MULTILINE)
        (home / settings.name).write_text(text, encoding="utf-8")
    return home


def own_notebook(root: Path, client: str, notebook: str) -> Path:
    """The client's own copy of one of the house's notebooks, which wins over it from now on."""
    home = find_client(root, client)
    known = sorted(path.stem for path in (HOUSE / "notebooks").glob("[0-9]*.ipynb"))
    name = next((stem for stem in known if notebook in (stem, stem[3:], f"{stem}.ipynb")), None)
    if name is None:
        raise UsageError(f"no notebook “{notebook}”: {suggestion(notebook, known)}")
    copy = home / "notebooks" / f"{name}.ipynb"
    if copy.exists():
        raise UsageError(f"{copy} is there already → open it, or remove it to start again")
    copy.parent.mkdir(exist_ok=True)
    shutil.copyfile(HOUSE / "notebooks" / f"{name}.ipynb", copy)
    return copy


def _new_home(root: Path, name: str) -> Path:
    if not re.match(NAME_PATTERN, name):
        raise UsageError(f"“{name}” cannot name a client → small latin letters, digits, - and _, at most 40")
    home = root / "data" / name
    if (home / "clinic.yml").exists():
        raise UsageError(f"{home} is there already → clinic-audit run {name}")
    (home / "raw").mkdir(parents=True, mode=0o700, exist_ok=True)
    return home
