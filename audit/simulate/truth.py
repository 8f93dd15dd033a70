"""Every parameter of the synthetic clinic, in one frozen record.

Lists over months run from December 2015 to December 2016 unless said otherwise; lists over doctors
run D01 … D10. Money is in roubles, shares are 0–1.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Literal

from audit.simulate.truth_parts import (
    Administrator,
    AgencyTest,
    Anchor,
    BgNbd,
    Channel,
    Doctor,
    GammaGamma,
    Plans,
    PriceTest,
    Reactivation,
    Saturation,
    ValueClass,
)

Process = Literal["G1", "G2"]

BEFORE = Anchor(
    month="2015-12",
    slots=4368,
    visits=1747,
    primaries=476,
    operations=60,
    bed_days=90,
    outpatient_revenue=5_712_000,
    surgery_revenue=4_200_000,
    answered_opportunities=1043,
    conversion=0.420,
    booked=0.580,
    missed_share=0.18,
    first_receipt=4000.0,
    repeat_receipt=2996.0,
    children_share=0.20,
    moscow_search_visitors=24_000,
    moscow_share=0.30,
    mobile_share=0.61,
    fixed_cost=6_200_000,
    marketing=750_000,
)
AFTER = Anchor(
    month="2016-12",
    slots=4368,
    visits=4281,
    primaries=1070,
    operations=120,
    bed_days=180,
    outpatient_revenue=16_380_000,
    surgery_revenue=8_400_000,
    answered_opportunities=1739,
    conversion=0.566,
    booked=0.690,
    missed_share=0.06,
    first_receipt=5103.0,
    repeat_receipt=3401.0,
    children_share=0.33,
    moscow_search_visitors=49_600,
    moscow_share=0.62,
    mobile_share=0.66,
    fixed_cost=6_600_000,
    marketing=799_000,
)
CHANNELS = (
    Channel("organic search", 300, 300_000, 885, 387_000),
    Channel("agency context", 5, 75_000, 0, 0),
    Channel("own context ads", 48, 150_000, 196, 186_000),
    Channel("aggregators / portals", 110, 165_000, 140, 196_000),
    Channel("word of mouth", 378, 0, 412, 0),
    Channel("direct / brand", 142, 0, 76, 0),
    Channel("static numbers / outdoor", 60, 60_000, 30, 30_000),
)
ADMINISTRATORS = (
    Administrator("A", 290, 0.575, 460, 0.620),
    Administrator("B", 270, 0.450, 440, 0.580),
    Administrator("C", 262, 0.360, 430, 0.555),
    Administrator("D", 221, 0.251, 409, 0.501),
)
DOCTORS = (
    Doctor("D01", 0.08, 17_500, 4.8, 0.14, 19_510, 4.8, 0.3, 0.05, "benchmark"),
    Doctor("D02", 0.07, 18_000, 4.7, 0.13, 20_070, 4.7, 0.3, 0.05, "benchmark"),
    Doctor("D03", 0.09, 15_500, 4.6, 0.13, 17_280, 4.6, 0.3, 0.10, "good, older patients"),
    Doctor("D04", 0.10, 14_000, 4.6, 0.12, 15_610, 4.6, 0.3, 0.22, "good"),
    Doctor("D05", 0.12, 11_600, 4.5, 0.11, 12_930, 4.5, 1.6, 0.42, "average, double shifts"),
    Doctor("D06", 0.08, 23_200, 3.6, 0.05, 19_950, 4.4, 0.5, 0.16, "over-treatment", 1.9, 1.35),
    Doctor("D07", 0.14, 7_800, 4.3, 0.09, 11_700, 4.3, 1.2, 0.0, "laggard"),
    Doctor("D08", 0.12, 7_200, 4.2, 0.08, 10_800, 4.2, 1.2, 0.0, "laggard"),
    Doctor("D09", 0.10, 6_800, 4.4, 0.08, 10_200, 4.4, 1.2, 0.0, "laggard"),
    Doctor("D10", 0.10, 6_600, 4.1, 0.07, 9_900, 4.1, 1.2, 0.0, "laggard"),
)
CLASSES = (
    ValueClass("one-off", 0.52, 1.0, 0.44, 1.0),
    ValueClass("short", 0.22, 2.5, 0.25, 2.5),
    ValueClass("course", 0.104, 8.0, 0.165, 8.0),
    ValueClass("chronic", 0.03, 22.0, 0.033, 22.0),
    ValueClass("surgical", 0.126, 8.8, 0.112, 7.94, operations=1),
)


@dataclass(frozen=True)
class Truth:
    """The whole truth of one simulated clinic.

    ``size`` scales the number of patients, calls and operations, not rooms or prices. Ratios of a
    month (visits or revenue per first visit) are not values of that month's cohort: in a growing
    clinic the cohort is worth more, ``cohort_repeats_12_months``.
    """

    seed: int = 20151201
    size: float = 1.0
    process: Process = "G2"
    before: Anchor = BEFORE
    after: Anchor = AFTER
    channels: tuple[Channel, ...] = CHANNELS
    administrators: tuple[Administrator, ...] = ADMINISTRATORS
    doctors: tuple[Doctor, ...] = DOCTORS
    newcomer: str = "D11"
    newcomer_from: str = "2016-09-01"
    newcomer_share: float = 0.04
    classes: tuple[ValueClass, ...] = CLASSES
    price_test: PriceTest = field(default_factory=PriceTest)
    reactivation: Reactivation = field(default_factory=Reactivation)
    plans: Plans = field(default_factory=Plans)
    agency: AgencyTest = field(default_factory=AgencyTest)
    saturation: Saturation = field(default_factory=Saturation)
    bg_nbd: BgNbd = field(default_factory=BgNbd)
    gamma_gamma: GammaGamma = field(default_factory=GammaGamma)
    operation_price: int = 70_000
    call_share: float = 0.92
    variable_share: float = 0.35
    cohort_repeats_12_months: tuple[float, float] = (2.75, 3.3)
    surgery_given_child_adenoids: float = 0.22
    surgery_given_adult_septum: float = 0.38
    seen_by_another_doctor: float = 0.45
    second_branch_share: float = 3 / 7
    second_marker_kappa: float = 0.72
    corporate_contracts: int = 4
    corporate_clients: int = 12
    revenue_index: tuple[float, ...] = (1.00, 0.94, 1.06, 1.19, 1.32, 1.29, 1.41, 1.50, 1.63, 1.86, 2.10, 2.31, 2.50)
    conversion_path: tuple[float, ...] = (
        0.420,
        0.422,
        0.440,
        0.455,
        0.465,
        0.475,
        0.500,
        0.515,
        0.525,
        0.535,
        0.545,
        0.556,
        0.566,
    )
    booked_path: tuple[float, ...] = (
        0.580,
        0.582,
        0.598,
        0.610,
        0.618,
        0.624,
        0.640,
        0.650,
        0.658,
        0.666,
        0.674,
        0.683,
        0.690,
    )
    missed_path: tuple[float, ...] = (
        0.180,
        0.170,
        0.150,
        0.140,
        0.130,
        0.120,
        0.100,
        0.095,
        0.090,
        0.080,
        0.070,
        0.065,
        0.060,
    )
    children_path: tuple[float, ...] = (
        0.200,
        0.200,
        0.205,
        0.210,
        0.215,
        0.220,
        0.230,
        0.240,
        0.280,
        0.310,
        0.320,
        0.330,
        0.330,
    )
    class_shift: tuple[float, ...] = (0.0, 0.0, 0.10, 0.15, 0.25, 0.40, 0.50, 0.55, 0.65, 0.85, 0.95, 1.0, 1.0)
    doctor_shift: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0, 0.0, 0.40, 0.60, 0.80, 0.90, 1.0, 1.0, 1.0, 1.0)
    channel_shift: tuple[float, ...] = (0.0, 0.03, 0.10, 0.20, 0.32, 0.42, 0.52, 0.60, 0.68, 0.78, 0.88, 0.95, 1.0)
    growth_of_outpatient_revenue: dict[str, float] = field(
        default_factory=lambda: {
            "answered primary calls": 5_180_000.0,
            "administrators' conversion": 3_020_000.0,
            "visits per primary": 880_000.0,
            "receipt per visit": 1_590_000.0,
            "surgery": 4_200_000.0,
        }
    )

    def anchors(self) -> tuple[Anchor, Anchor]:
        """December 2015 and December 2016 at this size, counts rounded to whole numbers."""
        return _scaled(self.before, self.size), _scaled(self.after, self.size)

    def to_json(self) -> str:
        """The truth as JSON, keys in the order of the record."""
        return json.dumps(dataclasses.asdict(self), indent=2, ensure_ascii=False)


def _scaled(anchor: Anchor, size: float) -> Anchor:
    counts = (
        "visits",
        "primaries",
        "operations",
        "bed_days",
        "answered_opportunities",
        "outpatient_revenue",
        "moscow_search_visitors",
    )
    values = {name: max(1, round(getattr(anchor, name) * size)) for name in counts}
    values["surgery_revenue"] = values["operations"] * (anchor.surgery_revenue // anchor.operations)
    return dataclasses.replace(anchor, **values)
