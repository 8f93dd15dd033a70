"""Fixtures shared by all tests: the synthetic clinic, clean, in full and tiny."""

from __future__ import annotations

from datetime import date

import pytest

from audit.config import Days, Period
from audit.tables.connection import Tables, tables_from_frames

END = date(2017, 1, 1)


@pytest.fixture(scope="session")
def demo_period() -> Period:
    return Period(
        start=date(2014, 1, 1),
        end=END,
        now=Days(start=date(2016, 12, 1), end=END),
        before=Days(start=date(2015, 12, 1), end=date(2016, 1, 1)),
    )


@pytest.fixture(scope="session")
def demo_clinic():
    from audit.simulate import simulate_clinic

    return simulate_clinic()


@pytest.fixture(scope="session")
def demo_truth(demo_clinic):
    return demo_clinic.truth


@pytest.fixture(scope="session")
def demo_tables(demo_clinic) -> Tables:
    return tables_from_frames(demo_clinic.tables, end=END)


@pytest.fixture(scope="session")
def tiny_tables() -> Tables:
    from audit.simulate import simulate_clinic

    return tables_from_frames(simulate_clinic(size=0.05).tables, end=END)
