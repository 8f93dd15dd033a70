"""Building a run aside and publishing it by one rename; who holds a client while that happens."""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from audit.errors import ClientBusy
from audit.workbench.earlier_audit import MANIFEST


@contextmanager
def holding(home: Path) -> Iterator[None]:
    """Hold the client at ``home`` for this process; ClientBusy if another run has it.

    The lock is the operating system's, so it dies with the process and never goes stale.
    """
    work = home / ".work"
    work.mkdir(mode=0o700, exist_ok=True)
    with (work / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ClientBusy(f"another run of {home.name} is under way → try again when it has finished") from None
        yield


def building(folder: Path) -> Path:
    """Where the run that will be ``folder`` is built."""
    return folder.with_name(f".building-{folder.name}")


def is_published(folder: Path) -> bool:
    """``folder`` is complete: its manifest, written last, is there."""
    return (folder / MANIFEST).is_file()


def publish(folder: Path) -> None:
    """Write the manifest (sha256 of every file), give the run its name and point ``latest`` at it."""
    work = building(folder)
    files = sorted(path for path in work.rglob("*") if path.is_file() and path.name != MANIFEST)
    hashes = {path.relative_to(work).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    text = json.dumps(hashes, indent=1, sort_keys=True)
    (work / MANIFEST).write_text(text + "\n", encoding="utf-8")
    if folder.exists():
        shutil.rmtree(folder)
    Path(work).replace(folder)
    link = folder.with_name(".latest")
    link.unlink(missing_ok=True)
    link.symlink_to(folder.name)
    Path(link).replace(folder.with_name("latest"))


def forget_unfinished(reports: Path, keep: Path) -> None:
    """Remove runs of other settings that were interrupted before they were published."""
    for path in reports.glob(".building-*"):
        if path != keep:
            shutil.rmtree(path)
