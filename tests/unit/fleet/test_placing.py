from parking_fleet.ingest.placing import FUTURE_MS, PAST_MS, place
from parking_fleet.ingest.topics import Route, route, topic_filters
from parking_fleet.messages.reading import Kind
from parking_fleet.store.batch import Clock
from tests.support.fleet_messages import NOON_MS

HOUR_MS = 3_600_000


def test_a_late_message_takes_its_place_by_the_time_of_its_picture() -> None:
    placed = place(NOON_MS - 9 * HOUR_MS, NOON_MS, clock_synced=True, is_live=False)
    assert placed == (NOON_MS - 9 * HOUR_MS, Clock.SYNCED)


def test_a_time_in_the_future_is_not_believed_even_of_a_synchronised_clock() -> None:
    assert place(NOON_MS + FUTURE_MS, NOON_MS, clock_synced=True, is_live=True)[1] is Clock.SYNCED
    placed = place(NOON_MS + FUTURE_MS + 1, NOON_MS, clock_synced=True, is_live=False)
    assert placed == (NOON_MS, Clock.ARRIVAL)


def test_a_time_before_any_outbox_began_is_not_believed() -> None:
    assert place(0, NOON_MS, clock_synced=False, is_live=False) == (NOON_MS, Clock.ARRIVAL)
    assert place(NOON_MS - PAST_MS - 1, NOON_MS, clock_synced=True, is_live=False)[1] is Clock.ARRIVAL


def test_a_fresh_count_of_a_wrong_clock_counts_when_it_arrives() -> None:
    assert place(NOON_MS - HOUR_MS, NOON_MS, clock_synced=False, is_live=True) == (NOON_MS, Clock.ARRIVAL)


def test_a_clock_that_may_be_wrong_is_believed_where_nothing_speaks_against_it() -> None:
    assert place(NOON_MS - 900, NOON_MS, clock_synced=False, is_live=True) == (NOON_MS - 900, Clock.UNSYNCED)
    placed = place(NOON_MS - HOUR_MS, NOON_MS, clock_synced=False, is_live=False)
    assert placed == (NOON_MS - HOUR_MS, Clock.UNSYNCED)


def test_topics_tell_what_is_expected() -> None:
    assert route('parking/garage-1/count', ()) == Route(Kind.COUNT, 'garage-1', is_live=True)
    assert route('parking/garage-1/history', ()) == Route(Kind.COUNT, 'garage-1', is_live=False)
    assert route('parking/garage-1/crossing', ()) == Route(Kind.CROSSING, 'garage-1', is_live=False)
    assert route('parking/garage-1/status', ()) == Route(Kind.PRESENCE, 'garage-1', is_live=False)
    assert route('EI_TOPIC', ('EI_TOPIC',)) == Route(Kind.COUNT, '', is_live=True)
    assert route('parking/garage-1/ros/lidar', ()) is None
    assert route('EI_TOPIC', ()) is None


def test_workers_divide_all_but_presence() -> None:
    filters = topic_filters('group', ('EI_TOPIC',))
    assert [each for each in filters if not each.startswith('$share/group/')] == ['parking/+/status']
    assert '$share/group/EI_TOPIC' in filters
    assert not any(each.startswith('$') for each in topic_filters('', ('EI_TOPIC',)))
