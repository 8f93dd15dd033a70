"""Exports of advertising and of the site.

``direct_ui.csv`` (Yandex.Direct web page, 2014–2015): cp1251, ``;``, 4 rows before the header, ``Итого`` row.
Дата DD.MM.YYYY → ad_spend.from_day and to_day · Кампания → campaign · № Кампании · Показы → impressions ·
Клики → clicks · CTR (%) · Расход (руб.) decimal comma → spend · Ср. цена клика (руб.).

``direct.tsv`` (Yandex.Direct reports API, 2016 only, so no day is in both): UTF-8, tab, title row, header, last
row ``Total rows: N``. Date YYYY-MM-DD · CampaignId · CampaignName · Impressions · Clicks · Ctr · Cost · AvgCpc;
``--`` where there is nothing to divide.

``google_ads.csv`` (all years): UTF-16 with BOM, tab, 2 title rows, header, ``Total: …`` rows at the end. Day
YYYY-MM-DD · Campaign · Campaign status · Currency code · Impr. and Clicks with comma for thousands · CTR ·
Avg. CPC · Cost; ``--`` where there is nothing to divide.

``ga4.csv``: UTF-8, comma, a ``#`` comment block before each of two tables parted by a blank line. First: Year
month YYYYMM → site_traffic.from_day and to_day · Session default channel group → channel · Region · Device
category → device · Total users → visitors · Sessions → sessions. Second: landing pages, not used.

``marketing_budget.xlsx``: sheet Бюджет, header in row 3, one row per month and channel: Месяц “декабрь 2015” →
from_day and to_day · Канал → channel · Расход, руб. (number) → spend · Комментарий. Holds what no
advertising system knows: search, aggregators, outdoor, the agency.

All own ads go to channel “own context ads”.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import xlsxwriter

from audit.simulate import words
from audit.simulate.clinic import Clinic
from audit.simulate.export_office import open_workbook

GOOGLE = ("ENT Moscow",)
IDS = {"search ENT": "21840011", "network": "21840057", "brand": "21840093"}
UI_YEARS = (2014, 2015)
NOTHING = "--"


def write_ads(folder: Path, clinic: Clinic) -> list[Path]:
    """Write the five files."""
    spend = clinic.tables["ad_spend"]
    own = spend[spend.campaign.notna()]
    direct, google = own[~own.campaign.isin(GOOGLE)], own[own.campaign.isin(GOOGLE)]
    by_page = direct.from_day.dt.year.isin(UI_YEARS)
    _direct_page(folder / "direct_ui.csv", direct[by_page])
    _direct_api(folder / "direct.tsv", direct[~by_page])
    _google(folder / "google_ads.csv", google)
    _traffic(folder / "ga4.csv", clinic.tables["site_traffic"])
    _budget(folder / "marketing_budget.xlsx", spend[spend.campaign.isna()])
    return [
        folder / name for name in ("direct_ui.csv", "direct.tsv", "google_ads.csv", "ga4.csv", "marketing_budget.xlsx")
    ]


def _ratio(top: pd.Series, bottom: pd.Series, digits: int, empty: str, decimal: str = ".") -> np.ndarray:
    """Quotient as text, ``empty`` where the bottom is 0."""
    value = (top / bottom.where(bottom > 0)).round(digits)
    return value.map(lambda v: empty if np.isnan(v) else f"{v:.{digits}f}".replace(".", decimal)).to_numpy(object)


def _direct_page(path: Path, rows: pd.DataFrame) -> None:
    rows = rows.sort_values(["from_day", "campaign"], kind="stable")
    table = pd.DataFrame(
        {
            "Дата": words.day_text(rows.from_day),
            "Кампания": rows.campaign,
            "№ Кампании": rows.campaign.map(IDS),
            "Показы": rows.impressions.astype(int),
            "Клики": rows.clicks.astype(int),
            "CTR (%)": _ratio(rows.clicks * 100, rows.impressions, 2, "0,00", ","),
            "Расход (руб.)": words.money_text(rows.spend, ""),
            "Ср. цена клика (руб.)": _ratio(rows.spend, rows.clicks, 2, "-", ","),
        }
    )
    total = [
        "Итого",
        "",
        "",
        str(int(rows.impressions.sum())),
        str(int(rows.clicks.sum())),
        "",
        words.money_text(np.array([rows.spend.sum()]), "")[0],
        "",
    ]
    lines = [
        "Мастер отчётов;;;;;;;",
        "Период: 01.01.2014 - 31.12.2015;;;;;;;",
        "Валюта: руб.;;;;;;;",
        "НДС: включён;;;;;;;",
    ]
    body = table.to_csv(index=False, sep=";", lineterminator="\r\n")
    path.write_bytes(("\r\n".join(lines) + "\r\n" + body + ";".join(total) + "\r\n").encode("cp1251"))


def _direct_api(path: Path, rows: pd.DataFrame) -> None:
    rows = rows.sort_values(["from_day", "campaign"], kind="stable")
    table = pd.DataFrame(
        {
            "Date": words.day_text(rows.from_day, "%Y-%m-%d"),
            "CampaignId": rows.campaign.map(IDS),
            "CampaignName": rows.campaign,
            "Impressions": rows.impressions.astype(int),
            "Clicks": rows.clicks.astype(int),
            "Ctr": _ratio(rows.clicks * 100, rows.impressions, 2, NOTHING),
            "Cost": rows.spend.map("{:.2f}".format),
            "AvgCpc": _ratio(rows.spend, rows.clicks, 2, NOTHING),
        }
    )
    body = table.to_csv(index=False, sep="\t", lineterminator="\n")
    title = '"LOR-2 campaigns (2016-01-01 - 2016-12-31)"\n'
    path.write_text(f"{title}{body}Total rows: {len(table)}\n", encoding="utf-8", newline="")


def _google(path: Path, rows: pd.DataFrame) -> None:
    rows = rows.sort_values("from_day", kind="stable")
    table = pd.DataFrame(
        {
            "Day": words.day_text(rows.from_day, "%Y-%m-%d"),
            "Campaign": rows.campaign,
            "Campaign status": "Enabled",
            "Currency code": "RUB",
            "Impr.": rows.impressions.astype(int).map("{:,}".format),
            "Clicks": rows.clicks.astype(int).map("{:,}".format),
            "CTR": _ratio(rows.clicks * 100, rows.impressions, 2, NOTHING),
            "Avg. CPC": _ratio(rows.spend, rows.clicks, 2, NOTHING),
            "Cost": rows.spend.map("{:,.2f}".format),
        }
    )
    shown, clicks, cost = f"{int(rows.impressions.sum()):,}", f"{int(rows.clicks.sum()):,}", f"{rows.spend.sum():,.2f}"
    totals = [
        f"Total: {name}\t{NOTHING}\t{NOTHING}\tRUB\t{shown}\t{clicks}\t{NOTHING}\t{NOTHING}\t{cost}"
        for name in ("Campaigns", "Account")
    ]
    title = "Campaign report\nJanuary 1, 2014 - December 31, 2016\n"
    body = table.to_csv(index=False, sep="\t", lineterminator="\n")
    path.write_bytes(("\ufeff" + title + body + "\n".join(totals) + "\n").encode("utf-16-le"))


def _traffic(path: Path, rows: pd.DataFrame) -> None:
    table = pd.DataFrame(
        {
            "Year month": words.day_text(rows.from_day, "%Y%m"),
            "Session default channel group": rows.channel.map(words.TRAFFIC),
            "Region": rows.region.map(words.REGION),
            "Device category": rows.device,
            "Total users": rows.visitors.astype(int),
            "Sessions": rows.sessions.astype(int),
        }
    )
    pages = pd.DataFrame(
        {
            "Landing page": ["/", "/ceny", "/vrachi", "/adenoidy", "/septoplastika", "/kontakty"],
            "Sessions": [int(rows.sessions.sum() * share) for share in (0.31, 0.18, 0.13, 0.12, 0.09, 0.05)],
        }
    )
    path.write_text(
        _block("Traffic acquisition")
        + table.to_csv(index=False, lineterminator="\n")
        + "\n"
        + _block("Landing page")
        + pages.to_csv(index=False, lineterminator="\n"),
        encoding="utf-8",
        newline="",
    )


def _block(title: str) -> str:
    rule = "# ----------------------------------------"
    return "\n".join(
        [
            rule,
            f"# {title}",
            "# Account: LOR-2",
            "# Property: lor-2.example",
            rule,
            "# All Users",
            "# Start date: 20140101",
            "# End date: 20161231",
            "",
        ]
    )


def _budget(path: Path, rows: pd.DataFrame) -> None:
    rows = rows.sort_values(["from_day", "channel"], kind="stable")
    book = open_workbook(path)
    sheet = book.add_worksheet("Бюджет")
    sheet.write_string(0, 0, "Бюджет рекламы (ведёт маркетолог вручную)")
    _line(sheet, 2, ["Месяц", "Канал", "Расход, руб.", "Комментарий"])
    for at, row in enumerate(rows.itertuples(), start=3):
        month = f"{words.MONTHS[row.from_day.month - 1]} {row.from_day.year}"
        comment = "тест агентства" if row.channel == "agency context" else ""
        _line(sheet, at, [month, words.CHANNEL[row.channel], float(row.spend), comment])
    book.close()


def _line(sheet: xlsxwriter.worksheet.Worksheet, at: int, cells: list[str | float]) -> None:
    for column, cell in enumerate(cells):
        if cell != "":
            sheet.write(at, column, cell)
