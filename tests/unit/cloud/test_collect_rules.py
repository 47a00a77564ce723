"""Which pictures are worth collecting, and when."""

from parking_monitor.cloud.collect_rules import LOOK_S, REPEAT_S, CollectRules, CollectSettings
from parking_monitor.cloud.sample import Reason
from tests.unit.cloud.sample_builders import a_car

UNSURE = a_car(0.5)


def rules(**settings: float) -> CollectRules:
    made = CollectRules(CollectSettings(**settings))  # type: ignore[arg-type]  # each by its name
    made.take(Reason.PERIODIC, 0.0)
    return made


def test_the_first_picture_is_taken_at_once_and_then_one_at_a_time() -> None:
    new = CollectRules(CollectSettings(every_s=600))
    assert new.of_picture(0.0) is Reason.PERIODIC
    new.take(Reason.PERIODIC, 0.0)
    assert new.of_picture(599.0) is None
    assert new.of_picture(600.0) is Reason.PERIODIC


def test_any_picture_counts_as_the_periodic_one() -> None:
    one = rules(every_s=600)
    one.take(Reason.LOW_CONFIDENCE, 500.0)
    assert one.of_picture(700.0) is None
    assert one.of_picture(1100.0) is Reason.PERIODIC


def test_without_a_period_only_what_is_asked_for_is_taken_whatever_it_shows() -> None:
    one = rules(every_s=0)
    assert one.of_picture(1e9) is None
    one.ask()
    assert one.of_picture(1e9) is Reason.ASKED
    one.take(Reason.ASKED, 1e9)
    assert one.of_picture(1e9) is None


def test_a_car_between_the_confidences_is_unsure() -> None:
    one = rules(confidence=(0.3, 0.7))  # type: ignore[arg-type]  # each by its name
    assert one.of_cars([a_car(0.29), a_car(0.7), a_car(1.0)], 1.0) is None
    assert one.of_cars([a_car(0.3), a_car(0.9)], 1.0) is Reason.LOW_CONFIDENCE


def test_unsure_pictures_keep_their_distance() -> None:
    one = rules(min_spacing_s=60)
    one.of_cars([UNSURE], 1.0)
    one.take(Reason.LOW_CONFIDENCE, 1.0)
    elsewhere = a_car(0.5, x=200)
    assert one.of_cars([elsewhere], 60.0) is None
    assert one.of_cars([elsewhere], 61.0) is Reason.LOW_CONFIDENCE


def test_an_unsure_car_that_stays_is_worth_one_picture_an_hour() -> None:
    one = rules()
    assert one.of_cars([UNSURE], 1.0) is Reason.LOW_CONFIDENCE
    one.take(Reason.LOW_CONFIDENCE, 1.0)
    moved_a_little = a_car(0.4, x=44)
    assert one.of_cars([moved_a_little], REPEAT_S) is None
    assert one.of_cars([moved_a_little, a_car(0.4, x=200)], REPEAT_S) is Reason.LOW_CONFIDENCE
    assert one.of_cars([moved_a_little], 1.0 + REPEAT_S) is Reason.LOW_CONFIDENCE


def test_boxes_and_count_must_differ_for_a_while_and_are_worth_one_picture_then() -> None:
    one = rules(disagree_for_s=3)
    assert one.of_numbers(2, 3, 10.0) is None
    assert one.of_numbers(3, 3, 12.0) is None
    assert one.of_numbers(2, 3, 13.0) is None
    assert one.of_numbers(1, 3, 16.0) is Reason.DISAGREE
    one.take(Reason.DISAGREE, 16.0)
    assert one.of_numbers(2, 3, 5000.0) is None
    assert one.of_numbers(3, 3, 5001.0) is None
    assert one.of_numbers(2, 3, 5002.0) is None
    assert one.of_numbers(2, 3, 5005.0) is Reason.DISAGREE


def test_scenes_are_looked_at_now_and_then() -> None:
    one = rules()
    assert one.wants_to_look(1.0)
    assert not one.wants_to_look(1.0 + LOOK_S / 2)
    assert one.wants_to_look(1.0 + LOOK_S)


def test_nothing_is_unsure_where_that_is_switched_off() -> None:
    one = rules(unsure=False, disagree_for_s=0)
    assert one.of_cars([UNSURE], 1.0) is None
    assert one.of_numbers(1, 2, 1.0) is None
    assert not one.wants_to_look(1.0)


def test_after_a_pause_what_was_asked_and_seen_is_forgotten() -> None:
    one = rules(every_s=0, disagree_for_s=3)
    one.ask()
    one.of_numbers(1, 2, 1.0)
    one.forget()
    assert one.of_picture(9.0) is None
    assert one.of_numbers(1, 2, 9.0) is None
