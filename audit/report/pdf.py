"""report.pdf: the same HTML through WeasyPrint, tagged, with bookmarks and the workbook attached.

WeasyPrint may read nothing but what lies inside the HTML. It runs in a process of its own, because it
does not give memory back and a broken page must not hang the audit.
"""

from __future__ import annotations

import subprocess
import sys
from ctypes.util import find_library
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

MINUTES = 10
NO_PANGO = (
    "no PDF: the text library Pango is not on this machine → "
    "apt-get install libpango-1.0-0 libpangoft2-1.0-0, or on a Mac: brew install pango; then clinic-audit report {client}"
)
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""Written as the date of the attachment, so that the same report gives the same file."""


def missing_library(client: str) -> str | None:
    """What to do when WeasyPrint cannot work on this machine; None when it can."""
    if any(find_library(name) for name in ("pango-1.0", "pango-1.0-0", "libpango-1.0-0")):
        return None
    return NO_PANGO.format(client=client)


def write_pdf(html: Path, target: Path, attachment: Path | None = None) -> str | None:
    """Print ``html`` to ``target``; a remark in words when that was not possible."""
    command = [
        sys.executable,
        "-m",
        "audit.report.pdf",
        str(html),
        str(target),
        *([str(attachment)] if attachment else []),
    ]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, encoding="utf-8", timeout=MINUTES * 60, check=False
        )
    except subprocess.TimeoutExpired:
        return f"no PDF: printing took more than {MINUTES} minutes → open report.html and print it from the browser"
    if done.returncode or not target.is_file():
        last = (done.stderr.strip().splitlines() or ["unknown"])[-1]
        return f"no PDF: {last[:200]} → open report.html and print it from the browser"
    return None


def render(html: str, attachment: bytes | None = None) -> bytes:
    """The PDF of ``html``, in this process."""
    from weasyprint import HTML, Attachment

    files = []
    if attachment is not None:
        files = [Attachment(string=attachment, name="appendix.xlsx", created=EPOCH, modified=EPOCH)]
    document = HTML(string=html, url_fetcher=fetch, base_url=None)
    return bytes(document.write_pdf(pdf_variant="pdf/ua-1", attachments=files, presentational_hints=True))


def fetch(url: str, *arguments: Any, **named: Any) -> Any:
    """What lies in a data: address; everything else is refused."""
    if not url.lower().startswith("data:"):
        raise ValueError("a report reads nothing from outside")
    from weasyprint import default_url_fetcher

    return default_url_fetcher(url, *arguments, **named)


def main(arguments: list[str]) -> None:
    """``python -m audit.report.pdf report.html report.pdf [appendix.xlsx]``."""
    html, target, *rest = map(Path, arguments)
    content = render(html.read_text(encoding="utf-8"), rest[0].read_bytes() if rest else None)
    target.write_bytes(content)


if __name__ == "__main__":
    main(sys.argv[1:])
