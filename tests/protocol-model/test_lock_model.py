"""The lease model, as far as seconds reach: one deviation wherever there can be one, and deeper ones by chance. Every rule
has teeth: with it switched off, a schedule is known that goes wrong."""

from __future__ import annotations

import lock_model
import pytest

# Found by `lock_model.py --mutants`, which searches for them.
BREAKS: dict[str, tuple[tuple[int, int], ...]] = {
    "unconditional_put": (),
    "no_drain": ((13, 3),),
    "short_drain": ((1, 1), (10, 3)),
    "check_then_sign": ((7, 4),),
    "renew_by_answer": ((4, 8), (12, 2)),
    "no_margin": ((20, 2), (25, 2)),
    "wall_clock": (),
    "naive_412": ((4, 5),),
    "self_fence": ((4, 9), (5, 5)),
    "blind_unlock": ((24, 4),),
    "sweep_all": ((17, 4),),
    "blob_after_root": ((14, 7),),
}


def test_one_deviation_changes_nothing() -> None:
    """Every one there is."""
    count, found = lock_model.explore(1)
    assert found is None, found
    assert count > 300


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_deeper_ones_by_chance(depth: int) -> None:
    """The seed is fixed: a failure can be repeated."""
    assert lock_model.sample(1500, depth) is None


@pytest.mark.parametrize("mutant", lock_model.MUTANTS)
def test_every_rule_has_teeth(mutant: str) -> None:
    """The rule holds where it is on, and the schedule breaks where it is off."""
    lock_model.simulate(BREAKS[mutant])
    with pytest.raises(AssertionError, match="L-"):
        lock_model.simulate(BREAKS[mutant], mutant)
