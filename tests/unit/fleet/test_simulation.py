from parking_fleet.ingest.topics import route
from parking_fleet.messages.reading import read_message
from parking_fleet.messages.values import CountReport, CrossingReport
from parking_fleet.simulation.device import Outgoing, SimulatedDevice, Troubles
from tests.support.fleet_messages import NOON_MS

HARD = Troubles(duplicate=0.2, outages_per_hour=20, outage_s=60, blind=0.1, wrong_clock=0, invalid=0)


def device(number: int = 0, seed: int = 1, troubles: Troubles = HARD) -> SimulatedDevice:
    return SimulatedDevice(number, seed, 'sim-0', NOON_MS, troubles=troubles)


def day_of(one: SimulatedDevice, steps: int = 500) -> list[Outgoing]:
    messages = [message for number in range(steps) for message in one.step(number * 10.0, 10.0)]
    return [*messages, *one.catch_up(steps * 10.0)]


def test_the_same_seed_gives_the_same_day_and_another_one_another() -> None:
    assert day_of(device()) == day_of(device())
    assert day_of(device()) != day_of(device(seed=2))
    assert device().uuid != device(number=1).uuid


def test_what_it_sends_is_what_devices_send() -> None:
    for message in day_of(device()):
        found = route(message.topic, ())
        assert found is not None
        report = read_message(found.kind, message.payload)
        assert isinstance(report, (CountReport, CrossingReport))
        assert (report.uuid, report.seq) == (message.uuid, message.seq)


def test_nothing_is_missing_after_outages_and_some_comes_twice_or_late() -> None:
    messages = day_of(device())
    numbers = [message.seq for message in messages]
    assert set(numbers) == set(range(min(numbers), max(numbers) + 1))
    assert len(numbers) > len(set(numbers))
    assert any(message.topic.endswith('/history') for message in messages)


def test_cars_in_and_out_add_up() -> None:
    one = device()
    before = one.cars
    day_of(one)
    assert one.cars - before == one.entered - one.left
    assert one.entered > 0


def test_what_is_wrong_is_in_no_truth() -> None:
    messages = day_of(device(troubles=Troubles(invalid=1.0)), steps=20)
    assert sum(not message.is_known for message in messages) == 20
