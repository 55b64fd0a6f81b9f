"""Reigns: which exposure was in force when, as far as slices that are open need to know."""

from bisect import bisect_right


class Reigns:
    """Changes of the exposure, and when they may have been by a clock that is off by `skew_s`."""

    def __init__(self, skew_s: float) -> None:
        self._skew_s = skew_s
        self._changes: list[tuple[float, float]] = [(float("-inf"), 0.0)]
        self._moves: list[tuple[float, float]] = []  # from when to when the exposure changed

    def begin(self, exposure: float, from_s: float) -> None:
        """Note that `exposure` is in force from `from_s` on; moments must not go back."""
        if from_s < self._changes[-1][0]:
            raise ValueError(f"exposure at {from_s} s after one at {self._changes[-1][0]} s")
        if exposure != self._changes[-1][1]:
            self._changes.append((from_s, exposure))
            self.changing(from_s, from_s)

    def changing(self, from_s: float, to_s: float) -> None:
        """Note that the exposure changed at a moment in between."""
        self._moves.append((from_s - self._skew_s, to_s + self._skew_s))

    def longest(self, start_s: float, end_s: float) -> tuple[float, float, float]:
        """Return from when, until when, and which exposure ruled longest between two moments."""
        first = bisect_right(self._changes, (start_s, float("inf"))) - 1
        reigns = []
        for i in range(max(first, 0), len(self._changes)):
            from_s, exposure = self._changes[i]
            to_s = self._changes[i + 1][0] if i + 1 < len(self._changes) else float("inf")
            if from_s >= end_s:
                break
            reigns.append((min(to_s, end_s) - max(from_s, start_s), from_s, to_s, exposure))
        _, from_s, to_s, exposure = max(reigns)
        return from_s, to_s, exposure

    def forget(self, start_s: float) -> None:
        """Forget what ended before `start_s`."""
        while len(self._changes) > 1 and self._changes[1][0] <= start_s:
            self._changes.pop(0)
        self._moves = [one for one in self._moves if one[1] > start_s]

    def mixed(self, end_s: float) -> bool:
        """Return whether the exposure may have changed before `end_s`, since what was forgotten."""
        return any(from_s < end_s for from_s, _ in self._moves)
