"""Have the newest model of Edge Impulse Studio on the device: fetched once, for all its cameras."""

import math
import os
import threading
import time
from pathlib import Path

from parking_msgs.srv import FetchModel
from pydantic import SecretStr
from rclpy.node import Node
from std_srvs.srv import Trigger

from parking_monitor.detection.studio.api import BASE_URL, KEY_VARIABLE, StudioApi
from parking_monitor.detection.studio.check import ModelCheck
from parking_monitor.detection.studio.fetcher import StudioFetcher
from parking_monitor.detection.studio.keeper import FetchState, StudioKeeper
from parking_monitor.detection.studio.schedule import LookSchedule
from parking_monitor.detection.studio.store import FOLDER, StudioStore
from parking_monitor.nodes.health import Health, Level, Report
from parking_monitor.nodes.parameters import declare
from parking_monitor.nodes.running import run

_WEEK_S = 604_800
_STATES = {
    FetchState.FETCHING: FetchModel.Response.FETCHING,
    FetchState.READY: FetchModel.Response.READY,
    FetchState.REFUSED: FetchModel.Response.REFUSED,
}


class ModelKeeper(Node):
    """Look for a newer model, and put it where the detectors that follow it find it."""

    def __init__(self) -> None:
        super().__init__('model_keeper')
        uuid = declare(self, 'uuid', '', 'The device; devices with different ones look at different times')
        folder = Path(declare(self, 'models_folder', '', f'Folder of models; they go to {FOLDER} in it'))
        project = declare(self, 'project', '', 'Name or number in Studio; empty: the only one the key opens')
        interval_s = declare(self, 'interval_s', 3600.0, 'Time between two looks, s', limits=(1, _WEEK_S))
        base_url = declare(self, 'api', BASE_URL, 'Where the API of Studio is')
        follow = declare(
            self, 'follow', True, 'Whether the newest model is wanted; else only what is asked for'
        )
        # Taken out of the environment: a model that is tried out inherits that.
        key = os.environ.pop(KEY_VARIABLE, '')
        if not key:
            raise ValueError(f'{KEY_VARIABLE} is not set; without a key no model can be fetched')
        if not folder.is_absolute():
            raise ValueError(f'models_folder: {str(folder)!r} is no absolute path; give one')
        self._store = StudioStore(folder / FOLDER)
        self._api = StudioApi(SecretStr(key), base_url=base_url)
        self._check = ModelCheck()
        self._stopped = threading.Event()
        self._keeper = self._make_keeper(project, interval_s, uuid, follow=follow)
        self.create_service(Trigger, '~/look', self._on_look)
        self.create_service(FetchModel, '~/fetch', self._on_fetch)
        self._counts = self._store.best
        self._health = Health(self, self._report)
        self.create_timer(1.0, self._tell_change)
        self._keeper.start()

    def close(self) -> None:
        """End a download or a check."""
        self._keeper.close()
        self._api.close()

    def _make_keeper(self, project: str, interval_s: float, uuid: str, *, follow: bool) -> StudioKeeper:
        fetcher = StudioFetcher(
            self._api,
            self._store,
            os.uname().machine,
            self._check,
            say=self.get_logger().info,
            stopped=self._stopped,
            project=project,
        )
        schedule = LookSchedule(interval_s, uuid, time.monotonic(), is_urgent=self._store.best is None)
        return StudioKeeper(
            fetcher,
            schedule if follow else None,
            say=self._say,
            forgive=self._store.forgive,
            end_fetch=self._end_fetch,
        )

    def _end_fetch(self) -> None:
        self._stopped.set()
        self._check.stop()

    def _say(self, text: str, is_good: bool) -> None:
        if is_good:  # rclpy refuses two severities from one line
            self.get_logger().info(text)
        else:
            self.get_logger().warning(text)

    def _on_look(self, _request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success = self._keeper.ask_for_look()
        response.message = (
            f'looking; {self._what_counts()} now'
            if response.success
            else 'refused: no camera has `model: default`, so no model is looked for'
        )
        return response

    def _on_fetch(self, request: FetchModel.Request, response: FetchModel.Response) -> FetchModel.Response:
        fetch = self._keeper.ask_for(request.name, request.version)
        response.state = _STATES[fetch.state]
        response.path = str(fetch.path or self._store.path_for(request.name, request.version))
        response.message = fetch.message
        return response

    def _tell_change(self) -> None:
        if not self._keeper.is_alive:
            raise RuntimeError('the thread that fetches models died; see its traceback above')
        counts = self._store.best
        if counts != self._counts:
            self._counts = counts
            self.get_logger().info(f'now {self._what_counts()}')
            self._health.publish()

    def _what_counts(self) -> str:
        return f'model {self._counts} counts' if self._counts else 'the default model counts'

    def _report(self) -> Report:
        status, state, counts = self._keeper.status, self._store.state, self._counts
        progress = self._keeper.progress
        values = {
            'origin': 'studio' if counts else 'default',
            'model': counts.name if counts else '',
            'version': counts.version if counts else '',
            'previous': state.previous or '',
            'asked_for': ', '.join(map(str, state.asked)),
            'newest': status.newest or '',
            'refused': '; '.join(f'{one.version}: {one.reason}' for one in state.refused),
            'download': progress,
            'looks': status.looks,
            'next_look_in_s': _seconds_until(status.next_look_s),
            'last_error': status.problem,
        }
        return Report(*self._judgement(progress), values)

    def _judgement(self, progress: str) -> tuple[Level, str]:
        """Return how bad it is, and why."""
        status, newest = self._keeper.status, self._keeper.status.newest
        counts = self._what_counts()
        if progress:
            return Level.OK, f'downloading, {progress}; {counts} until it has run'
        if status.problem:
            return Level.WARN, f'{counts}; {status.problem}'
        reason = self._store.state.why_refused(newest.project, newest.version) if newest else ''
        if reason:
            return Level.WARN, f'{counts}; model {newest} is not taken: {reason}; build a newer one'
        return Level.OK, counts


def _seconds_until(time_s: float) -> str:
    wait_s = max(0.0, time_s - time.monotonic())
    return f'{wait_s:.0f}' if math.isfinite(wait_s) else 'never'


def main() -> None:
    """Run the node."""
    run(ModelKeeper)
