from __future__ import annotations

from pathlib import Path

import pytest

from tests.intake.small_clinic import SmallClinic


@pytest.fixture
def clinic(tmp_path: Path) -> SmallClinic:
    return SmallClinic(tmp_path / "small")
