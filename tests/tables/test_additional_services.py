"""Additional services and money by who worked: what counts as a line beyond the visit, and whose hours it fills."""

from __future__ import annotations

from datetime import date

import pytest

from audit.tables.additional_services import additional_services
from audit.tables.performed_money import performed_outpatient
from tests.spec import clinic

END = date(2021, 1, 1)
TABLES = {
    "patients": """
    patient_id
    p1
    """,
    "appointments": """
    appointment_id | patient_id | doctor_id | kind       | starts_at        | status    | diagnosis | service_id
    1              | p1         | D01       | outpatient | 2020-01-02 10:00 | completed | J35.1     | course
    2              | p1         | D01       | outpatient | 2020-03-02 10:00 | completed | J35.1     | course
    3              | p1         | D02       | outpatient | 2020-03-03 10:00 | cancelled | J35.1     | course
    4              | p1         | D02       | operation  | 2020-03-04 10:00 | completed | J35.1     | knife
    """,
    "services": """
    service_id | kind         | direct_cost
    course     | procedure    | 40
    test       | diagnostics  | 10
    knife      | operation    | 500
    """,
    "charges": """
    charge_id | patient_id | appointment_id | charged_on | service_id | kind   | paid
    a         | p1         | 1              | 2020-01-02 | course     | sale   | 100
    b         | p1         | 1              | 2020-01-02 | test       | sale   | 50
    c         | p1         | 1              | 2020-01-02 | test       | sale   | 50
    d         | p1         | 1              | 2020-01-02 | test       | refund | -50
    e         | p1         | 2              | 2020-03-02 | course     | sale   | 100
    f         | p1         | 4              | 2020-03-04 | knife      | sale   | 900
    """,
}


def counted(tables, services) -> dict[bool, tuple]:
    found = additional_services(
        tables["appointments"], tables["charges"], services, tables["first_visits"], start=date(2020, 1, 1), end=END
    ).to_pandas()
    assert set(found["doctor_id"]) == {"D01"} and set(found["block"]) == {"J35"}
    return {bool(row.is_first): (row.n, row.lines, row.squares) for row in found.itertuples()}


def test_the_main_service_is_no_additional_one_even_if_a_procedure():
    tables = clinic(END, **TABLES)
    assert counted(tables, tables["services"]) == {True: (1, 2, 4), False: (1, 0, 0)}
    assert counted(tables, None) == {True: (1, 2, 4), False: (1, 0, 0)}, "without kinds: lines beyond the first"


def test_operations_are_not_money_of_rota_hours():
    tables = clinic(END, **TABLES)
    money = performed_outpatient(tables["charges"], tables["services"], tables["appointments"]).to_pandas()
    assert set(money["doctor_id"]) == {"D01"}
    assert money["paid"].sum() == pytest.approx(250) and money["direct_cost"].sum() == pytest.approx(90)
