"""The one seam through which notebooks are executed: papermill, a fresh kernel per notebook.

What papermill leaves open is closed here: unknown parameters (it only warns), a notebook that ended
early but looks complete (``exit()`` in a cell, a dead kernel), values of patients in a stored
traceback, and paths and user names in the metadata.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import papermill
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from papermill.exceptions import PapermillExecutionError

from audit.config import suggestion
from audit.errors import AuditError, RunError, UsageError

CELL_TIMEOUT = 600
START_TIMEOUT = 180
OUR_ERRORS = {"AuditError", *(kind.__name__ for kind in AuditError.__subclasses__())}
QUIET_KERNEL = ["--log-level=CRITICAL", "--HistoryManager.enabled=False", "--HistoryManager.hist_file=:memory:"]


@dataclass(frozen=True)
class NotebookFailed(Exception):  # noqa: N818 — an outcome, told on a page
    """A notebook did not run to its end: which cell, and what happened in words fit for a page.

    ``is_ours`` marks a bug of the workbench or the notebook (its traceback was shown), as opposed to
    a mistake told in words.
    """

    cell: int | None
    message: str
    is_ours: bool

    def __str__(self) -> str:
        return self.message


def check_parameters(notebook: Path, parameters: Mapping[str, Any]) -> None:
    """UsageError with a suggestion if ``notebook`` does not declare one of ``parameters``."""
    cells = nbformat.read(notebook, as_version=4).cells
    tagged = [cell.source for cell in cells if "parameters" in cell.metadata.get("tags", [])]
    if not tagged:
        raise RunError(f"{notebook.name} has no cell tagged “parameters” → copy it again: clinic-audit new")
    statements = ast.parse(tagged[0]).body
    declared = {name.id for line in statements for name in ast.walk(line) if isinstance(name, ast.Name)}
    for name in parameters:
        if name not in declared:
            raise UsageError(f"{notebook.name} has no parameter “{name}”: {suggestion(name, declared)}")


def execute(
    notebook: Path, output: Path, parameters: Mapping[str, Any], *, root: Path, without: Collection[str] = ()
) -> None:
    """Run ``notebook`` from top to bottom in a fresh kernel with working folder ``root``.

    Cells of the analyses ``without`` are left out. The executed notebook is written to ``output`` aside and renamed, also when it fails. Raises
    NotebookFailed when a cell failed or any cell was not reached.
    """
    check_parameters(notebook, parameters)
    output.parent.mkdir(parents=True, exist_ok=True)
    aside = output.with_name(f".{output.name}")
    failure = None
    try:
        papermill.execute_notebook(
            _without(notebook, without) if without else str(notebook),
            str(aside),
            parameters=dict(parameters),
            kernel_name="python3",
            language="python",
            progress_bar=False,
            start_timeout=START_TIMEOUT,
            execution_timeout=CELL_TIMEOUT,
            raise_on_iopub_timeout=True,
            resources={"metadata": {"path": str(root)}},
            extra_arguments=QUIET_KERNEL,
        )
    except PapermillExecutionError as error:
        failure = _told(error)
    except CellTimeoutError:
        failure = NotebookFailed(None, f"a cell ran longer than {CELL_TIMEOUT // 60} minutes", True)
    except DeadKernelError:
        failure = NotebookFailed(None, "the kernel died (out of memory, or stopped from outside)", True)
    executed = nbformat.read(aside, as_version=4)
    failure = failure or _unfinished(executed)
    _clean(executed)
    aside.write_text(nbformat.writes(executed) + "\n", encoding="utf-8")
    aside.replace(output)
    if failure is not None:
        raise failure


def _without(notebook: Path, analyses: Collection[str]) -> NotebookNode:
    """The notebook without the cells that compute one of ``analyses``, and without those that use what such cells made."""
    node = nbformat.read(notebook, as_version=4)
    gone: set[str] = set()
    kept = []
    for cell in node.cells:
        names = _names(cell.source) if cell.cell_type == "code" else ()
        read = {name.id for name in names if isinstance(name.ctx, ast.Load)}
        if read & gone or ("analyse(" in cell.source and read & set(analyses)):
            gone |= {name.id for name in names if isinstance(name.ctx, ast.Store)}
        else:
            kept.append(cell)
    node.cells = kept
    return node


def _names(source: str) -> tuple[ast.Name, ...]:
    """Names in a cell; none in one that is not plain Python, such as a magic command."""
    try:
        return tuple(node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name))
    except SyntaxError:
        return ()


def _told(error: PapermillExecutionError) -> NotebookFailed:
    if error.ename in OUR_ERRORS:
        return NotebookFailed(error.cell_index, error.evalue, False)
    return NotebookFailed(error.cell_index, f"{error.ename} in cell {error.cell_index}", True)


def _unfinished(executed: NotebookNode) -> NotebookFailed | None:
    for number, cell in enumerate(executed.cells):
        if cell.cell_type == "code" and cell.source.strip() and cell.execution_count is None:
            return NotebookFailed(number, f"stopped before cell {number}: nothing after it was computed", True)
    return None


def _clean(executed: NotebookNode) -> None:
    """Remove what varies from run to run or tells about the machine or a patient."""
    executed.metadata.pop("papermill", None)
    executed.metadata.pop("widgets", None)
    executed.cells = [
        cell for cell in executed.cells if "papermill-error-cell-tag" not in cell.metadata.get("tags", [])
    ]
    for number, cell in enumerate(executed.cells):
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        cell.id = f"c{number:02d}"
        if cell.cell_type != "code":
            continue
        for output in cell.outputs:
            if output.output_type == "error":
                output.traceback = []
                if output.ename not in OUR_ERRORS:
                    output.evalue = ""
