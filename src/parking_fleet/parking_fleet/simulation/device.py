"""Simulate one device: cars by the hour, messages as a real one sends them, and its troubles.

All times are seconds since the simulation began; all chance is the device's own, from its seed.
"""

import datetime as dt
import json
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

CAPACITY = 40
HISTORY_AFTER_S = 30.0
"""What waited longer than that goes to the history topic, as the device does it."""

# Of how many cars that are in on a full day, by the hour; an office car park.
_DEMAND = (2, 2, 1, 1, 2, 6, 18, 45, 75, 88, 92, 94, 90, 92, 94, 90, 78, 52, 30, 18, 12, 8, 5, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Troubles:
    """Say how often what goes wrong, as chances.

    Attributes:
        duplicate: that a message is sent twice.
        outages_per_hour: of the network of one device.
        outage_s: how long one lasts on average.
        blind: that the camera sees nothing for a message.
        wrong_clock: that a device's clock is an hour or more off, and it knows that it may be.
        invalid: that something that is no message is sent besides.
    """

    duplicate: float = 0.01
    outages_per_hour: float = 0.2
    outage_s: float = 120.0
    blind: float = 0.01
    wrong_clock: float = 0.02
    invalid: float = 0.0005


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Hold a message to publish; `is_known` is false for what a receiver has to refuse."""

    topic: str
    payload: bytes
    uuid: str
    seq: int
    is_known: bool


@dataclass(slots=True)
class SimulatedDevice:
    """Live through the days of one device.

    Args:
        number: tells it from the others, and chooses its facility and floor.
        seed: of the whole simulation.
        thing: below whose topics it publishes.
        began_ms: when the simulation began, Unix milliseconds.
        devices_per_facility: so many devices share a facility.
        troubles: what goes wrong.
    """

    number: int
    seed: int
    thing: str
    began_ms: int
    devices_per_facility: int = 10
    troubles: Troubles = field(default_factory=Troubles)
    cars: int = field(init=False)
    sent: int = field(init=False, default=0)
    entered: int = field(init=False, default=0)
    left: int = field(init=False, default=0)
    _chance: random.Random = field(init=False)
    _clock_off_ms: int = field(init=False, default=0)
    _offline_until_s: float = field(init=False, default=0.0)
    _waiting: list[tuple[float, str, dict[str, Any]]] = field(init=False, default_factory=list)
    _seq: int = field(init=False)

    def __post_init__(self) -> None:
        self._chance = random.Random(f'{self.seed}/{self.number}')
        if self._chance.random() < self.troubles.wrong_clock:
            self._clock_off_ms = self._chance.choice([-1, 1]) * self._chance.randrange(1, 48) * 3_600_000
        self._seq = self.began_ms
        self.cars = self._demand(0.0)

    @property
    def uuid(self) -> str:
        """Return its uuid, the same for the same seed and number."""
        return f'{random.Random(f"uuid/{self.seed}/{self.number}").getrandbits(128):032x}'

    @property
    def facility(self) -> str:
        """Return the facility that it is in."""
        return f'Garage {self.number // self.devices_per_facility + 1}'

    @property
    def floor(self) -> str:
        """Return the floor that it looks at."""
        return f'P{self.number % self.devices_per_facility + 1}'

    @property
    def is_offline(self) -> bool:
        """Return whether messages wait for the network."""
        return bool(self._waiting)

    def step(self, now_s: float, interval_s: float) -> Iterator[Outgoing]:
        """Live on by one interval and give what is to be published now.

        Args:
            now_s: seconds since the simulation began.
            interval_s: since the last step.
        """
        if now_s >= self._offline_until_s and self._happens(
            self.troubles.outages_per_hour * interval_s / 3600
        ):
            self._offline_until_s = now_s + self._chance.expovariate(1 / self.troubles.outage_s)
        made = [*self._drive(now_s), ('count', self._count(now_s))]
        if now_s < self._offline_until_s:
            self._waiting += [(now_s, name, content) for name, content in made]
            return
        # The present goes first, as the outbox of a device does it.
        for name, content in made:
            yield from self._give(name, content)
        waiting, self._waiting = self._waiting, []
        for since_s, name, content in waiting:
            is_late = name == 'count' and now_s - since_s > HISTORY_AFTER_S
            yield from self._give('history' if is_late else name, content)
        if self._happens(self.troubles.invalid):
            yield Outgoing(f'parking/{self.thing}/count', b'{"uuid":"?","cars":-1}', '', 0, is_known=False)

    def catch_up(self, now_s: float) -> Iterator[Outgoing]:
        """End an outage, and give what waited."""
        self._offline_until_s = now_s
        waiting, self._waiting = self._waiting, []
        for _, name, content in waiting:
            yield from self._give('history' if name == 'count' else name, content)

    def _give(self, name: str, content: dict[str, Any]) -> Iterator[Outgoing]:
        message = Outgoing(
            f'parking/{self.thing}/{name}',
            json.dumps(content, separators=(',', ':')).encode(),
            self.uuid,
            content['seq'],
            is_known=True,
        )
        self.sent += 1
        yield message
        if self._happens(self.troubles.duplicate):
            yield message

    def _drive(self, now_s: float) -> list[tuple[str, dict[str, Any]]]:
        """Let cars come and go towards what is usual at this hour."""
        change = self._demand(now_s) - self.cars
        moved = int(math.copysign(min(abs(change), self._chance.randrange(3)), change))
        self.cars += moved
        direction = 'IN' if moved > 0 else 'OUT'
        made = []
        for _ in range(abs(moved)):
            self.entered += moved > 0
            self.left += moved < 0
            made.append(('crossing', self._crossing(now_s, direction)))
        return made

    def _demand(self, now_s: float) -> int:
        moment = dt.datetime.fromtimestamp(self.began_ms / 1000 + now_s, dt.UTC)
        usual = _DEMAND[moment.hour] * (0.25 if moment.weekday() >= 5 else 1.0)
        return max(0, min(CAPACITY, round(CAPACITY * usual / 100 + self._chance.gauss(0, 1.5))))

    def _happens(self, probability: float) -> bool:
        return self._chance.random() < probability

    def _head(self, now_s: float, schema: str) -> dict[str, Any]:
        self._seq += 1
        told_ms = self.began_ms + int(now_s * 1000) + self._clock_off_ms
        moment = dt.datetime.fromtimestamp(told_ms / 1000, dt.UTC)
        return {
            'uuid': self.uuid,
            'schema': schema,
            'seq': self._seq,
            'observed_at': f'{moment:%Y-%m-%dT%H:%M:%S}.{told_ms % 1000:03d}Z',
            'camera': 'lane',
            'facility': self.facility,
            'floor': self.floor,
            'clock_synced': self._clock_off_ms == 0,
            'dropped': 0,
        }

    def _count(self, now_s: float) -> dict[str, Any]:
        is_blind = self._happens(self.troubles.blind)
        free, occupied = (0, 0) if is_blind else (CAPACITY - self.cars, self.cars)
        return {
            **self._head(now_s, 'parking.count/1'),
            'cars': self.cars,
            'state': 'COVERED' if is_blind else 'OK',
            'zones': [
                {
                    'name': 'all',
                    'cars': self.cars,
                    'capacity': CAPACITY,
                    'occupied': occupied,
                    'free': free,
                    'unknown': CAPACITY - free - occupied,
                }
            ],
            'entered': self.entered,
            'left': self.left,
            'net': self.entered - self.left,
            'capacity': CAPACITY,
            'occupied': occupied,
            'free': free,
            'unknown': CAPACITY - free - occupied,
            'bays': [],
            'gates': [{'name': 'gate', 'entered': self.entered, 'left': self.left}],
            'entered_today': self.entered,
            'left_today': self.left,
            'set_by_hand': False,
        }

    def _crossing(self, now_s: float, direction: str) -> dict[str, Any]:
        content = self._head(now_s, 'parking.crossing/1')
        return {**content, 'gate': 'gate', 'direction': direction, 'track': content['seq'] % 10_000}
