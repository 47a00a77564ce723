"""A box goes to the car that is likeliest to be where it is."""

from parking_monitor.counting.association import match
from parking_monitor.counting.picture import Picture
from parking_monitor.counting.track import Track
from parking_monitor.values import Box, Detection

PICTURE = Picture(640, 480)


def a_car(x: float, y: float, seen_s: float, *, is_parked: bool) -> Track:
    track = Track.begin(1, a_box(x, y), seen_s, PICTURE)
    track.hits, track.is_confirmed, track.is_parked = 10, True, is_parked
    return track


def a_box(x: float, y: float) -> Detection:
    return Detection('car', 0.9, Box(x - 40, y - 30, 80, 60))


def test_a_parked_car_keeps_its_box_from_one_that_was_lost_there() -> None:
    """The box jitters a little towards the lost one, which may be anywhere by now."""
    lost, parked = a_car(323, 240, 8.0, is_parked=False), a_car(320, 240, 9.9, is_parked=True)
    matches = match([lost, parked], [a_box(324, 240)], PICTURE, 10.0, 0.1)
    assert matches.pairs == ((1, 0),)


def test_a_lost_car_is_found_in_a_box_that_no_other_car_explains() -> None:
    lost, parked = a_car(400, 240, 8.0, is_parked=False), a_car(320, 240, 9.9, is_parked=True)
    matches = match([lost, parked], [a_box(321, 240), a_box(460, 240)], PICTURE, 10.0, 0.1)
    assert matches.pairs == ((0, 1), (1, 0))


def test_a_truck_before_a_parked_car_does_not_take_its_track_along() -> None:
    parked, truck = a_car(320, 240, 9.9, is_parked=True), Detection('car', 0.9, Box(270, 200, 130, 80))
    assert match([parked], [truck], PICTURE, 10.0, 0.1).pairs == ()
    assert match([parked], [a_box(330, 245)], PICTURE, 10.0, 0.1).pairs == ((0, 0),)


def test_a_parked_car_that_last_showed_a_part_of_itself_is_known_by_its_whole_box() -> None:
    """Fog showed less and less of it; the box at its place is not its neighbour's."""
    hazy, neighbour = a_car(320, 240, 60.0, is_parked=True), a_car(260, 240, 98.0, is_parked=True)
    hazy.seen_box = Box(325, 220, 36, 27)
    assert match([hazy, neighbour], [a_box(318, 240)], PICTURE, 100.0, 1.0).pairs == ((0, 0),)


def test_from_frame_to_frame_of_a_slow_camera_a_car_gets_more_larger_than_from_a_fast_one() -> None:
    """It drives up to the camera, twice as large after a second."""
    car, nearer = a_car(320, 200, 9.0, is_parked=False), Detection('car', 0.9, Box(240, 160, 160, 120))
    assert match([car], [nearer], PICTURE, 10.0, 1.0).pairs == ((0, 0),)
    assert match([car], [nearer], PICTURE, 10.0, 0.1).pairs == ()


def test_from_frame_to_frame_of_a_slow_camera_a_car_gets_farther_out_of_the_picture() -> None:
    car = a_car(320, 360, 9.0, is_parked=False)
    leaves = Detection('car', 0.9, Box(280, 400, 80, 80))
    assert match([car], [leaves], PICTURE, 10.0, 1.0).pairs == ((0, 0),)
