"""Whatever a model answers, counting goes on, gives the same again, and stays small."""

import math
import pickle
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from parking_monitor.counting.bays import Bay
from parking_monitor.counting.counter import Counter
from parking_monitor.counting.gates import Gate
from parking_monitor.counting.zones import Zone
from parking_monitor.values import Box, Count, Detection, Detections, View
from tests.unit.counting.traffic import frame, in_picture

ZONES = [Zone('all', ((0, 0), (1, 0), (1, 1), (0, 1)), capacity=8)]
BAYS = [
    Bay(f'A{index}', ((x, 0.4), (x + 0.14, 0.4), (x + 0.14, 0.6), (x, 0.6)))
    for index, x in enumerate((0.1, 0.3, 0.5, 0.7))
]
GATES = [Gate('north', ((0.25, 0.5), (0.75, 0.5)), inside=(0.5, 0.9))]

usual_boxes = st.builds(Box, st.floats(0, 600), st.floats(0, 440), st.floats(20, 150), st.floats(20, 150))
odd_numbers = st.one_of(
    st.sampled_from([0.0, -1.0, 1.0, -50.0, 639.0, 1e-9, -1e-9, 1e6, -1e6]), st.floats(-2000, 2000)
)
odd_boxes = st.builds(Box, odd_numbers, odd_numbers, odd_numbers, odd_numbers)
broken_numbers = st.one_of(odd_numbers, st.sampled_from([math.nan, math.inf, -math.inf]))
broken_boxes = st.builds(Box, broken_numbers, broken_numbers, broken_numbers, broken_numbers)
confidences = st.one_of(st.floats(0, 1), st.sampled_from([math.nan, -1.0, 2.0]))
labels = st.sampled_from(['car', 'truck'])
views = st.sampled_from([View.CLEAR] * 5 + [View.FROZEN])


def videos(boxes: st.SearchStrategy[Box]) -> st.SearchStrategy[list[Detections]]:
    """Draw some frames, in which the same boxes tend to come again, at steps of any length."""

    @st.composite
    def draw_video(draw: st.DrawFn) -> list[Detections]:
        pool = draw(st.lists(st.builds(Detection, labels, confidences, boxes), min_size=1, max_size=6))
        is_fomo = draw(st.booleans())
        steps = draw(st.lists(st.sampled_from([0.0, 0.1, 0.1, 0.5, 2.0, 30.0, -1.0]), max_size=15))
        shown, now_s = [], 100.0
        for step in steps:
            now_s += step
            items = draw(st.lists(st.sampled_from(pool), max_size=6))
            shown.append(frame(now_s, *items, is_fomo=is_fomo, view=draw(views)))
        return shown

    return draw_video()


def a_counter() -> Counter:
    return Counter(ZONES, bays=BAYS, gates=GATES)


def counts_of(shown: list[Detections]) -> list[Count]:
    counter = a_counter()
    return [counter.update(detections) for detections in shown]


def check(counts: list[Count]) -> None:
    for count in counts:
        assert count.cars >= 0
        assert count.places.capacity == 12 - 8 * bool(count.bays[0].zone)
        assert count.net == count.entered - count.left


@settings(max_examples=25)
@given(videos(usual_boxes))
def test_the_same_detections_give_the_same_counts(shown: list[Detections]) -> None:
    first = counts_of(shown)
    check(first)
    assert counts_of(shown) == first


@settings(max_examples=40)
@given(videos(odd_boxes))
def test_boxes_of_odd_sizes_and_places_stop_nothing(shown: list[Detections]) -> None:
    check(counts_of(shown))


@settings(max_examples=40)
@given(videos(broken_boxes))
def test_boxes_that_are_no_numbers_stop_nothing(shown: list[Detections]) -> None:
    check(counts_of(shown))


def test_a_week_leaves_the_memory_where_it_was() -> None:
    """Each hour some cars stand and false boxes flash for a while; then nothing is seen."""
    counter, chance = a_counter(), random.Random(1)
    sizes, most_tracks = [], 0
    for hour in range(7 * 24):
        stand = [(chance.uniform(40, 600), chance.uniform(40, 440)) for _ in range(chance.randint(3, 8))]
        for index in range(6):
            shown = [place for place in stand if chance.random() < 0.9]
            shown += [(chance.uniform(0, 640), chance.uniform(0, 480)) for _ in range(chance.randint(0, 2))]
            items = [item for x, y in shown if (item := in_picture(x, y, (80, 60))) is not None]
            counter.update(frame(hour * 3600 + index * 4, *items))
            most_tracks = max(most_tracks, len(counter._tracker.all_tracks))
        sizes.append(len(pickle.dumps(counter)))
    assert most_tracks < 80
    assert len(counter._tracker._remembered) <= 64
    assert len(counter._bays._occupants) <= len(BAYS)
    assert all(len(track.gate_sides) <= len(GATES) for track in counter._tracker.all_tracks)
    # By the fourth day as many cars are remembered as ever will be.
    assert max(sizes[-48:]) < 1.15 * max(sizes[48:96])
