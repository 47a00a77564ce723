"""Let in who has a token or is logged in; on this machine alone everyone, where neither is set up."""

import hashlib
import hmac
from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, HTTPException, Request, status
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from parking_fleet.settings import Role, Web

_bearer = HTTPBearer(auto_error=False, description='A token made with `parking-fleet token NAME`.')

Login = Callable[[Request], Role | None]
"""Another way in, such as the dashboard's session: returns the role of who asks, or None."""


class Doorkeeper:
    """Decide who may do what.

    Args:
        web: holds the tokens, and says whether a login is needed.

    Attributes:
        logins: other ways in, asked in turn; the dashboard adds its own.
    """

    def __init__(self, web: Web) -> None:
        self._is_open = not web.needs_login
        self._tokens = [(bytes.fromhex(token.sha256), token.role) for token in web.tokens]
        self.logins: list[Login] = []

    def role_of(self, request: Request, token: str | None) -> Role | None:
        """Return the role of who asks; None for a stranger."""
        if token is not None:
            return self._role_of_token(token)
        found = next((role for login in self.logins if (role := login(request)) is not None), None)
        if found is not None:
            return found
        return 'operator' if self._is_open else None

    def is_still_welcome(self, request: Request) -> bool:
        """Return whether who was let in would be let in now: a login may have ended since."""
        has_token = request.headers.get('authorization', '').lower().startswith('bearer ')
        return has_token or self.role_of(request, None) is not None

    def reader(
        self, request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
    ) -> Role:
        """Let in who may read.

        Raises:
            HTTPException: 401 for a stranger.
        """
        role = self.role_of(request, given.credentials if given else None)
        if role is None:
            raise HTTPException(
                status.HTTP_401_UNAUTHORIZED,
                'give a token (Authorization: Bearer ...), or log in',
                headers={'WWW-Authenticate': 'Bearer'},
            )
        return role

    def operator(
        self, request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
    ) -> Role:
        """Let in who may change things.

        Raises:
            HTTPException: 401 for a stranger, 403 for a reader.
        """
        role = self.reader(request, given)
        if role != 'operator':
            raise HTTPException(status.HTTP_403_FORBIDDEN, 'only an operator may do this')
        return role

    def _role_of_token(self, token: str) -> Role | None:
        digest = hashlib.sha256(token.encode()).digest()
        found: Role | None = None
        for expected, role in self._tokens:
            # Each is compared, so that the time taken tells nothing.
            if hmac.compare_digest(digest, expected):
                found = role
        return found
