"""The raw exports of the synthetic clinic, as dirty as a real clinic's, and the truth beside them.

What is planted: report layouts with titles, group rows and totals; five spellings of telephones; second
cards and test patients; a default birth date; flags in three spellings; a tracker and an exchange that
saw the same calls; missing weeks; overlapping shifts. Every file's columns are told in the module
that writes it (export_mis, export_calls, export_ads, export_office); the words are in ``words``.
"""

from __future__ import annotations

from pathlib import Path

from audit.simulate.clinic import Clinic, simulate_clinic
from audit.simulate.export_ads import write_ads
from audit.simulate.export_calls import write_calls
from audit.simulate.export_mis import write_visits
from audit.simulate.export_office import (
    write_accounts,
    write_events,
    write_feedback,
    write_patients,
    write_plans,
    write_prices,
    write_schedule,
    write_surroundings,
)
from audit.simulate.identities import card_index, card_of_appointment
from audit.simulate.sampling import streams
from audit.simulate.truth import Process


def write_exports(
    folder: Path, *, truth: Path, seed: int = 20151201, size: float = 1.0, process: Process = "G2"
) -> Clinic:
    """Simulate a clinic, write its raw exports into ``folder`` and what is true of it to the file ``truth``.

    Nothing but tests and lessons may read the truth: keep it out of ``folder``.
    """
    clinic = simulate_clinic(seed=seed, size=size, process=process)
    write_clinic(clinic, folder)
    truth.parent.mkdir(parents=True, exist_ok=True)
    truth.write_text(clinic.truth.to_json() + "\n", encoding="utf-8")
    return clinic


def write_clinic(clinic: Clinic, folder: Path) -> None:
    """Write the raw exports of a clinic already simulated; the same clinic gives the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    rngs = streams(clinic.truth.seed)
    index = card_index(clinic, rngs["flaws"])
    write_visits(folder, clinic, index, card_of_appointment(clinic, index, rngs["flaws"]))
    write_patients(folder, index)
    write_calls(folder, clinic, rngs["exports"])
    write_ads(folder, clinic)
    write_accounts(folder, clinic)
    write_feedback(folder, clinic, index)
    write_events(folder, clinic)
    write_prices(folder, clinic)
    write_schedule(folder, clinic, rngs["flaws"])
    write_surroundings(folder, clinic, index)
    write_plans(folder, clinic, index)
