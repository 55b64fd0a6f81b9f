"""Figures: numbers as reasons tell them, short, but never so short that both sides look equal."""

from math import isclose

DIGITS = 3
DIGITS_MAX = 12
EXPONENT_FROM = 999_999.5  # below it a number is written out


def figure(value: float, digits: int = DIGITS) -> str:
    """Return a number in so many digits, without an exponent where it is below a million."""
    if 999.5 <= value < EXPONENT_FROM and digits <= 6:
        return f"{value:.0f}" if value >= 10.0**digits - 0.5 else f"{value:.{digits}g}"
    return f"{value:.3g}" if digits == DIGITS else f"{value:.{digits}g}"


def apart(value: float, limit: float) -> tuple[str, str]:
    """Return both in the fewest digits, three at least, that still tell which is the larger.

    What is equal but for rounding is told as equal.
    """
    said = figure(value), figure(limit)
    if said[0] != said[1] or isclose(value, limit, rel_tol=1e-9):
        return said
    for digits in range(DIGITS + 1, DIGITS_MAX):
        said = figure(value, digits), figure(limit, digits)
        if said[0] != said[1]:
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


def held_to(value: float | None, limit: float) -> tuple[str, str]:
    """Return both as `apart` does, and that there is no value where there is none."""
    return ("no data", figure(limit)) if value is None else apart(value, limit)


def names(found: list[str], most: int = 3) -> str:
    """Return the first of many names, and how many more there are."""
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return ", ".join(found[:most]) + more
