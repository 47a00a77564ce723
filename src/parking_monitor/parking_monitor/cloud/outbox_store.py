"""Keep messages in a SQLite file so that none is lost to kill -9 or a power cut."""

import contextlib
import json
import sqlite3
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from parking_monitor.cloud.errors import StoreDamagedError, StoreError, StoreFullError, StoreUnavailableError
from parking_monitor.cloud.running_time import RunningTime

FILE_NAME = 'outbox.sqlite3'
FORMAT = 1
KEPT_DAMAGED_FILES = 2
# A process that is being killed may hold the file a little longer.
LOCK_TIMEOUT_S = 2.0

_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT})

_SIDE_FILES = ('-wal', '-shm')

_PRAGMAS = f"""
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA cache_size = -512;
PRAGMA user_version = {FORMAT};
"""

_SCHEMA = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS messages (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  put_s REAL NOT NULL,
  key TEXT NOT NULL,
  topics TEXT NOT NULL,
  payload BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS state (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  boot_id TEXT NOT NULL,
  base_s REAL NOT NULL,
  dropped INTEGER NOT NULL,
  late_to INTEGER NOT NULL
);
INSERT OR IGNORE INTO state VALUES (1, '', 0, 0, 0);
COMMIT;
"""


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """Hold one message as it lies in the file.

    Attributes:
        seq: its number; no other message of the device has it.
        put_s: running time at which it was put in; see `running_time`.
        key: what it speaks of, here the camera.
        topics: the live topics that it is for.
        payload: what is sent.
    """

    seq: int
    put_s: float
    key: str
    topics: tuple[str, ...]
    payload: bytes


class OutboxStore:
    """Own the SQLite file of one outbox: WAL, synchronous=FULL, for one thread of one process.

    A file that is damaged when it is opened is set aside at once, see `replace`.

    Args:
        folder: where the file lies; made when it is not there.
        running_time: goes on from what the file says.
        wall_ns: the clock that numbers begin at, Unix nanoseconds.

    Raises:
        StoreError: when the file cannot be opened now.
    """

    def __init__(
        self, folder: Path, running_time: RunningTime, wall_ns: Callable[[], int] = time.time_ns
    ) -> None:
        self._path = folder / FILE_NAME
        self._running_time = running_time
        self._wall_ns = wall_ns
        self._rows = 0
        self._dropped = 0
        self._last_seq = 0
        self._late_to = 0
        self._damage = ''
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreUnavailableError(f'{folder}: {error.strerror}') from error
        try:
            self._connection = self._open()
        except StoreDamagedError as error:
            self._set_aside(error)
            self._connection = self._open()

    @property
    def rows(self) -> int:
        """Return how many messages are stored."""
        return self._rows

    @property
    def dropped(self) -> int:
        """Return how many messages were given up since the file began."""
        return self._dropped

    @property
    def late_to(self) -> int:
        """Return up to which number messages are late, whatever their age."""
        return self._late_to

    @property
    def damage(self) -> str:
        """Return what was wrong with the file that was set aside last; empty when there was none."""
        return self._damage

    @property
    def last_seq(self) -> int:
        """Return the highest number that was in the file when it was opened."""
        return self._last_seq

    @property
    def first_seq(self) -> int:
        """Return the first number for new messages.

        It is the Unix time in milliseconds, unless the clock is behind a number that was given
        out before. So numbers do not repeat even when the file was lost.
        """
        set_aside_ms = max(map(_stamp_ms, self._damaged_files()), default=0)
        return max(self._last_seq + 1, self._wall_ns() // 1_000_000, set_aside_ms + 1)

    def write(
        self, put: Sequence[StoredMessage], delete: Collection[int], *, given_up: int = 0, late_to: int = 0
    ) -> None:
        """Put messages in, delete others, and note what became of them; durably, all or nothing.

        Args:
            put: new messages.
            delete: numbers of messages that were acknowledged.
            given_up: how many messages were given up.
            late_to: up to which number messages are late, whatever their age.

        Raises:
            StoreFullError: when the disk is full.
            StoreUnavailableError: when the file takes no writes for another reason.
            StoreDamagedError: when it does not hold what was written; call `replace`.
        """
        rows = [(each.seq, each.put_s, each.key, _topics_text(each.topics), each.payload) for each in put]
        with self._transaction() as connection:
            begin = connection.total_changes
            # A new file is given again what is still in memory: some of it may be there.
            connection.executemany('INSERT OR IGNORE INTO messages VALUES (?, ?, ?, ?, ?)', rows)
            between = connection.total_changes
            connection.executemany('DELETE FROM messages WHERE seq = ?', [(seq,) for seq in delete])
            added, deleted = between - begin, connection.total_changes - between
            if given_up or late_to > self._late_to:
                connection.execute(
                    'UPDATE state SET dropped = dropped + ?, late_to = max(late_to, ?)', (given_up, late_to)
                )
        self._rows += added - deleted
        self._dropped += given_up
        self._late_to = max(late_to, self._late_to)

    def drop_oldest(self, number: int, *, above: int, below: int) -> int:
        """Give up the oldest messages between two numbers, and return how many they were.

        Raises:
            StoreError: as `write`.
        """
        where = 'seq IN (SELECT seq FROM messages WHERE seq > ? AND seq < ? ORDER BY seq LIMIT ?)'
        return self._drop(where, (above, below, number))

    def drop_older(self, put_before_s: float, *, above: int, below: int) -> int:
        """Give up messages between two numbers that were put in before a running time.

        Returns:
            How many they were.

        Raises:
            StoreError: as `write`.
        """
        return self._drop('seq > ? AND seq < ? AND put_s < ?', (above, below, put_before_s))

    def read(self, *, above: int, below: int, limit: int) -> list[StoredMessage]:
        """Return the oldest messages whose numbers lie between two others.

        Raises:
            StoreError: as `write`.
        """
        return self._select('seq > ? AND seq < ? ORDER BY seq LIMIT ?', (above, below, limit))

    def read_newest(self, put_since_s: float, limit: int) -> list[StoredMessage]:
        """Return the newest messages that are not late and were put in since a running time, oldest first.

        Raises:
            StoreError: as `write`.
        """
        newest = self._select(
            'seq > ? AND put_s >= ? ORDER BY seq DESC LIMIT ?', (self._late_to, put_since_s, limit)
        )
        return newest[::-1]

    def replace(self, damage: StoreDamagedError) -> None:
        """Set the file aside under another name and begin a new one, where nothing was dropped yet.

        Raises:
            StoreError: when there can be no new one now.
        """
        self.close()
        self._set_aside(damage)
        self._connection = self._open()

    def close(self) -> None:
        """Close the file; what was written stays."""
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()

    def _open(self) -> sqlite3.Connection:
        with _explained(self._path), contextlib.ExitStack() as unless_it_begins:
            connection = sqlite3.connect(self._path, timeout=LOCK_TIMEOUT_S, isolation_level=None)
            unless_it_begins.callback(connection.close)
            self._begin(connection)
            unless_it_begins.pop_all()
        return connection

    def _begin(self, connection: sqlite3.Connection) -> None:
        # Before anything is read: without other readers WAL needs no shared memory.
        connection.execute('PRAGMA locking_mode = EXCLUSIVE')
        (version,) = connection.execute('PRAGMA user_version').fetchone()
        if version not in {0, FORMAT}:
            raise StoreDamagedError(f'{self._path} has format {version}, this program knows {FORMAT}')
        (finding,) = connection.execute('PRAGMA quick_check(1)').fetchone()
        if finding != 'ok':
            raise StoreDamagedError(f'{self._path} is damaged ({finding})')
        connection.executescript(_PRAGMAS)
        connection.executescript(_SCHEMA)
        (self._rows,) = connection.execute('SELECT count(*) FROM messages').fetchone()
        (self._last_seq,) = connection.execute('SELECT coalesce(max(seq), 0) FROM sqlite_sequence').fetchone()
        boot_id, base_s, self._dropped, self._late_to = connection.execute(
            'SELECT boot_id, base_s, dropped, late_to FROM state'
        ).fetchone()
        (last_s,) = connection.execute('SELECT coalesce(max(put_s), 0) FROM messages').fetchone()
        self._running_time.resume(boot_id, base_s, last_s)
        now = (self._running_time.boot_id, self._running_time.base_s)
        if now != (boot_id, base_s):
            connection.execute('UPDATE state SET boot_id = ?, base_s = ?', now)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        connection = self._connection
        with _explained(self._path):
            connection.execute('BEGIN IMMEDIATE')
            try:
                yield connection
                connection.execute('COMMIT')
            finally:
                if connection.in_transaction:
                    connection.execute('ROLLBACK')

    def _drop(self, where: str, values: tuple[float, ...]) -> int:
        with self._transaction() as connection:
            dropped = connection.execute(f'DELETE FROM messages WHERE {where}', values).rowcount  # noqa: S608 - our own words
            if dropped:
                connection.execute('UPDATE state SET dropped = dropped + ?', (dropped,))
        self._rows -= dropped
        self._dropped += dropped
        return dropped

    def _select(self, where: str, values: tuple[float, ...]) -> list[StoredMessage]:
        with _explained(self._path):
            rows = self._connection.execute(
                f'SELECT seq, put_s, key, topics, payload FROM messages WHERE {where}',  # noqa: S608 - our own words
                values,
            ).fetchall()
        return [
            StoredMessage(seq, put_s, key, tuple(json.loads(topics)), payload)
            for seq, put_s, key, topics, payload in rows
        ]

    def _damaged_files(self) -> list[Path]:
        """Return the files that were set aside, oldest first."""
        found = self._path.parent.glob(f'{FILE_NAME}.damaged-*')
        return sorted((path for path in found if _stamp_ms(path)), key=_stamp_ms)

    def _set_aside(self, damage: StoreDamagedError) -> None:
        stamp_ms = max(self._last_seq, self._wall_ns() // 1_000_000)
        aside = self._path.with_name(f'{FILE_NAME}.damaged-{stamp_ms}')
        try:
            self._path.rename(aside)
            for suffix in _SIDE_FILES:
                with contextlib.suppress(FileNotFoundError):
                    Path(f'{self._path}{suffix}').rename(f'{aside}{suffix}')
            for old in self._damaged_files()[:-KEPT_DAMAGED_FILES]:
                for suffix in ('', *_SIDE_FILES):
                    Path(f'{old}{suffix}').unlink(missing_ok=True)
        except OSError as error:
            raise StoreUnavailableError(f'{damage}, and cannot be set aside: {error.strerror}') from error
        self._damage = f'{damage}; it was set aside as {aside.name} and a new one begun'


@lru_cache(maxsize=64)  # asked for each message, and always one of a few
def _topics_text(topics: tuple[str, ...]) -> str:
    return json.dumps(topics)


def _stamp_ms(path: Path) -> int:
    """Return the stamp in the name of a file that was set aside; 0 for those that belong to one."""
    stamp = path.name.rpartition('-')[2]
    return int(stamp) if stamp.isdecimal() else 0


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours."""
    try:
        yield
    except sqlite3.Error as error:
        raise _as_ours(path, error) from error


def _as_ours(path: Path, error: sqlite3.Error) -> StoreError:
    # The lowest byte is the primary code; the rest is detail.
    code = getattr(error, 'sqlite_errorcode', sqlite3.SQLITE_ERROR) & 0xFF
    if code in _DAMAGE:
        return StoreDamagedError(f'{path} is damaged ({error})')
    if code == sqlite3.SQLITE_FULL:
        return StoreFullError(f'the disk with {path} is full; free some space')
    if code == sqlite3.SQLITE_BUSY:
        return StoreUnavailableError(f'{path} is used by another process; end it')
    return StoreUnavailableError(f'{path} takes no writes ({error}); check the disk')
