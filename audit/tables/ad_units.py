"""Ad units: advertising money by the specialty or branch it is meant for (computed, never stored)."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
from ibis import _
from ibis.expr.types import Table

NO_UNIT = "no_unit"
"""Money of campaigns that nobody said the purpose of."""


def ad_units(ad_spend: Table, unit_of: Mapping[str, str]) -> Table:
    """``ad_spend`` with the unit in the place of its channel; ``unit_of`` names it for a campaign or a whole channel."""
    of = [(name, ibis.literal(unit)) for name, unit in sorted(unit_of.items())]
    if not of:
        return ad_spend.mutate(channel=ibis.literal(NO_UNIT))
    return ad_spend.mutate(channel=ibis.coalesce(_.campaign.cases(*of), _.channel.cases(*of), ibis.literal(NO_UNIT)))
