"""report.pdf: the same HTML through WeasyPrint, tagged, with bookmarks and the workbook attached.

WeasyPrint may read nothing but what lies inside the HTML. It runs in a process of its own, because it
does not give memory back and a broken page must not hang the audit.
"""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

MINUTES = 10
NO_LIBRARY = 3
"""Exit code of the child when Pango is missing."""

NO_PANGO = (
    "no PDF: the text library Pango is not on this machine → "
    "apt-get install libpango-1.0-0 libpangoft2-1.0-0, or on a Mac: brew install pango; then clinic-audit report {client}"
)
FONTS = Path(__file__).resolve().parents[2] / "templates" / "client_report" / "fonts"
FACES = (
    ("Source Sans 3", 400, "SourceSans3-Regular"), ("Source Sans 3", 600, "SourceSans3-Semibold"),
    ("Source Sans 3", 700, "SourceSans3-Bold"), ("Source Serif 4", 600, "SourceSerif4-Semibold"),
)  # fmt: skip
"""Family, weight and file of the fonts a report uses."""

OWN_FONTS = "house-font:"
_FONTS = re.compile(r'<style id="fonts">.*?</style>', re.DOTALL)
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""Written as the date of the attachment, so that the same report gives the same file."""


def can_print() -> bool:
    """WeasyPrint finds the libraries it needs on this machine."""
    try:
        import weasyprint  # noqa: F401
    except OSError:
        return False
    return True


def write_pdf(html: Path, target: Path, attachment: Path | None = None, *, client: str = "") -> str | None:
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
    if done.returncode == NO_LIBRARY:
        return NO_PANGO.format(client=client)
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
    document = HTML(string=_with_short_fonts(html), url_fetcher=_fetcher(), base_url=None)
    return bytes(document.write_pdf(pdf_variant="pdf/ua-1", attachments=files, presentational_hints=True))


def _with_short_fonts(html: str) -> str:
    """The HTML with the house's fonts named instead of inside: parsing megabytes of style takes seconds."""
    faces = "".join(
        f'@font-face {{ font-family: "{family}"; font-weight: {weight}; src: url({OWN_FONTS}{name}) }}'
        for family, weight, name in FACES
    )
    return _FONTS.sub(lambda _: f"<style>{faces}</style>", html, count=1)


def _fetcher() -> Any:
    """Reads what lies in a data: address and the house's own fonts; everything else is refused."""
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class Inside(URLFetcher):  # type: ignore[misc]
        def fetch(self, url: str, headers: Any = None) -> Any:
            name = url.removeprefix(OWN_FONTS)
            if url.startswith(OWN_FONTS) and name in {face[2] for face in FACES}:
                return URLFetcherResponse(url, (FONTS / f"{name}.ttf").read_bytes(), {"Content-Type": "font/ttf"})
            return super().fetch(url, headers)

    return Inside(allowed_protocols=("data",), allow_redirects=False)


def main(arguments: list[str]) -> None:
    """``python audit/report/pdf.py report.html report.pdf [appendix.xlsx]``: the child process."""
    if not can_print():
        sys.exit(NO_LIBRARY)
    html, target, *rest = map(Path, arguments)
    content = render(html.read_text(encoding="utf-8"), rest[0].read_bytes() if rest else None)
    target.write_bytes(content)


if __name__ == "__main__":
    main(sys.argv[1:])
