"""Hadamard matrices: ±1, rows orthogonal. They balance the half-samples of balanced repeated replication.

Built from the constructions of Paley (1933, Journal of Mathematics and Physics 12) on the squares modulo a prime, and
doubled after Sylvester (1867). That leaves few gaps: below 100 only the orders 52 and 92.
"""

import numpy as np

from analysis.design import Floats


def hadamard(least: int) -> Floats:
    """A Hadamard matrix of the smallest order from `least` up that the constructions give; its first row is all 1."""
    order = max(4, least + (-least) % 4)
    while (found := _of_order(order)) is None:
        order += 4
    result: Floats = found * found[0]
    return result


def _of_order(order: int) -> Floats | None:
    if order in (1, 2):
        return np.array([[1.0, 1.0], [1.0, -1.0]])[:order, :order]
    if order % 4:
        return None
    if _is_prime(order - 1):
        return _first(order - 1)
    if _is_prime(order // 2 - 1) and (order // 2 - 1) % 4 == 1:
        return _second(order // 2 - 1)
    half = _of_order(order // 2)
    return None if half is None else np.kron(np.array([[1.0, 1.0], [1.0, -1.0]]), half)


def _is_prime(number: int) -> bool:
    return number > 1 and all(number % divisor for divisor in range(2, int(number**0.5) + 1))


def _jacobsthal(prime: int) -> Floats:
    """(prime, prime): 1 where i - j is a square modulo the prime, -1 where it is not, 0 on the diagonal."""
    character = np.full(prime, -1.0)
    character[np.arange(1, prime) ** 2 % prime] = 1.0
    character[0] = 0.0
    place = np.arange(prime)
    result: Floats = character[(place[:, None] - place) % prime]
    return result


def _first(prime: int) -> Floats:
    """Paley's first construction, prime = 3 modulo 4."""
    core = np.zeros((prime + 1, prime + 1))
    core[0, 1:], core[1:, 0], core[1:, 1:] = 1.0, -1.0, _jacobsthal(prime)
    return core + np.eye(prime + 1)


def _second(prime: int) -> Floats:
    """Paley's second construction, prime = 1 modulo 4."""
    core = np.zeros((prime + 1, prime + 1))
    core[0, 1:], core[1:, 0], core[1:, 1:] = 1.0, 1.0, _jacobsthal(prime)
    block = np.array([[1.0, 1.0], [1.0, -1.0]])
    return np.kron(core, block) + np.kron(np.eye(prime + 1), np.array([[1.0, -1.0], [-1.0, -1.0]]))
