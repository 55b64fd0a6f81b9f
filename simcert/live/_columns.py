"""Fields of many lines as columns: numbers and names read by numpy, no loop over lines.

A field is given by where it begins and ends in one array of bytes; loops run over the letters of
the widest field.
"""

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_A, _B = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xFF51AFD7ED558CCD)


def integers(text: Bytes, begin: Places, end: Places) -> tuple[Places, Mask]:
    """Return the decimal number in each field, and which fields hold one (0 where not).

    At most 18 digits, with one sign.
    """
    negative = text[begin] == 0x2D
    at = begin + negative
    width = end - at
    fine = (width > 0) & (width <= 18)
    value = np.zeros(len(begin), np.int64)
    for i in range(int(min(width.max(initial=0), 18))):
        here = i < width
        digit = text[np.where(here, at + i, begin)].astype(np.int64) - 48
        fine &= ~here | ((digit >= 0) & (digit <= 9))
        value = np.where(here, value * 10 + digit, value)
    return np.where(fine, np.where(negative, -value, value), 0), fine


def names(text: Bytes, begin: Places, end: Places) -> Places:
    """Return a 64-bit name of the letters in each field; equal letters, equal names."""
    width = end - begin
    words = (int(width.max(initial=0)) + 7) // 8
    name = width.astype(np.uint64) * _B
    last = len(text) - 1
    for i in range(words):
        word = np.zeros(len(begin), np.uint64)
        for j in range(8 * i, 8 * i + 8):
            letter = text[np.minimum(begin + j, last)].astype(np.uint64)
            word = (word << np.uint64(8)) | np.where(j < width, letter, np.uint64(0))
        name = (name ^ word) * _A
        name ^= name >> np.uint64(29)
    return name.view(np.int64)
