"""Draw training samples from all sources, the same ones for the same seed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.training.cutouts import CutOut
from models.training.geometry import Placing, place
from models.training.pasting import paste_cars, paste_clutter
from models.training.photometry import Photometry
from models.training.rendered import RenderedSet
from models.training.sample import NO_BOXES, Sample

WHOLE_FRAMES = Placing(whole=0.5, zoom=2.5, turn=0.12)
LOT_FRAMES = Placing(whole=0.35, zoom=4.5, turn=0.2)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sources:
    """Hold what samples are drawn from.

    Attributes:
        rendered: sets of simulated frames, each drawn from as often.
        lot: frames of the real car park that show cars.
        backgrounds: frames of it without any, or nearly.
        cut_outs: cars cut from it.
        shares: probability of a simulated frame, a lot frame, cars pasted on a
            background, and a background alone.
    """

    rendered: Sequence[RenderedSet]
    lot: Sequence[Sample]
    backgrounds: Sequence[Sample]
    cut_outs: Sequence[CutOut]
    shares: tuple[float, float, float, float]


class Mixture:
    """Return the sample of a number: equal for equal seed, number and sources."""

    def __init__(self, sources: Sources, seed: int) -> None:
        self._sources = sources
        self._seed = seed
        self._photometry = Photometry(seed)

    def sample(self, number: int) -> Sample:
        """Return the sample of a number, in the model's frame."""
        rng = np.random.default_rng((self._seed, number))
        kind = int(rng.choice(4, p=self._sources.shares))
        drawn = (self._simulated, self._from_lot, self._pasted, self._background)[kind](rng)
        return Sample(self._photometry.vary(drawn.image, rng), drawn.cars, drawn.ignored)

    def _simulated(self, rng: np.random.Generator) -> Sample:
        rendered = self._sources.rendered[rng.integers(len(self._sources.rendered))]
        return place(rendered.sample(int(rng.integers(len(rendered)))), WHOLE_FRAMES, rng)

    def _from_lot(self, rng: np.random.Generator) -> Sample:
        return place(self._sources.lot[rng.integers(len(self._sources.lot))], LOT_FRAMES, rng)

    def _background(self, rng: np.random.Generator) -> Sample:
        drawn = place(
            self._sources.backgrounds[rng.integers(len(self._sources.backgrounds))], LOT_FRAMES, rng
        )
        other = self._sources.backgrounds[rng.integers(len(self._sources.backgrounds))]
        image = paste_clutter(drawn.image, other.image, rng) if rng.random() < 0.5 else drawn.image
        return Sample(image, drawn.cars, drawn.ignored)

    def _pasted(self, rng: np.random.Generator) -> Sample:
        # The rest: simulated ground of another place, its own cars kept.
        below = self._background(rng) if rng.random() < 0.6 else self._simulated(rng)
        return paste_cars(below, self._sources.cut_outs, rng)


def without_cars(sample: Sample) -> Sample:
    """Return a sample of which nothing is asked where its cars are."""
    return Sample(sample.image, NO_BOXES, np.concatenate([sample.ignored, sample.cars]))
