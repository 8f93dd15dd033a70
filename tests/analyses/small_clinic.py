"""A clinic of a few patients whose visits and payments are written out."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd


def clinic(visits: list[tuple[str, int, str, float]], first: dict[str, date], **more: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Frames of a clinic: ``visits`` are (patient, day after the first, kind, paid)."""
    start = {patient: pd.Timestamp(day) + pd.Timedelta(hours=10) for patient, day in first.items()}
    rows = [(f"a{i}", who, start[who] + pd.Timedelta(days=day), kind, paid) for i, (who, day, kind, paid) in enumerate(visits)]
    seen = pd.DataFrame(rows, columns=["appointment_id", "patient_id", "starts_at", "kind", "paid"])
    return {
        "patients": pd.DataFrame({"patient_id": list(first), "registered_on": list(first.values())}),
        "appointments": seen[seen["paid"] >= 0].drop(columns="paid").assign(status="completed"),
        "charges": pd.DataFrame({
            "charge_id": "c" + seen["appointment_id"], "patient_id": seen["patient_id"],
            "charged_on": seen["starts_at"].dt.date, "paid": seen["paid"],
            "kind": np.where(seen["paid"] < 0, "refund", "sale"),
            "service_id": np.where(seen["kind"] == "operation", "op", "visit"), "quantity": 1.0,
        }),
        "services": pd.DataFrame({"service_id": ["op", "visit"], "kind": ["operation", "consultation"], "direct_cost": [400.0, 25.0]}),
    } | more
