"""A small client folder to break in one place at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import yaml

from audit.config import ClientConfig
from audit.intake.load import Intake, load_client
from audit.intake.mapping_file import load_mapping
from audit.intake.prepare import Work, prepare
from audit.intake.sql import work_connection

CONFIG = {
    "client": "small",
    "name": "Small clinic",
    "country": "RU",
    "currency": "RUB",
    "timezone": "Europe/Moscow",
    "period": {"start": "2016-01-01", "end": "2017-01-01"},
}
CARDS_HEADER = "card;name;phone;born;sex"
VISITS_HEADER = "visit;card;doctor;starts;status;paid"


def cards(count: int = 12) -> list[str]:
    """Cards C01 …: a name, telephone and birth date of their own each."""
    return [
        f"C{n:02d};Иванова Пелагея {'абвгдежзиклмнопрст'[n]};+7 916 100-00-{n:02d};{1 + n:02d}.03.19{50 + n};{'ж' if n % 2 else 'м'}"
        for n in range(count)
    ]


def visits(count: int = 60) -> list[str]:
    """Visits V001 … of those cards, every tenth missed; 1 000,50 each."""
    return [
        f"V{n:03d};C{n % 12:02d};{'Яшин Ян' if n % 2 else 'Белов Бор'};{1 + n % 28:02d}.{1 + n % 12:02d}.2016 10:30;"
        f"{'missed' if n % 10 == 9 else 'came'};1 000,50"
        for n in range(count)
    ]


def text_format(**facts: Any) -> dict[str, Any]:
    return {"encoding": "utf-8", "delimiter": ";", "decimal": ",", **facts}


def mapping() -> dict[str, Any]:
    """Cards to patients; visits to appointments and charges."""
    return {
        "version": 1,
        "sources": [
            {
                "name": "cards",
                "files": ["patients.csv"],
                "format": text_format(),
                "fills": [
                    {
                        "table": "patients",
                        "test_names": ["тест"],
                        "columns": {
                            "patient_id": "card",
                            "full_name": "name",
                            "phone_key": "phone",
                            "birth_date": {"from": "born", "format": "%d.%m.%Y"},
                            "sex": {"from": "sex", "codes": {"female": ["ж"], "male": ["м"]}},
                        },
                    }
                ],
            },
            {
                "name": "visits",
                "files": ["visits.csv"],
                "format": text_format(),
                "fills": [
                    {
                        "table": "appointments",
                        "columns": {
                            "appointment_id": "visit",
                            "patient_id": "card",
                            "doctor_id": "doctor",
                            "starts_at": {"from": "starts", "format": "%d.%m.%Y %H:%M"},
                            "kind": {"const": "outpatient"},
                            "status": {"from": "status", "codes": {"completed": ["came"], "no_show": ["missed"]}},
                        },
                    },
                    {
                        "table": "charges",
                        "where": [{"column": "status", "is": "came"}],
                        "columns": {
                            "patient_id": "card",
                            "appointment_id": "visit",
                            "doctor_id": "doctor",
                            "charged_on": {"from": "starts", "format": "%d.%m.%Y %H:%M"},
                            "kind": {"const": "sale"},
                            "paid": "paid",
                        },
                    },
                ],
            },
        ],
    }


@dataclass
class SmallClinic:
    """A client folder; change ``cards``, ``visits``, ``mapping`` or write files before loading."""

    home: Path
    cards: list[str] = field(default_factory=cards)
    visits: list[str] = field(default_factory=visits)
    mapping: dict[str, Any] = field(default_factory=mapping)
    settings: dict[str, Any] = field(default_factory=lambda: {**CONFIG, "set_aside_limit": 0.2})

    @property
    def config(self) -> ClientConfig:
        return ClientConfig.model_validate(self.settings)

    @property
    def database(self) -> Path:
        return self.home / ".work" / "clinic.duckdb"

    @property
    def set_aside(self) -> Path:
        return self.home / ".work" / "set_aside.csv"

    def source(self, name: str) -> dict[str, Any]:
        return next(source for source in self.mapping["sources"] if source["name"] == name)

    def raw(self, name: str, content: str | bytes) -> Path:
        path = self.home / "raw" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def write(self) -> SmallClinic:
        """All files; raw files written before are kept."""
        if not (self.home / "raw" / "patients.csv").exists():
            self.raw("patients.csv", "\n".join([CARDS_HEADER, *self.cards]) + "\n")
        if not (self.home / "raw" / "visits.csv").exists():
            self.raw("visits.csv", "\n".join([VISITS_HEADER, *self.visits]) + "\n")
        (self.home / "mapping.yml").write_text(yaml.safe_dump(self.mapping, allow_unicode=True), "utf-8")
        (self.home / "clinic.yml").write_text(yaml.safe_dump(self.settings, allow_unicode=True), "utf-8")
        self.database.parent.mkdir(exist_ok=True)
        return self

    def load(self) -> Intake:
        self.write()
        return load_client(self.home, self.config, database=self.database, set_aside=self.set_aside)

    def prepared(self) -> Work:
        """Everything but writing the database; the engine stays open for questions."""
        self.write()
        return prepare(work_connection(), self.home, self.config, load_mapping(self.home / "mapping.yml"))

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.database), read_only=True) as connection:
            return connection.execute(sql).fetchall()


def asked(work: Work, sql: str) -> list[tuple[Any, ...]]:
    """Rows of a question to the engine of a prepared client."""
    return work.connection.execute(sql).fetchall()
