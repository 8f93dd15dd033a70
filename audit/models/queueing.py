"""Queues: who waits or is turned away when arrivals come at random and servers are nearly full.

Arrivals are Poisson with a rate of ``load`` per mean service time; ``load`` is therefore in servers (erlang).
Appointments smooth arrivals, so these are what a resource meets from walk-ins, calls or emergencies.
"""

from __future__ import annotations

import math


def erlang_b(servers: int, load: float) -> float:
    """Probability that all ``servers`` are taken and an arrival is turned away (M/M/c/c).

    Holds for any distribution of the service time. Source: Erlang (1917), by the stable recursion
    B(0) = 1, B(n) = a B(n−1) / (n + a B(n−1)).
    """
    if servers < 0 or load < 0:
        raise ValueError("servers and load cannot be negative")
    blocked = 1.0
    for n in range(1, servers + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked


def erlang_c(servers: int, load: float) -> float:
    """Probability that an arrival waits (M/M/c); 1 when the load is not below the servers.

    Source: Erlang (1917): C = B / (1 − ρ (1 − B)) with ρ = load / servers.
    """
    if load >= servers:
        return 1.0
    blocked = erlang_b(servers, load)
    return blocked / (1 - load / servers * (1 - blocked))


def mean_wait(servers: int, load: float, *, service_cv2: float = 1.0, arrival_cv2: float = 1.0) -> float:
    """Mean wait in queue, in mean service times; infinite when the load is not below the servers.

    M/M/c: W = C(c, a) / (c − a). Other variation by Allen & Cunneen: times (CV²_arrival + CV²_service) / 2, exact
    for M/G/1 (Pollaczek & Khinchine) and good near full load. ``…_cv2`` are squared coefficients of variation.
    """
    if load >= servers:
        return math.inf
    return erlang_c(servers, load) / (servers - load) * (arrival_cv2 + service_cv2) / 2


def turned_away(servers: int, used: float) -> float:
    """Share of random arrivals that find all ``servers`` taken when ``used`` of them (mean, below all) are busy.

    Solves a (1 − B(c, a)) = used for the offered load a, since only what is let in is seen.
    """
    if not 0 <= used < servers:
        raise ValueError("the servers used must lie between none and all of them")
    low, high = used, max(2.0 * used, 1.0)
    while high * (1 - erlang_b(servers, high)) < used:
        low, high = high, 2 * high
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if middle * (1 - erlang_b(servers, middle)) < used else (low, middle)
    return erlang_b(servers, high)
