"""Remember who is logged in, over restarts too; only the browser has the token itself."""

import hashlib
import json
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from parking_fleet.errors import SettingsError
from parking_fleet.login.users import Users
from parking_fleet.settings import Role, User

LOG = logging.getLogger(__name__)

MOST_LOGINS = 1_000
"""When there are more, the one that was idle longest ends."""

SAVE_EVERY_S = 300.0
"""So often at most it is written down that a login was used."""


@dataclass(slots=True)
class _Login:
    name: str
    seal: str
    used_s: float


@dataclass(frozen=True, slots=True)
class Visitor:
    """Hold who looks at a page.

    Attributes:
        name: of the user; empty where no login is needed.
        role: what it may do.
        login: tells this login from every other; empty where none is needed.
    """

    name: str
    role: Role
    login: str = ''

    @property
    def is_operator(self) -> bool:
        """Return whether it may change things."""
        return self.role == 'operator'


EVERYONE = Visitor('', 'operator')
"""Who looks at a page where no login is needed: on this machine alone, and nobody is named."""


class Sessions:
    """Hold who is logged in; may be used from any thread.

    A login ends when it is idle for too long, at logout, and when its user is removed from the settings
    or gets another password. The file has the hash of each token, and the secret that signs cookies.

    Args:
        file: which only its owner can read; made where it is missing.
        users: who there is.
        idle_s: how long a login lasts without a request.
        clock: gives Unix seconds.

    Raises:
        SettingsError: when the file cannot be used.
    """

    def __init__(
        self, file: Path, users: Users, idle_s: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._file = file
        self._users = users
        self._idle_s = idle_s
        self._clock = clock
        self._lock = threading.Lock()
        self._logins: dict[str, _Login] = {}
        self._saved_s = 0.0
        self.secret = ''
        self._load()

    def begin(self, user: User) -> str:
        """Log a user in, and return the token."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._forget_idle()
            while len(self._logins) >= MOST_LOGINS:
                del self._logins[min(self._logins, key=lambda key: self._logins[key].used_s)]
            self._logins[_key(token)] = _Login(user.name, _seal(user), self._clock())
            self._save()
        return token

    def visitor(self, token: object) -> Visitor | None:
        """Return who has this token, and note that it was used; None when it is no good."""
        if not isinstance(token, str):
            return None
        with self._lock:
            found = self._look(_key(token))
            if found is not None:
                now_s = self._clock()
                self._logins[found.login].used_s = now_s
                if now_s - self._saved_s >= SAVE_EVERY_S:
                    self._save_or_warn()
            return found

    def holds(self, login: str) -> bool:
        """Return whether a login is still good, without using it."""
        with self._lock:
            return self._look(login) is not None

    def end(self, token: object) -> None:
        """Log out."""
        if isinstance(token, str):
            with self._lock:
                if self._logins.pop(_key(token), None) is not None:
                    self._save()

    def _look(self, key: str) -> Visitor | None:
        login = self._logins.get(key)
        user = self._users.find(login.name) if login else None
        if login is None or user is None or login.seal != _seal(user) or self._is_idle(login):
            self._logins.pop(key, None)
            return None
        return Visitor(user.name, user.role, key)

    def _is_idle(self, login: _Login) -> bool:
        return self._clock() - login.used_s > self._idle_s

    def _forget_idle(self) -> None:
        self._logins = {key: login for key, login in self._logins.items() if not self._is_idle(login)}

    def _load(self) -> None:
        try:
            told = json.loads(self._file.read_text(encoding='utf-8'))
            self.secret = str(told['secret'])
            self._logins = {key: _Login(*login) for key, login in told['logins'].items()}
        except FileNotFoundError:
            self.secret = secrets.token_urlsafe(32)
            self._save()
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise SettingsError(
                f'{self._file} cannot be read ({type(error).__name__}); remove it: everyone logs in anew'
            ) from None

    def _save_or_warn(self) -> None:
        try:
            self._save()
        except SettingsError as error:
            LOG.warning('%s', error)

    def _save(self) -> None:
        self._saved_s = self._clock()
        content = {
            'secret': self.secret,
            'logins': {key: [each.name, each.seal, each.used_s] for key, each in self._logins.items()},
        }
        new = self._file.with_suffix('.new')
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            new.unlink(missing_ok=True)
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), 'w') as file:
                json.dump(content, file)
            new.replace(self._file)
        except OSError as error:
            raise SettingsError(
                f'{self._file} cannot be written: {error.strerror}; name another place with web.folder'
            ) from None


def _key(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _seal(user: User) -> str:
    return hashlib.sha256(user.password_hash.encode()).hexdigest()[:16]
