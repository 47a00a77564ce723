"""Check names and passwords, in the same time whether there is such a name or not."""

import secrets
from collections.abc import Iterable

from argon2 import Parameters, PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from parking_fleet.errors import SettingsError
from parking_fleet.settings import User

LEAST_CHARACTERS = 10
"""A password that is shorter is refused; length helps more than signs do (NIST SP 800-63B)."""


def hash_password(password: str) -> str:
    """Return what the settings hold of a password: argon2id, with the parameters of RFC 9106.

    Raises:
        ValueError: when it is too short.
    """
    if len(password) < LEAST_CHARACTERS:
        raise ValueError(f'a password has {LEAST_CHARACTERS} characters at least; several words are good')
    return PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY).hash(password)


class Users:
    """Hold who there is.

    Args:
        users: as the settings name them.

    Raises:
        SettingsError: when a hash is none.
    """

    def __init__(self, users: Iterable[User]) -> None:
        self._users = {user.name: user for user in users}
        parameters = [_parameters(user) for user in self._users.values()]
        self._hasher = PasswordHasher.from_parameters((*parameters, RFC_9106_LOW_MEMORY)[0])
        # For a name that there is not: as much work, and never a match.
        self._nobody = self._hasher.hash(secrets.token_urlsafe(32)) if self._users else ''

    def __bool__(self) -> bool:
        return bool(self._users)

    def find(self, name: str) -> User | None:
        """Return the user of that name."""
        return self._users.get(name)

    def check(self, name: str, password: str) -> User | None:
        """Return the user when the password is right; takes some 50 ms and 64 MiB."""
        user = self._users.get(name)
        try:
            self._hasher.verify(user.password_hash if user else self._nobody, password)
        except (VerificationError, InvalidHashError):
            return None
        return user


def _parameters(user: User) -> Parameters:
    try:
        return extract_parameters(user.password_hash)
    except (InvalidHashError, ValueError):
        raise SettingsError(
            f'web.users: the password_hash of {user.name} is none; make it with `parking-fleet password NAME`'
        ) from None
