"""Outlook: looks ahead in a thread of its own, now and then, so that no decision waits for it."""

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from simcert.control.foresight import Foresight, foresee, obstacle
from simcert.control.rollout import Rollout
from simcert.control.turning import Turn, turns
from simcert.live import _story as story
from simcert.model import View
from simcert.scenario.build import analyzer_maker

PAUSE_S = 5.0  # between two looks, a window at least
REST = 50.0  # times as long as a look took it rests: 2 % of a core at most
SOON = 5.0  # the same after a move of the exposure
SEED = 0  # looks of the same state show the same


class Outlook:
    """What the policy expects, as far as it was asked; `look` never blocks."""

    def __init__(self) -> None:
        self._seen: tuple[float, Foresight] | None = None
        self._turns: list[Turn] = []
        self._next_s = self._soon_s = 0.0
        self._about: object = None
        self._thread: threading.Thread | None = None

    def look(self, rollout: Rollout, now_s: float) -> None:
        """Begin a new look if one is due: after a move, or as time goes by."""
        if self._thread is not None and self._thread.is_alive():
            return
        about = (rollout.phase, rollout.authorised, rollout.exposure)
        due_s = self._next_s if about == self._about else self._soon_s
        if time.monotonic() < due_s:
            return
        self._about = about
        copy, view = self._again(rollout, rollout.to_dict()), rollout.view(now_s)
        self._thread = threading.Thread(
            target=self._ask, args=(copy, view), name="outlook", daemon=True
        )
        self._thread.start()

    @staticmethod
    def _again(rollout: Rollout, saved: Mapping[str, Any]) -> Rollout:
        saved = json.loads(json.dumps(saved))  # lists of the detectors that fly must not be shared
        policy = rollout.policy
        maker = analyzer_maker(policy)
        return Rollout.from_dict(saved, policy, maker, rollout.plan, prior=rollout.prior)

    def _ask(self, rollout: Rollout, view: View) -> None:
        began_s = time.thread_time()
        found = turns(rollout.policy, view)
        draw = np.random.default_rng(SEED)
        seen = foresee(rollout, lambda saved: self._again(rollout, saved), view.now_s, draw)
        self._turns, self._seen = found, (view.now_s, seen)
        took_s, now_s = time.thread_time() - began_s, time.monotonic()
        self._next_s = now_s + max(PAUSE_S, rollout.plan.window_s, REST * took_s)
        self._soon_s = now_s + SOON * took_s

    def shown(self, rollout: Rollout, now_s: float) -> dict[str, Any]:
        """Return `eta_s`, `eta` and `would_change` for status."""
        if why := obstacle(rollout):
            at_s, seen = now_s, Foresight(why=why)
        else:
            at_s, seen = self._seen or (now_s, Foresight(why="nobody has looked ahead yet"))
        age_s = max(now_s - at_s, 0.0)
        eta_s = None if seen.eta_s is None else max(seen.eta_s - age_s, 0.0)
        return {
            "eta_s": eta_s,
            "eta": story.expected(seen, age_s),
            "would_change": self._would_change(rollout),
        }

    def _would_change(self, rollout: Rollout) -> list[dict[str, Any]]:
        if said := story.standing(rollout.phase, rollout.assessment.refusal):
            known = dict.fromkeys(("kind", "value", "limit"))
            return [{**known, "what": "standing", "n": rollout.assessment.n_new, "says": said}]
        return [{**asdict(one), "says": story.turning(one)} for one in self._turns]
