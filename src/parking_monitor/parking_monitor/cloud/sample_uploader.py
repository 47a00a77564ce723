"""Upload what is kept, from a thread of its own: what is worth most first."""

import random
import threading
import time
from dataclasses import dataclass
from typing import Protocol

from parking_monitor.cloud.collect_memory import CollectMemory
from parking_monitor.cloud.errors import (
    IngestionBusyError,
    IngestionError,
    IngestionKeyError,
    IngestionRefusedError,
    StoreError,
)
from parking_monitor.cloud.sample import Sample
from parking_monitor.cloud.sample_store import SampleStore, StoredSample

FIRST_BACK_OFF_S = 5.0
LONGEST_BACK_OFF_S = 900.0
# Another day, another key, an operator who makes room: what nobody wakes us for is looked at so often.
_LOOK_S = 5.0


class Uploads(Protocol):
    """Where pictures go; see `IngestionClient`."""

    def upload(self, sample: Sample, jpeg: bytes) -> bool:
        """Upload a picture; False when it was there already."""


@dataclass(frozen=True, slots=True)
class UploaderState:
    """Hold how the uploader is.

    Attributes:
        uploaded: pictures that the service took since this began.
        duplicates: pictures that it had already.
        refused: pictures that it does not take; they were set aside.
        last_refusal: why, of the last of them.
        last_error: why the last try failed; empty when it did not.
        is_limited: whether what may be uploaded today was.
    """

    uploaded: int = 0
    duplicates: int = 0
    refused: int = 0
    last_refusal: str = ''
    last_error: str = ''
    is_limited: bool = False


class SampleUploader:
    """Upload pictures while it is enabled; hold them while the service is away or has enough.

    Args:
        client: closed by whoever made it.
        store: of the pictures.
        memory: counts the uploads of a day.
        daily_limit: so many pictures are uploaded a day.
        enabled: whether anything is uploaded.
        first_back_off_s: how long to wait after the first failure, then twice as long each time.
    """

    def __init__(
        self,
        client: Uploads,
        store: SampleStore,
        memory: CollectMemory,
        *,
        daily_limit: int,
        enabled: bool = True,
        first_back_off_s: float = FIRST_BACK_OFF_S,
    ) -> None:
        self._client = client
        self._store = store
        self._memory = memory
        self._daily_limit = daily_limit
        self._enabled = enabled
        self._first_back_off_s = first_back_off_s
        self._failures = 0
        self._held_until_s = 0.0
        self._numbers = {'uploaded': 0, 'duplicates': 0, 'refused': 0}
        self._last_refusal = self._last_error = ''
        self._stopping = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name='sample uploader', daemon=True)

    @property
    def is_alive(self) -> bool:
        """Return whether the thread runs."""
        return self._thread.is_alive()

    @property
    def state(self) -> UploaderState:
        """Return how it is."""
        with self._changed:
            return UploaderState(
                **self._numbers,
                last_refusal=self._last_refusal,
                last_error=self._last_error,
                is_limited=self._is_limited,
            )

    def start(self) -> None:
        """Begin to upload."""
        self._thread.start()

    def stop(self, within_s: float = 0.5) -> None:
        """Upload nothing more; a request that is under way may end later."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join(within_s)

    def enable(self, enabled: bool) -> None:
        """Upload from now on, or let pictures wait."""
        with self._changed:
            self._enabled = enabled
            self._changed.notify_all()

    def wake(self) -> None:
        """Look for a new picture."""
        with self._changed:
            self._changed.notify_all()

    @property
    def _is_limited(self) -> bool:
        return self._memory.uploaded_today >= self._daily_limit

    def _run(self) -> None:
        while (stored := self._wait_for_sample()) is not None:
            self._upload(stored)

    def _wait_for_sample(self) -> StoredSample | None:
        with self._changed:
            while not self._stopping:
                wait_s = self._held_until_s - time.monotonic()
                if self._enabled and wait_s <= 0 and not self._is_limited and (found := self._store.next()):
                    return found
                self._changed.wait(min(wait_s, _LOOK_S) if wait_s > 0 else _LOOK_S)
            return None

    def _upload(self, stored: StoredSample) -> None:
        try:
            jpeg = stored.read()
        except OSError:
            self._settle(stored, None, None)
            return
        error: IngestionError | None = None
        is_new = False
        try:
            is_new = self._client.upload(stored.sample, jpeg)
        except IngestionError as caught:
            error = caught
        self._settle(stored, is_new, error)

    def _settle(self, stored: StoredSample, is_new: bool | None, error: IngestionError | None) -> None:
        """Take note of the outcome; `is_new` is None for a picture that was not there any more."""
        with self._changed:
            self._last_error = ''
            try:
                self._take_outcome(stored, is_new, error)
            except StoreError as fault:
                self._hold(fault)

    def _take_outcome(self, stored: StoredSample, is_new: bool | None, error: IngestionError | None) -> None:
        if error is None:
            # Counted before it is deleted: what is uploaded once more is a duplicate, and not counted.
            if is_new:
                self._memory.count_upload()
                self._numbers['uploaded'] += 1
            elif is_new is not None:
                self._numbers['duplicates'] += 1
            self._store.remove(stored)
            self._failures = 0
        elif isinstance(error, IngestionRefusedError):
            self._last_refusal = str(error)
            self._numbers['refused'] += 1
            self._store.set_aside(stored)
        else:
            self._hold(error)

    def _hold(self, error: Exception) -> None:
        self._last_error = str(error)
        self._failures += 1
        if isinstance(error, IngestionBusyError):
            wait_s = error.retry_after_s
        elif isinstance(error, IngestionKeyError):
            # A key does not become right by asking, and the next start has another one.
            wait_s = back_off_s(17, self._first_back_off_s)
        else:
            wait_s = back_off_s(self._failures, self._first_back_off_s)
        self._held_until_s = time.monotonic() + wait_s


def back_off_s(failures: int, first_s: float = FIRST_BACK_OFF_S) -> float:
    """Return how long to wait after so many failures, a random share of it less, seconds."""
    longest_s = min(LONGEST_BACK_OFF_S, first_s * 2.0 ** min(failures - 1, 16))
    return longest_s * random.uniform(0.5, 1.0)
