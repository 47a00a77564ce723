"""Make users of the fleet's dashboard whose passwords are cheap to check."""

from argon2 import PasswordHasher

from parking_fleet.settings import Role, User

PASSWORD = 'correct horse battery'

_HASHER = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


def user(name: str, role: Role = 'reader', password: str = PASSWORD) -> User:
    """Return a user as the settings name it."""
    return User(name=name, role=role, password_hash=_HASHER.hash(password))
