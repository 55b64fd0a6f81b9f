"""Figures: numbers as reasons tell them, short, but never so short that both sides look equal."""

from math import isclose

DIGITS = 3
DIGITS_MAX = 12


def figure(value: float, digits: int = DIGITS) -> str:
    """Return a number in so many digits, without an exponent where it is below a million."""
    said = f"{value:.{digits}g}"
    return f"{value:.0f}" if "e+" in said and abs(value) < 1e6 else said


def apart(value: float, limit: float) -> tuple[str, str]:
    """Return both in the fewest digits, three at least, that still tell which is the larger.

    What is equal but for rounding is told as equal.
    """
    if isclose(value, limit, rel_tol=1e-9):
        return figure(limit), figure(limit)
    for digits in range(DIGITS, DIGITS_MAX):
        said = figure(value, digits), figure(limit, digits)
        if (float(said[0]) < float(said[1])) == (value < limit) and said[0] != said[1]:
            return said
    return figure(value, DIGITS_MAX), figure(limit, DIGITS_MAX)


def above(value: float, limit: float) -> str:
    """Say that a value is above a limit."""
    return "{} above {}".format(*apart(value, limit))


def reached(value: float, limit: float) -> str:
    """Say that a value has reached a limit."""
    return "{} reached {}".format(*apart(value, limit))


def at_most(value: float, limit: float) -> str:
    """Say that a value is not above the limit that it has."""
    return "{} of at most {}".format(*apart(value, limit))


def names(found: list[str], most: int = 3) -> str:
    """Return the first of many names, and how many more there are."""
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return ", ".join(found[:most]) + more
