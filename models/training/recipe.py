"""Say which stages train the models: what each starts from, what it sees, and for how long."""

from dataclasses import dataclass

from models.training.lot import SEQUENCES

ALL = 'all'
"""Held out: every sequence, and the backgrounds of their days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """Hold the probabilities of the kinds of samples; they add up to 1."""

    simulated: float
    lot: float
    pasted: float
    background: float

    def as_tuple(self) -> tuple[float, float, float, float]:
        """Return them in the order of the fields."""
        return self.simulated, self.lot, self.pasted, self.background


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Hold one stage of training.

    Attributes:
        start: the stage whose weights it starts from; None for random ones.
        held_out: the sequence of which it sees neither frames nor cars; ALL or None.
        shares: what samples it sees.
        rendered: the simulated sets that it sees.
        steps: optimiser steps.
        limit_s: time after which it ends before that; None for no limit.
        rate: highest learning rate, reached after `warm_up` steps.
        checks: how often the held-out loss is taken.
        onnx: where its int8 model goes, below `models/`; None for none.
    """

    start: str | None
    held_out: str | None
    shares: Shares
    steps: int
    rate: float
    rendered: tuple[str, ...] = ('train', 'varied')
    limit_s: float | None = None
    warm_up: int = 30
    onnx: str | None = None
    seed: int = 20
    workers: int = 1
    checks: int = 6


SIMULATED = Shares(simulated=0.94, lot=0, pasted=0, background=0.06)
WITH_REAL_CARS = Shares(simulated=0.6, lot=0.14, pasted=0.18, background=0.08)
MOSTLY_SIMULATED = Shares(simulated=0.68, lot=0.11, pasted=0.14, background=0.07)
WITH_HARD_SCENES = ('train', 'varied', 'hard')


def _real_stages(held_out: str | None) -> dict[str, Stage]:
    """Return the stages that add real cars, then hard scenes; each name says what was held out."""
    first, last = (f'mixed_without_{held_out}', f'without_{held_out}') if held_out else ('mixed', 'default')
    return {
        first: Stage(start='simulation', held_out=held_out, shares=WITH_REAL_CARS, steps=350, rate=1e-3),
        last: Stage(
            start=first,
            held_out=held_out,
            shares=MOSTLY_SIMULATED,
            rendered=WITH_HARD_SCENES,
            steps=1000,
            limit_s=1500,
            rate=8e-4,
            checks=8,
            onnx=f'leave_one_out/{last}.onnx' if held_out else 'default.onnx',
        ),
    }


STAGES = {
    'base': Stage(
        start=None, held_out=ALL, shares=SIMULATED, steps=1500, rate=2e-3, warm_up=200, rendered=('train',)
    ),
    'simulation': Stage(start='base', held_out=ALL, shares=SIMULATED, steps=700, rate=1.5e-3),
}
for _held_out in (None, *SEQUENCES):
    STAGES |= _real_stages(_held_out)
