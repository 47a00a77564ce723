"""Kill a worker, the database or the broker in the middle of a load, and count what is lost.

The worker and the database end without a warning. The broker is stopped and started, which mosquitto
saves its sessions for; killed without a warning it forgets what it had acknowledged and not passed on,
and who had subscribed: nobody behind it can make good for that, so it is measured by itself.
"""

import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from benchmarks.fleet_parts.scene import WORKERS, Load, Scene, scene, wait_until
from tests.support.fleet_worker import WorkerProcess

DEVICES = 1_000
SECONDS = 20.0
INTERVAL_S = 5.0
AWAY_S = 2.0

QUIET_S = 10.0
"""When nothing more was stored for so long, what is missing is lost."""

Victim = Literal['worker', 'database', 'broker', 'broker without a warning']
VICTIMS: tuple[Victim, ...] = get_args(Victim)
UNWARNED_BROKER: Victim = 'broker without a warning'


@dataclass(frozen=True, slots=True)
class Loss:
    """Hold what came of a kill in the middle.

    Attributes:
        victim: what ended, and was started again 2 s later.
        sent: messages that the broker took.
        lost, stored_twice: of them.
        caught_up_s: from the last message sent to everything stored.
    """

    victim: Victim
    sent: int
    lost: int
    stored_twice: int
    caught_up_s: float


def measure(folder: Path, victim: Victim) -> Loss:
    """Kill it in the middle of a load on PostgreSQL with one worker."""
    with scene(folder, 'postgresql') as here, here.worker(WORKERS[0]) as worker:
        with Load(here, DEVICES, SECONDS, '--interval', str(INTERVAL_S)) as load:
            wait_until(lambda: here.rows() > DEVICES)
            _kill(here, worker, victim)
            sent = load.wait()
            begun_s = time.monotonic()
            caught_up_s = _wait_for(here, sent) - begun_s
        keys, rows = here.stored()
        return Loss(victim, sent, sent - keys, rows - keys, caught_up_s)


def _wait_for(here: Scene, sent: int) -> float:
    """Return when everything was stored, or the last thing that was to come."""
    rows, changed_s = here.rows(), time.monotonic()
    while rows < sent and time.monotonic() - changed_s < QUIET_S:
        time.sleep(0.1)
        now = here.rows()
        if now != rows:
            rows, changed_s = now, time.monotonic()
    return changed_s


def _kill(here: Scene, worker: WorkerProcess, victim: Victim) -> None:
    """End it without a warning, and start it again after it was away for a while."""
    if victim == 'worker':
        worker.end(signal.SIGKILL)
        time.sleep(AWAY_S)
        worker.start().wait_until_subscribed()
    elif victim.startswith('broker'):
        here.broker.stop() if victim == 'broker' else here.broker.kill()
        time.sleep(AWAY_S)
        here.broker.start()
    elif here.postgres is not None:
        here.postgres.kill()
        time.sleep(AWAY_S)
        here.postgres.start()
