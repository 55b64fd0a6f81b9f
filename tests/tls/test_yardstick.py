"""A held-out variant is predicted without what it alone taught, and with everything else."""

from bench._tls_held_out import HeldOut, deviations, reduced
from bench.tls_yardstick import Lab
from simcert.tls.stacks import measured

STACKS = ("go19", "go27", "firefox")


def held_out() -> HeldOut:
    return HeldOut(STACKS, Lab.of_tests().wrong)


def test_nothing_reset_is_the_measured_configuration() -> None:
    for stack, client in measured().items():
        assert reduced(stack, frozenset()) == client.verifier


def test_what_only_one_variant_teaches_is_forgotten_with_it() -> None:
    known = held_out()
    single = {d: c for d, c in known._needs.items() if len(c) == 1 and d[2] is None}
    assert single
    for (_, name, _), cells in single.items():
        ((stack, variant),) = cells
        full = getattr(reduced(stack, known._idle), name)
        assert getattr(known.without_variant(stack, variant), name) != full
        assert getattr(known.without_variant(stack, "no such variant"), name) == full


def test_what_another_stack_also_shows_survives_a_pair_but_not_a_variant() -> None:
    known = held_out()
    both = {d: c for d, c in known._needs.items() if d[0] == "family.go" and len(c) > 1}
    alone = {d: c for d, c in both.items() if len({variant for _, variant in c}) == 1}
    (deviation, cells), *_ = alone.items()
    stack, variant = min(cells)
    name = deviation[1]
    full = getattr(reduced(stack, known._idle), name)
    assert getattr(known.without_pair(stack, variant), name) == full
    assert getattr(known.without_variant(stack, variant), name) != full


def test_a_stack_lives_by_its_own_tables_first() -> None:
    assert deviations("go27")[0][0] == "client.go27"
