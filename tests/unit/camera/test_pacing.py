import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parking_monitor.camera.pacing import Backoff, PlaybackClock, RateMeter, Thinner, delivered_hz, file_frame

rates_hz = st.floats(0.05, 120)
pauses_s = st.lists(st.floats(0, 5), min_size=1, max_size=12)


def play(clock: PlaybackClock, pauses_s: list[float]) -> list[tuple[int, float]]:
    """Show one frame after each pause; return the tick and the time of each."""
    now_s, tick, shown = 100.0, -1, []
    for pause_s in pauses_s:
        now_s += pause_s
        skip, due_s = clock.plan(now_s)
        tick += 1 + skip
        now_s = max(now_s, due_s)
        shown.append((tick, now_s))
    return shown


@settings(max_examples=40)
@given(rate_hz=rates_hz, pauses_s=pauses_s)
def test_no_frame_is_shown_before_its_time(rate_hz: float, pauses_s: list[float]) -> None:
    shown = play(PlaybackClock(rate_hz), pauses_s)
    first_tick, first_s = shown[0]
    for tick, now_s in shown:
        assert now_s - first_s >= (tick - first_tick) / rate_hz - 1e-6


@settings(max_examples=40)
@given(rate_hz=rates_hz, pauses_s=st.lists(st.floats(0, 0.9), min_size=1, max_size=12))
def test_with_pauses_below_the_limit_a_frame_is_late_by_less_than_an_interval(
    rate_hz: float, pauses_s: list[float]
) -> None:
    shown = play(PlaybackClock(rate_hz, max_skip_s=1 + 2 / rate_hz), pauses_s)
    first_s = shown[0][1]
    for tick, now_s in shown:
        assert now_s - first_s - tick / rate_hz < 1 / rate_hz + 1e-6


@settings(max_examples=40)
@given(rate_hz=rates_hz, pauses_s=pauses_s, max_skip_s=st.floats(0, 3))
def test_never_more_is_skipped_than_allowed(rate_hz: float, pauses_s: list[float], max_skip_s: float) -> None:
    shown = play(PlaybackClock(rate_hz, max_skip_s), pauses_s)
    for (before, _), (after, _) in itertools.pairwise(shown):
        assert 0 <= after - before - 1 <= max_skip_s * rate_hz


@settings(max_examples=40)
@given(rate_hz=rates_hz)
def test_a_prompt_consumer_gets_every_frame_on_time(rate_hz: float) -> None:
    shown = play(PlaybackClock(rate_hz), [0.0] * 30)
    assert [tick for tick, _ in shown] == list(range(30))
    assert shown[-1][1] - shown[0][1] == pytest.approx(29 / rate_hz)


@settings(max_examples=40)
@given(native_hz=st.floats(1, 120), share=st.floats(0.01, 1.0))
def test_thinning_a_file_takes_the_frame_nearest_before_each_tick(native_hz: float, share: float) -> None:
    rate_hz = native_hz * share
    frames = [file_frame(tick, rate_hz, native_hz) for tick in range(50)]
    assert frames[0] == 0
    assert all(after > before for before, after in itertools.pairwise(frames))
    for tick, frame in enumerate(frames):
        assert -1e-3 <= tick / rate_hz * native_hz - frame < 1


@settings(max_examples=40)
@given(rate_hz=st.sampled_from([12.5, 25.0, 29.97, 30.0, 50.0]))
def test_at_its_own_rate_a_file_loses_no_frame(rate_hz: float) -> None:
    assert [file_frame(tick, rate_hz, rate_hz) for tick in range(10_000)] == list(range(10_000))


@settings(max_examples=40)
@given(
    wanted_hz=st.floats(0.5, 30),
    intervals_s=st.lists(st.floats(0.001, 0.3), min_size=20, max_size=30),
)
def test_a_thinned_camera_gives_at_most_the_wanted_rate(wanted_hz: float, intervals_s: list[float]) -> None:
    thinner, now_s, taken_s = Thinner(wanted_hz), 0.0, []
    for interval_s in intervals_s:
        now_s += interval_s
        if thinner.due(now_s):
            thinner.took(now_s)
            taken_s.append(now_s)
    span_s = taken_s[-1] - taken_s[0]
    assert len(taken_s) - 1 <= span_s * wanted_hz + 1.25


@pytest.mark.parametrize(('camera_hz', 'wanted_hz'), [(30, 10), (30, 12), (15, 10), (10, 10), (60, 0.5)])
def test_a_thinned_camera_keeps_the_wanted_mean_rate(camera_hz: float, wanted_hz: float) -> None:
    thinner, taken_s = Thinner(wanted_hz), []
    for number in range(int(camera_hz * 60)):
        now_s = number / camera_hz + 0.004 * (number % 3)
        if thinner.due(now_s):
            thinner.took(now_s)
            taken_s.append(now_s)
    assert (len(taken_s) - 1) / (taken_s[-1] - taken_s[0]) == pytest.approx(wanted_hz, rel=0.02)


def test_without_a_wanted_rate_every_frame_is_taken() -> None:
    thinner = Thinner(None)
    for now_s in (0.0, 0.0, 0.001, 5.0):
        assert thinner.due(now_s)
        thinner.took(now_s)


@pytest.mark.parametrize(
    ('wanted_hz', 'native_hz', 'left_hz'),
    [(None, 30, 30), (10, 30, 10), (60, 30, 30), (10, 0, 10), (None, 0, 0)],
)
def test_the_rate_that_is_left(wanted_hz: float | None, native_hz: float, left_hz: float) -> None:
    assert delivered_hz(wanted_hz, native_hz) == left_hz


@settings(max_examples=40)
@given(rate_hz=st.floats(0.1, 100), events=st.integers(2, 80))
def test_a_steady_rate_is_measured(rate_hz: float, events: int) -> None:
    meter = RateMeter()
    for number in range(events):
        meter.note(number / rate_hz)
    assert meter.rate_hz((events - 1) / rate_hz) == pytest.approx(rate_hz)


def test_the_measured_rate_falls_when_frames_stay_away() -> None:
    meter = RateMeter()
    assert meter.rate_hz(0.0) == 0.0
    for number in range(11):
        meter.note(number / 10)
    assert meter.rate_hz(1.1) == pytest.approx(10)
    assert meter.rate_hz(10.0) == pytest.approx(1)


@settings(max_examples=40)
@given(failures=st.integers(1, 10_000))
def test_waits_double_up_to_the_limit_and_vary_by_the_jitter(failures: int) -> None:
    wait_s = Backoff(first_s=0.5, limit_s=30, jitter=0.2).delay_s(failures)
    full_s = min(30.0, 0.5 * 2.0 ** min(failures - 1, 20))
    assert 0.8 * full_s <= wait_s <= full_s
