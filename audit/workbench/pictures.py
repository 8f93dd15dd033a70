"""Small drawings of the page: a figure as an image, an interval as a line, a share as a bar."""

from __future__ import annotations


