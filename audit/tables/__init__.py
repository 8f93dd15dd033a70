"""The clinic's tables: one file per table; canonical ones, those derived from them, records of the load."""

from __future__ import annotations

from audit.tables.ad_spend import AD_SPEND
from audit.tables.appointments import APPOINTMENTS
from audit.tables.campaign_members import CAMPAIGN_MEMBERS
from audit.tables.charges import CHARGES
from audit.tables.checks import CHECKS
from audit.tables.columns import Column, TableSpec, Unit
from audit.tables.competitors import COMPETITORS
from audit.tables.doctors import DOCTORS
from audit.tables.enquiries import ENQUIRIES
from audit.tables.events import EVENTS
from audit.tables.expenses import EXPENSES
from audit.tables.exports import EXPORTS
from audit.tables.feedback import FEEDBACK
from audit.tables.first_visits import FIRST_VISITS
from audit.tables.opportunities import OPPORTUNITIES
from audit.tables.patient_days import PATIENT_DAYS
from audit.tables.patients import PATIENTS
from audit.tables.plans import PLANS
from audit.tables.population import POPULATION
from audit.tables.prices import PRICES
from audit.tables.rooms import ROOMS
from audit.tables.services import SERVICES
from audit.tables.shifts import SHIFTS
from audit.tables.site_traffic import SITE_TRAFFIC

CANONICAL: dict[str, TableSpec] = {
    spec.name: spec
    for spec in (
        PATIENTS,
        DOCTORS,
        SERVICES,
        PRICES,
        APPOINTMENTS,
        CHARGES,
        ROOMS,
        SHIFTS,
        ENQUIRIES,
        AD_SPEND,
        SITE_TRAFFIC,
        EXPENSES,
        FEEDBACK,
        EVENTS,
        COMPETITORS,
        POPULATION,
        CAMPAIGN_MEMBERS,
        PLANS,
    )
}
DERIVED: dict[str, TableSpec] = {spec.name: spec for spec in (FIRST_VISITS, PATIENT_DAYS, OPPORTUNITIES)}
RECORDS: dict[str, TableSpec] = {spec.name: spec for spec in (EXPORTS, CHECKS)}
"""What intake writes down about the load itself."""

TABLES: dict[str, TableSpec] = CANONICAL | DERIVED | RECORDS
REQUIRED = ("patients", "appointments")

__all__ = ["CANONICAL", "DERIVED", "RECORDS", "REQUIRED", "TABLES", "Column", "TableSpec", "Unit"]
