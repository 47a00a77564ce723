"""Decide which pictures of one camera are worth collecting. Nothing here knows a clock or a picture."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from parking_monitor.cloud.sample import Reason
from parking_monitor.values import Box, Detection

LOOK_S = 10.0
"""How often a picture is compared with the scenes that are known."""
DISAGREE_FOR_S = 3.0
"""A tracker bridges gaps of a moment on purpose; what lasts longer is worth a picture."""
REPEAT_S = 3600.0
"""A car that stays where it is, and unsure, is worth another picture after so long."""
_SAME_PLACE_OVERLAP = 0.5
_MOST_REMEMBERED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectSettings:
    """Hold what an operator wants collected.

    Attributes:
        every_s: longest time between two pictures of a camera, 0 for no such rule.
        unsure: whether pictures are taken that the model is unsure about.
        confidence: a car found with a confidence from the first to below the second is unsure.
        min_spacing_s: shortest time between two unsure pictures of a camera.
        disagree_for_s: how long boxes and count must differ.
    """

    every_s: float = 600.0
    unsure: bool = True
    confidence: tuple[float, float] = (0.3, 0.7)
    min_spacing_s: float = 60.0
    disagree_for_s: float = DISAGREE_FOR_S


class CollectRules:
    """Hold what is due of one camera. Times are monotonic seconds."""

    def __init__(self, settings: CollectSettings) -> None:
        self._settings = settings
        self._asked = 0
        self._taken_s = -math.inf
        self._unsure_s = -math.inf
        self._looked_s = -math.inf
        self._differs_since_s: float | None = None
        self._is_difference_taken = False
        self._unsure_now: list[Box] = []
        self._unsure_taken: list[tuple[float, Box]] = []

    def ask(self) -> None:
        """Ask for the next picture, whatever it shows."""
        self._asked += 1

    def forget(self) -> None:
        """Forget what was asked and seen, as there is to be a pause."""
        self._asked = 0
        self._differs_since_s = None
        self._unsure_now = []

    @property
    def is_asked(self) -> bool:
        """Return whether a picture was asked for and not taken yet."""
        return self._asked > 0

    def of_picture(self, now_s: float) -> Reason | None:
        """Return why the next picture is to be taken, whatever it shows."""
        if self._asked:
            return Reason.ASKED
        every_s = self._settings.every_s
        return Reason.PERIODIC if every_s and now_s - self._taken_s >= every_s else None

    def of_cars(self, cars: Sequence[Detection], now_s: float) -> Reason | None:
        """Return whether a picture is to be taken in which these cars were found.

        A car that is unsure in the same place as one that was taken is not worth another picture soon.
        """
        low, high = self._settings.confidence
        self._unsure_now = [car.box for car in cars if low <= car.confidence < high]
        if not self._may_be_unsure(now_s):
            return None
        known = [box for taken_s, box in self._unsure_taken if now_s - taken_s < REPEAT_S]
        is_news = any(
            all(box.overlap(other) < _SAME_PLACE_OVERLAP for other in known) for box in self._unsure_now
        )
        return Reason.LOW_CONFIDENCE if is_news else None

    def of_numbers(self, seen: int, counted: int, now_s: float) -> Reason | None:
        """Return whether a picture is to be taken in which so many cars are seen, and so many counted.

        They must differ for a while, since a count bridges short gaps and is right to; and each such
        time is worth one picture.
        """
        if seen == counted:
            self._differs_since_s = None
            self._is_difference_taken = False
            return None
        if self._differs_since_s is None:
            self._differs_since_s = now_s
        lasts = now_s - self._differs_since_s >= self._settings.disagree_for_s
        is_due = lasts and not self._is_difference_taken and self._may_be_unsure(now_s)
        return Reason.DISAGREE if is_due else None

    def wants_to_look(self, now_s: float) -> bool:
        """Return whether to compare a picture with the known scenes now; after that not for a while."""
        if not self._may_be_unsure(now_s) or now_s - self._looked_s < LOOK_S:
            return False
        self._looked_s = now_s
        return True

    def take(self, reason: Reason, now_s: float) -> None:
        """Hear that a picture was taken."""
        self._asked = 0
        self._taken_s = now_s
        self._is_difference_taken = self._differs_since_s is not None
        if reason.is_unsure:
            self._unsure_s = now_s
            self._unsure_taken += [(now_s, box) for box in self._unsure_now]
            del self._unsure_taken[:-_MOST_REMEMBERED]

    def _may_be_unsure(self, now_s: float) -> bool:
        return self._settings.unsure and now_s - self._unsure_s >= self._settings.min_spacing_s
