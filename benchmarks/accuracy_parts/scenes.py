"""Make sources of the simulated scenes: with the truth damaged, or as the default model sees them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from statistics import median

from benchmarks.accuracy_parts.damage import Damage, Damager
from benchmarks.accuracy_parts.source import FrameFacts, Source, stamp_ns
from benchmarks.accuracy_parts.truth import SEEN, TruthKeeper, crossings_of, layout_of
from parking_monitor.simulation.scene import load_scene, scene_names
from parking_monitor.simulation.simulator import Simulator
from parking_monitor.simulation.truth import FrameTruth
from parking_monitor.values import Detection, Detections

WIDTH, HEIGHT = 640, 480
MODEL_THRESHOLD = 0.5
LONGEST_S = 180.0
TRAFFIC_S = 600.0
TRAFFIC_SEED = 90_001
"""Of the long runs for the gates; no scene and no training has it."""
MISSES = (0.0, 0.2, 0.4)
FOMO_MISSES = (0.2,)


def damaged_scene(scene: str, damage: Damage) -> Source:
    """Return a scene, by its name or the path of its file, whose truth is damaged; at most three minutes."""
    simulator = Simulator(load_scene(scene), width=WIDTH, height=HEIGHT)
    return _damaged(simulator, damage, min(simulator.duration_s or LONGEST_S, LONGEST_S), 'damaged')


def busy_scene(scene: str, damage: Damage) -> Source:
    """Return a long time of a scene whose traffic never ends, other traffic than its own."""
    simulator = Simulator(load_scene(scene), width=WIDTH, height=HEIGHT, seed=TRAFFIC_SEED)
    return _damaged(simulator, damage, TRAFFIC_S, 'traffic')


def _damaged(simulator: Simulator, damage: Damage, duration_s: float, part: str) -> Source:
    layout = layout_of(simulator)
    keeper, damager = TruthKeeper(tuple(layout.bays)), Damager(damage)
    told = [
        (keeper.tell(frame, damager.found), found)
        for frame in _frames(simulator, duration_s)
        if (found := damager.detect(frame)) is not None
    ]
    kind = 'cells' if damage.is_fomo else 'boxes'
    return Source(
        part=part,
        name=f'{simulator.scene.name}, {kind}, {100 * damage.miss:.0f} % missed',
        detections=tuple(found for _, found in told),
        facts=tuple(facts for facts, _ in told),
        rate_hz=simulator.rate_hz,
        layout=replace(layout, car_size=_usual_car(told)) if damage.is_fomo else layout,
        crossings=crossings_of(simulator, duration_s) if layout.gates else (),
    )


def _usual_car(told: Sequence[tuple[FrameFacts, Detections]]) -> tuple[float, float] | None:
    """Return the median size of a scene's cars in fractions of the picture, as an operator reads it off."""
    boxes = [car.full_box for facts, _ in told for car in facts.shown if car.visibility > SEEN]
    if not boxes:
        return None
    width, height = median(box.width for box in boxes), median(box.height for box in boxes)
    return min(width / WIDTH, 1.0), min(height / HEIGHT, 1.0)


def watched_scene(scene: str, found: Sequence[Sequence[Detection]]) -> Source:
    """Return a scene as the default model saw its pictures."""
    simulator = Simulator(load_scene(scene), width=WIDTH, height=HEIGHT)
    layout = layout_of(simulator)
    keeper = TruthKeeper(tuple(layout.bays))
    duration_s = len(found) / simulator.rate_hz
    frames = list(_frames(simulator, duration_s))
    return Source(
        part='model',
        name=f'{scene}, default model',
        detections=tuple(
            Detections(
                stamp_ns=stamp_ns(frame.time_s),
                image_width=WIDTH,
                image_height=HEIGHT,
                items=tuple(item for item in items if item.confidence >= MODEL_THRESHOLD),
            )
            for frame, items in zip(frames, found, strict=True)
        ),
        facts=tuple(keeper.tell(frame) for frame in frames),
        rate_hz=simulator.rate_hz,
        layout=layout,
        crossings=crossings_of(simulator, duration_s) if layout.gates else (),
    )


def traffic_scenes() -> tuple[str, ...]:
    """Return the scenes whose traffic never ends and goes through a gate in the picture."""
    return tuple(
        name
        for name in scene_names()
        if (scene := load_scene(name)).traffic.rate is not None and Simulator(scene).gates
    )


def _frames(simulator: Simulator, duration_s: float) -> Iterator[FrameTruth]:
    for number in range(round(duration_s * simulator.rate_hz)):
        yield simulator.truth(number / simulator.rate_hz)
