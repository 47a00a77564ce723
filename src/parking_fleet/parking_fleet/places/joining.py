"""Make one bay of what several cameras say of it."""

import math
from collections.abc import Iterable

from parking_fleet.places.views import BayEvidence, BayView
from parking_fleet.store.values import BayState, BayStateName, CameraState


def weight(confidence: float, age_s: float, interval_s: float) -> float:
    """Return what evidence counts for: its confidence, halved with every interval that passes."""
    return confidence * math.exp2(-max(age_s, 0.0) / interval_s)


def join_bays(seen: Iterable[tuple[CameraState, bool, float]], now_ms: int) -> tuple[BayView, ...]:
    """Return each bay once, in the order of their names.

    Args:
        seen: the cameras of one floor, whether what each says holds now, and its interval in seconds.
        now_ms: Unix milliseconds.
    """
    told: dict[str, list[tuple[BayEvidence, BayState]]] = {}
    for camera, is_known, interval_s in seen:
        age_s = (now_ms - camera.observed_ms) / 1000
        for bay in camera.bays:
            state: BayStateName = bay.state if is_known else 'UNKNOWN'
            counts_for = 0.0 if state == 'UNKNOWN' else weight(bay.confidence, age_s, interval_s)
            evidence = BayEvidence(
                camera.uuid, camera.camera, state, bay.confidence, camera.observed_ms, counts_for
            )
            told.setdefault(bay.name, []).append((evidence, bay))
    return tuple(_join(name, told[name]) for name in sorted(told))


def _join(name: str, told: list[tuple[BayEvidence, BayState]]) -> BayView:
    told.sort(
        key=lambda one: (
            one[0].state != 'UNKNOWN',
            one[0].weight,
            one[0].observed_ms,
            one[0].uuid,
            one[0].camera,
        ),
        reverse=True,
    )
    best, bay = told[0]
    known = {evidence.state for evidence, _ in told if evidence.state != 'UNKNOWN'}
    newest_known = max(
        (one for one in told if one[1].last != 'UNKNOWN'), key=lambda one: one[0].observed_ms, default=told[0]
    )
    return BayView(
        name=name,
        state=best.state,
        last=best.state if best.state != 'UNKNOWN' else newest_known[1].last,
        confidence=bay.confidence,
        evidence=tuple(evidence for evidence, _ in told),
        is_disputed=len(known) > 1,
    )
