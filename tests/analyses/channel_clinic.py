"""A clinic of a few channels whose callers, patients and money can be counted by hand."""

from __future__ import annotations

from datetime import date

import pandas as pd

from audit.config import Days, Period

END = date(2017, 1, 1)
PERIOD = Period(start=date(2015, 1, 1), end=END, now=Days(start=date(2016, 10, 1), end=date(2016, 11, 1)),
                before=Days(start=date(2015, 10, 1), end=date(2015, 11, 1)))


def clinic(**changes) -> dict[str, pd.DataFrame]:
    """October of two years: 40 callers by adverts (30 come), 20 by friends (10 come), 10 without a source (5 come)."""
    calls, patients, visits, bills = [], [], [], []
    for year in (2015, 2016):
        for channel, n, came in (("ads", 40, 30), ("friends", 20, 10), (None, 10, 5)):
            for i in range(n):
                key, at = f"{year}-{channel}-{i}", pd.Timestamp(year, 10, 1 + i % 28, 10)
                calls.append((key, at, channel))
                if i < came:
                    patients.append((f"p{key}", key, at.date()))
                    visits.append((f"a{key}", f"p{key}", at + pd.Timedelta(hours=5)))
                    bills.append((f"c{key}", f"p{key}", f"a{key}", at.date(), 300.0 if channel == "ads" else 500.0))
    frames = {
        "enquiries": pd.DataFrame(calls, columns=["enquiry_id", "started_at", "channel"]).assign(
            caller_key=lambda f: f.enquiry_id, kind="call", direction="in", is_answered=True),
        "patients": pd.DataFrame(patients, columns=["patient_id", "phone_key", "registered_on"]),
        "appointments": pd.DataFrame(visits, columns=["appointment_id", "patient_id", "starts_at"]).assign(
            kind="outpatient", status="completed"),
        "charges": pd.DataFrame(bills, columns=["charge_id", "patient_id", "appointment_id", "charged_on", "paid"]).assign(kind="sale"),
        "ad_spend": pd.DataFrame({
            "channel": "ads", "from_day": [date(2015, 9, 16), date(2016, 10, 1)], "to_day": [date(2015, 10, 15), date(2016, 10, 31)],
            "spend": [2400.0, 6000.0]}),
        "site_traffic": pd.DataFrame({
            "from_day": [date(2015, 10, 1), date(2016, 10, 1)] * 2, "to_day": [date(2015, 10, 31), date(2016, 10, 31)] * 2,
            "channel": "ads", "region": ["here"] * 2 + ["far"] * 2, "visitors": [400.0, 800.0, 900.0, 100.0]}),
    }
    return {name: frame for name, frame in (frames | changes).items() if frame is not None}
