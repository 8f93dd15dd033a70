"""Running: one notebook, one audit, its publication."""

import sys

# jsonschema's optional check of internationalised links costs two seconds of CPU at every import of
# nbformat, and no notebook here has such a link
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
