"""What prior, reports and probes add: `python -m bench.evidence.corroboration` (about 3 minutes).

They are off in `compare` and in all bars. Here each story of the library is flown with and without
them, on the same seeds. The prior is about the published mix "web", whoever the true clients are.
Writes results/evidence/corroboration.json.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from statistics import median

import numpy as np

from bench._results import asked
from bench.evidence import record
from simcert import lab
from simcert.scenario import build, load_scenario
from simcert.scenario.schema import ProbesTable, ReportsTable, Scenario

STORIES = {  # stem: the cohort that a probe stands for
    "android_root_missing": "profile:app_android_7_0",
    "cross_sign_dropped": "profile:app_android_7_0",
    "rare_segment": "profile:bcjsse",
    "same_ca": None,
}
REPORTS = ReportsTable(share=0.2, delay_s=60.0)
TOLD = "adaptive:corroboration=0.1"
RUNS, SEED = 12, 9_700


def variants(scenario: Scenario, probe: str | None) -> Iterator[tuple[str, Scenario, str]]:
    """Return name, world and policy of each way to fly a story."""
    analysis, population = scenario.analysis, scenario.population
    web = replace(scenario, analysis=replace(analysis, prior=True, configured="web"))
    true = replace(scenario, analysis=replace(analysis, prior=True))
    heard = replace(scenario, population=replace(population, reports=REPORTS))
    yield "nothing", scenario, "adaptive"
    yield "prior of the mix web", web, "adaptive:prior_max=1.0"
    yield "prior of the true clients", true, "adaptive:prior_max=1.0"
    yield "reports", heard, TOLD
    if probe is not None:
        asked = replace(scenario, probes=ProbesTable((probe,), 300.0))
        yield "a probe of a victim", asked, TOLD


def measured(scenario: Scenario, policy: str) -> dict[str, object]:
    """Return what came of the seeds; `refused` tells if the prior would have refused the start."""
    flown = [lab.run(scenario, policy=policy, seed=SEED + i).score for i in range(RUNS)]
    harm = np.array([one.harmed_connections for one in flown], float)
    full = sorted(one.minutes_to_full or float("inf") for one in flown)
    prior = build.world(scenario).prior
    return {
        "policy": policy,
        "runs": RUNS,
        "seeds": [SEED, SEED + RUNS - 1],
        "harmed_mean": float(harm.mean()),
        "harmed_error": float(harm.std(ddof=1) / np.sqrt(RUNS)),
        "rolled_back": sum(one.rolled_back_ever for one in flown),
        "false_rollbacks": sum(one.false_rollback for one in flown),
        "median_minutes_to_full": None if median(full) == float("inf") else median(full),
        "predicted_share": None if prior is None else prior.affected_share,
        "default_prior_refuses": prior is not None and prior.affected_share > 0.05,
    }


def main() -> None:
    """Fly all, and write the report after each story."""
    rows: list[dict[str, object]] = []
    for stem, probe in STORIES.items():
        for name, scenario, policy in variants(load_scenario(stem), probe):
            row = {"scenario": stem, "told": name, **measured(scenario, policy)}
            rows.append(row)
            record.progress(f"{stem}, {name}: harmed {row['harmed_mean']:.3g}")
        report = {"command": "python -m bench.evidence.corroboration", "rows": rows}
        report["policy_digest"] = record.setting_digest()
        text = json.dumps(report, indent=1) + "\n"
        (record.FOLDER / "corroboration.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    asked(__doc__)
    main()
