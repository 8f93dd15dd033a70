"""Incremental model of advertising: what weekly callers would have been without each channel's money.

callers of week t ~ Poisson(level(t) + Σ_c gain_c · f_c(A_ct)), variance φ times the mean,
A_ct = (1 − a_c) x_ct + a_c A_c,t−1        geometric adstock of the spend x
f_c(A) = A (x̄_c + k_c) / (x̄_c (A + k_c))    Michaelis–Menten, one at the present spend x̄_c
level(t) = exp(slow level)

Jin et al. (2017) and Robyn's ``adstock_geometric`` give the shapes. Weak priors, on scales without
bounds: log gain around the callers recorded under the channel (within a factor of four at 90 %), logit of
k / (x̄ + k), the share the marginal unit of money keeps of the average one, 0.28 … 0.91; logit of a around
one quarter; the level around the callers not recorded under a channel fitted, moving slowly and with gentle
seasons (with a flat level advertising could explain everybody at no cost). The posterior is drawn by adaptive importance sampling from its mode (Cappé et al. 2004).

What it does not check: a driver left out that moves with spend (a competitor, an event) is credited to
the spend. Spend that follows demand (paid by the booking) must not be given to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, optimize, special, stats

from audit.models.slow_level import HARMONICS, slow_level

Array = NDArray[np.float64]
Gate = Literal["fitted", "too_few_weeks", "flat_spend", "collinear", "too_few_per_parameter", "moved", "not_predicted"]
"""“fitted”, or why a channel has an average cost only."""

LAGS = 13
"""Weeks of adstock kept; of a = 0.7 less than one per cent is left after them."""

USUAL_CARRY, USUAL_SHARE = 1 / 4, 2 / 3
"""Middles of the priors; the gates look at spend at the former. The latter is half of what can be reached at twice the
present spend. What is added down to no spend is the well known marginal return over the poorly known share: a prior
that leans to strong saturation adds callers no week has shown."""

GAIN_SPREAD, SHARE_SPREAD, CARRY_SPREAD = 0.8, 1.0, 1.0
"""Standard deviations of the priors on their unbounded scales."""

LEVEL_SPREAD, STEP_SPREAD, SEASON_SPREAD = 0.4, 0.2, 0.3
"""Prior standard deviations of the log level, of its step from one knot to the next, of the seasons' harmonics."""

FOLD_WEEKS, FOLDS = 13, 2
"""Weeks at the end that are predicted from those before them, and how many such stretches."""

LEAST_BETTER = 1.0
"""Log score by which the spends must help there. Of simulated clinics whose two channels add a tenth to a third of the
callers each 87 % pass, of those whose money does nothing 22 % (at 0: 90 % and 40 %)."""

DRAWS, KEPT, ROUNDS, FREEDOM = 4000, 1000, 4, 6


@dataclass(frozen=True)
class Mix:
    """The posterior, arrays of shape (draws, channels fitted) in the order of ``fitted``.

    ``gates`` says of each channel given whether it is in. ``gain`` is callers a week at the present spend
    beyond those without it, ``share`` marginal over average return there, ``carry`` the adstock a;
    ``spend`` (fitted,) the present money a week. ``dispersion`` is φ.
    """

    gates: dict[str, Gate]
    fitted: list[str]
    weeks: int
    spend: Array
    gain: Array
    share: Array
    carry: Array
    dispersion: float = float("nan")

    def callers(self, spend: Array) -> Array:
        """Callers a week from ``spend`` (fitted,) a week held for long, shape (draws, fitted)."""
        half = self.spend * self.share / (1 - self.share)
        return self.gain * spend * (self.spend + half) / (self.spend * (spend + half))

    @property
    def marginal_cost(self) -> Array:
        """Money for the next caller at the present spend, shape (draws, fitted)."""
        return self.spend / (self.gain * self.share)


def adstock(spend: Array, carry: Array) -> Array:
    """Adstock along the last axis of ``spend`` (…, weeks) by ``carry`` (…), broadcast; weights add up to one."""
    lags = np.arange(LAGS)
    weights = (1 - carry[..., None]) * carry[..., None] ** lags
    padded = np.concatenate([np.repeat(spend[..., :1], LAGS - 1, axis=-1), spend], axis=-1)
    windows = np.lib.stride_tricks.sliding_window_view(padded, LAGS, axis=-1)[..., ::-1]
    return np.asarray(np.einsum("...tl,...l->...t", windows, weights))


def fit(
    *, callers: Array, spend: dict[str, Array], recorded: dict[str, float], seed: int, level: float = 0.90, least_weeks: int = 100,
    least_variation: float = 0.30, most_inflation: float = 5.0, least_per_parameter: int = 8, present_weeks: int = 13,
    observed: NDArray[np.bool_] | None = None,
) -> Mix:
    """Fit from weekly ``callers`` (weeks,) of all channels and the ``spend`` (weeks,) of each channel.

    ``recorded`` are callers a week under each channel's name, the middle of the prior of its gain; ``observed``
    (weeks,) leaves weeks out of the likelihood. Gates: weeks, the coefficient of variation of spend, variance
    inflation of adstocked spends beside the level, weeks per parameter, the last weeks predicted better with the
    spends than without them, and a gain that did not move over time (score test at 1 − ``level``).
    """
    keep = np.ones(callers.size, dtype=np.bool_) if observed is None else observed
    basis = slow_level(callers.size)
    gates = _gates(spend, keep, basis, least_weeks, least_variation, most_inflation)
    names = [name for name, gate in gates.items() if gate == "fitted"]
    while names and keep.sum() < least_per_parameter * (basis.shape[1] + 3 * len(names)):
        # the smallest spend is told least about
        smallest = min(names, key=lambda name: spend[name].sum())
        gates[smallest] = "too_few_per_parameter"
        names.remove(smallest)
    x, prior_gain = np.array([spend[name] for name in names]), np.log([max(recorded.get(name, 0.0), 1.0) for name in names])
    if names and held_out(callers=callers, spend=x, prior_gain=prior_gain, keep=keep, present_weeks=present_weeks) <= LEAST_BETTER:
        gates |= dict.fromkeys(names, "not_predicted")
        names = []
    if not names:
        none = np.zeros((KEPT, 0))
        return Mix(gates, [], int(keep.sum()), np.zeros(0), none, none, none)
    model = _Model(callers, x, basis, keep, prior_gain, present_weeks)
    mode, dispersion = model.mode()
    for name, p in zip(names, model.moved(mode, dispersion), strict=True):
        if p < 1 - level:
            gates[name] = "moved"
    draws = model.draws(mode, dispersion, seed)
    told = [index for index, name in enumerate(names) if gates[name] == "fitted"]
    gain, share, carry = model.unbounded(draws)
    return Mix(gates, [names[index] for index in told], int(keep.sum()), model.present[told],
               gain[:, told], share[:, told], carry[:, told], dispersion)


def held_out(*, callers: Array, spend: Array, prior_gain: Array, keep: NDArray[np.bool_], present_weeks: int) -> float:
    """How much better the last weeks are predicted with ``spend`` (channels, weeks) than by the slow level alone.

    Rolling origin: each of the last ``FOLDS`` stretches of ``FOLD_WEEKS`` is predicted from the weeks before it, at the
    mode of either model. Returned is the difference of their Poisson log scores over the dispersion.
    """
    basis, weeks = slow_level(callers.size), np.arange(callers.size)
    better = 0.0
    for fold in range(FOLDS):
        end = callers.size - fold * FOLD_WEEKS
        known, told = keep & (weeks < end - FOLD_WEEKS), keep & (weeks >= end - FOLD_WEEKS) & (weeks < end)
        scores, scale = [], 1.0
        for x, prior in ((spend, prior_gain), (spend[:0], prior_gain[:0])):
            model = _Model(callers, x, basis, known, prior, present_weeks)
            mode, dispersion = model.mode()
            level, added = model.parts(mode)
            mean = (level + added.sum(axis=0))[told]
            scores.append(float((callers[told] * np.log(mean) - mean).sum()))
            scale = max(scale, dispersion)
        better += (scores[0] - scores[1]) / scale
    return better


def _gates(
    spend: dict[str, Array], keep: NDArray[np.bool_], basis: Array, least_weeks: int, least_variation: float, most_inflation: float,
) -> dict[str, Gate]:
    gates: dict[str, Gate] = {}
    for name, x in spend.items():
        mean = float(x.mean()) if x.size else 0.0
        varied = mean > 0 and float(x.std()) / mean > least_variation
        gates[name] = "too_few_weeks" if keep.sum() < least_weeks else "fitted" if varied else "flat_spend"
    names = [name for name, gate in gates.items() if gate == "fitted"]
    if names:
        stocks = adstock(np.array([spend[name] for name in names]), np.full(len(names), USUAL_CARRY))
        for row, name in enumerate(names):
            others = np.column_stack([basis, np.delete(stocks, row, axis=0).T])
            own = stocks[row] - stocks[row].mean()
            left = stocks[row] - others @ np.linalg.lstsq(others, stocks[row], rcond=None)[0]
            if float((left**2).sum()) * most_inflation < float((own**2).sum()):
                gates[name] = "collinear"
    return gates


class _Model:
    """The posterior density. Parameters: level, then log gain, logit share and logit carry of each channel."""

    def __init__(self, callers: Array, spend: Array, basis: Array, keep: NDArray[np.bool_], prior_gain: Array, present_weeks: int) -> None:
        self.callers, self.spend, self.basis, self.keep = callers, spend, basis, keep.astype(float)
        last = spend[:, -present_weeks:]
        self.present = np.where((last > 0).any(axis=1), last.sum(axis=1) / np.maximum((last > 0).sum(axis=1), 1), spend.mean(axis=1))
        channels = len(spend)
        knots = basis.shape[1] - HARMONICS
        steps = np.vstack([np.eye(knots)[:1], np.diff(np.eye(knots), axis=0)])
        mean = max(float(callers[keep].mean()), 1.0)
        level = np.log(max(mean - float(np.exp(prior_gain).sum()), 0.2 * mean))
        centre = np.concatenate([[level], np.zeros(knots - 1 + HARMONICS), prior_gain,
                                 np.full(channels, special.logit(USUAL_SHARE)), np.full(channels, special.logit(USUAL_CARRY))])
        scale = np.repeat([LEVEL_SPREAD, STEP_SPREAD, SEASON_SPREAD, GAIN_SPREAD, SHARE_SPREAD, CARRY_SPREAD],
                          [1, knots - 1, HARMONICS, *[channels] * 3])
        self.prior = linalg.block_diag(steps, np.eye(HARMONICS + 3 * channels)) / scale[:, None]
        self.centre = centre / scale

    def unbounded(self, parameters: Array) -> tuple[Array, Array, Array]:
        """Gain, share and carry, each (…, channels)."""
        gain, share, carry = np.split(parameters[..., self.basis.shape[1]:], 3, axis=-1)
        return np.exp(np.clip(gain, -20, 20)), special.expit(share), special.expit(carry)

    def parts(self, parameters: Array) -> tuple[Array, Array]:
        """Level (…, weeks) and what each channel adds (…, channels, weeks)."""
        gain, share, carry = self.unbounded(parameters)
        stock = adstock(np.broadcast_to(self.spend, (*carry.shape, self.spend.shape[1])), carry) / self.present[:, None]
        half = np.clip(share / (1 - share), 1e-6, 1e6)[..., None]
        added = gain[..., None] * stock * (1 + half) / (stock + half)
        return np.exp(np.clip(parameters[..., : self.basis.shape[1]] @ self.basis.T, -20, 20)), added

    def log_density(self, parameters: Array, dispersion: float) -> Array:
        """Log posterior (…), up to a constant; the likelihood is weakened by the dispersion."""
        level, added = self.parts(parameters)
        mean = level + added.sum(axis=-2)
        likelihood = ((self.callers * np.log(mean) - mean) * self.keep).sum(axis=-1) / dispersion
        prior = (parameters @ self.prior.T - self.centre) ** 2
        return np.asarray(likelihood - prior.sum(axis=-1) / 2)

    def mode(self) -> tuple[Array, float]:
        """The most likely parameters and the Pearson dispersion there (one at least); three rounds of both."""
        start = np.linalg.lstsq(self.basis, np.log(self.callers + 1.0), rcond=None)[0]
        at, dispersion = np.linalg.solve(self.prior, self.centre), 1.0
        at[: start.size] = start
        for _ in range(3):
            found = optimize.least_squares(self._residuals, at, args=(dispersion,), method="trf", max_nfev=60)
            at = found.x
            level, added = self.parts(at)
            mean = level + added.sum(axis=0)
            free = max(self.keep.sum() - at.size, 1.0)
            dispersion = max(float((self.keep * (self.callers - mean) ** 2 / mean).sum() / free), 1.0)
        return at, dispersion

    def _residuals(self, parameters: Array, dispersion: float) -> Array:
        # deviance residuals: their squares add up to minus twice the log density
        level, added = self.parts(parameters)
        mean = level + added.sum(axis=0)
        y = self.callers
        deviance = 2 * (np.where(y > 0, y * np.log(np.maximum(y, 1e-12) / mean), 0.0) - (y - mean))
        left = np.sign(y - mean) * np.sqrt(np.maximum(deviance, 0) / dispersion) * self.keep
        return np.concatenate([left, self.prior @ parameters - self.centre])

    def draws(self, mode: Array, dispersion: float, seed: int) -> Array:
        """Adaptive importance sampling (Cappé et al. 2004): t-distributions whose centre and spread follow the draws."""
        rng = np.random.default_rng(seed)
        slopes = optimize.approx_fprime(mode, lambda at: self._residuals(at, dispersion), 1e-6)
        centre, spread = mode, 2 * np.linalg.inv(slopes.T @ slopes + 1e-9 * np.eye(mode.size))
        for _ in range(ROUNDS):
            sample, proposed = _t_draws(centre, spread, rng)
            target = np.concatenate([self.log_density(part, dispersion) for part in np.array_split(sample, 12)])
            weight = np.exp(target - proposed - (target - proposed).max())
            # no single draw may stand for more than its share: the ceiling of Ionides (2008)
            weight = np.minimum(weight, weight.mean() * np.sqrt(DRAWS))
            weight /= weight.sum()
            centre = weight @ sample
            spread = (sample - centre).T @ ((sample - centre) * weight[:, None]) + 1e-9 * np.eye(mode.size)
        return np.asarray(sample[rng.choice(DRAWS, KEPT, p=weight)])

    def moved(self, mode: Array, dispersion: float) -> list[float]:
        """Probability of a trend in each channel's gain as large as seen, were there none (score test, F)."""
        level, added = self.parts(mode)
        mean = level + added.sum(axis=0)
        weight = np.sqrt(self.keep / (mean * dispersion))
        slopes = optimize.approx_fprime(mode, lambda at: self.parts(at)[0] + self.parts(at)[1].sum(axis=0), 1e-6)
        design = np.vstack([slopes * weight[:, None], self.prior])
        unseen = np.zeros(len(self.prior))
        left = np.concatenate([(self.callers - mean) * weight, unseen])
        time = np.linspace(-1, 1, mean.size)
        found = []
        for row in added:
            extra = np.concatenate([row * time * weight, unseen])
            extra = extra - design @ np.linalg.lstsq(design, extra, rcond=None)[0]
            size = float(extra @ extra)
            z = float(extra @ left) / np.sqrt(size) if size > 1e-12 else 0.0
            found.append(float(2 * stats.t.sf(abs(z), max(self.keep.sum() - mode.size - 1, 1))))
        return found


def _t_draws(centre: Array, spread: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Draws of a multivariate t with ``FREEDOM`` degrees of freedom and their log density, up to a constant."""
    normal = rng.standard_normal((DRAWS, centre.size))
    stretch = np.sqrt(FREEDOM / rng.chisquare(FREEDOM, DRAWS))[:, None]
    distance = ((normal * stretch) ** 2).sum(axis=1)
    return centre + normal * stretch @ np.linalg.cholesky(spread).T, -(FREEDOM + centre.size) / 2 * np.log1p(distance / FREEDOM)
