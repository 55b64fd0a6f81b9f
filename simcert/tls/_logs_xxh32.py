"""xxHash of 32 bits, as HAProxy's converter `xxh32` prints it (xxHash specification, XXH32).

HAProxy can log a hash of the cipher list instead of the list; a list that is known is recognised
by hashing it the same way.
"""

_P1, _P2, _P3, _P4, _P5 = 2_654_435_761, 2_246_822_519, 3_266_489_917, 668_265_263, 374_761_393
_MASK = 0xFFFF_FFFF


def xxh32(data: bytes, seed: int = 0) -> int:
    """Return the hash of `data`, in [0, 2^32)."""
    at, size = 0, len(data)
    if size >= 16:
        lanes = [(seed + _P1 + _P2), seed + _P2, seed, seed - _P1]
        while at + 16 <= size:
            lanes = [_round(v, _word(data, at + 4 * i)) for i, v in enumerate(lanes)]
            at += 16
        total = sum(_rotated(v, r) for v, r in zip(lanes, (1, 7, 12, 18), strict=True))
    else:
        total = seed + _P5
    total = (total + size) & _MASK
    while at + 4 <= size:
        total = _rotated(total + _word(data, at) * _P3, 17) * _P4 & _MASK
        at += 4
    for byte in data[at:]:
        total = _rotated(total + byte * _P5, 11) * _P1 & _MASK
    return _avalanche(total)


def _round(lane: int, word: int) -> int:
    return _rotated(lane + word * _P2, 13) * _P1 & _MASK


def _word(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")


def _rotated(value: int, bits: int) -> int:
    value &= _MASK
    return (value << bits | value >> (32 - bits)) & _MASK


def _avalanche(value: int) -> int:
    value ^= value >> 15
    value = value * _P2 & _MASK
    value ^= value >> 13
    value = value * _P3 & _MASK
    return value ^ value >> 16
