"""Fetch from a Studio on loopback."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from parking_monitor.detection.studio.api import StudioApi, Target, target_of
from parking_monitor.detection.studio.check import ModelCheck
from parking_monitor.detection.studio.download import DownloadLimits
from parking_monitor.detection.studio.fetcher import StudioFetcher
from parking_monitor.detection.studio.store import StudioStore
from tests.support.models import Script, write_fake_eim
from tests.support.studio_api import KEY, FakeStudio

QUICK = DownloadLimits(pause_s=0.01, reserve_bytes=0)
HERE: Target = target_of(os.uname().machine)


@contextmanager
def api_of(studio: FakeStudio, key: str = KEY) -> Iterator[StudioApi]:
    with StudioApi(SecretStr(key), base_url=studio.url) as api:
        yield api


def a_model(folder: Path, version: int = 1, script: Script | None = None) -> bytes:
    """Return an .eim that answers, with 100 KB that it does not need."""
    path = write_fake_eim(folder / 'built.eim', name='lot', version=version, script=script)
    return path.read_bytes() + b'#' * 100_000


class Device:
    """Hold a device's store and what it said.

    Attributes:
        said: lines for people.
    """

    def __init__(
        self, api: StudioApi, folder: Path, project: str = '', limits: DownloadLimits = QUICK
    ) -> None:
        self.said: list[str] = []
        self.store = StudioStore(folder / 'studio')
        self.check = ModelCheck()
        self.stopped = threading.Event()
        self.fetcher = StudioFetcher(
            api,
            self.store,
            os.uname().machine,
            self.check,
            say=self.said.append,
            stopped=self.stopped,
            project=project,
            limits=limits,
        )
