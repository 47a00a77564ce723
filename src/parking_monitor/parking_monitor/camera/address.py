"""Read the `source` of fleet.yaml, and write it without its secrets."""

import enum
import re
from collections.abc import Collection
from dataclasses import dataclass, field

from parking_monitor.camera.errors import SourceError

AUTO = 'auto'
STREAM_SCHEMES = frozenset({'rtsp', 'rtsps', 'http', 'https'})
ALLOWED = (
    "'auto', a port number such as 0, a device such as /dev/video0, a video file, a folder of pictures, "
    'or an rtsp://, rtsps://, http:// or https:// address'
)
_DEVICE = re.compile(r'/dev/(?!shm/).+')
_SCHEME = re.compile(r'([A-Za-z][A-Za-z0-9+.-]*):(.*)', re.DOTALL)
_SECRET_IN_PATH = re.compile(r'((?:pass|pwd|token|secret|key)[a-z]*=)[^/?]*', re.IGNORECASE)


class AddressKind(enum.Enum):
    """Tell what a source leads to."""

    DEVICE = enum.auto()
    STREAM = enum.auto()
    PATH = enum.auto()
    SCHEME = enum.auto()


@dataclass(frozen=True, slots=True)
class Address:
    """Hold where frames come from.

    Attributes:
        kind: what it leads to.
        target: 'auto' or a path below /dev for a device, the address of a
            stream with its credentials, a path, or what follows `scheme:`.
        scheme: 'rtsp', 'sim' and so on; empty for devices and paths.
    """

    kind: AddressKind
    target: str = field(repr=False)
    scheme: str = ''

    def __str__(self) -> str:
        """Return the address for people, without credentials."""
        if self.kind is AddressKind.SCHEME:
            return f'{self.scheme}:{self.target}'
        return redact(self.target) if self.kind is AddressKind.STREAM else self.target


def parse_source(text: str, schemes: Collection[str] = ()) -> Address:
    """Read the `source` of fleet.yaml.

    Args:
        text: what the operator wrote.
        schemes: further schemes that the caller has sources for, such as 'sim'.

    Raises:
        SourceError: when it is none of the allowed; its text holds no credentials.
    """
    text = text.strip()
    if not text:
        raise SourceError(f'source is empty; allowed: {_allowed(schemes)}')
    if text == AUTO or _DEVICE.fullmatch(text):
        return Address(AddressKind.DEVICE, text)
    if text.isascii() and text.isdigit():
        return Address(AddressKind.DEVICE, f'/dev/video{int(text)}')
    match = _SCHEME.fullmatch(text)
    if match is None:
        return Address(AddressKind.PATH, text)
    scheme, rest = match[1].lower(), match[2]
    if scheme in STREAM_SCHEMES:
        if not re.match(r'//[^/?#]', rest):
            raise SourceError(f'source {redact(text)} has no host; write {scheme}://host/path')
        return Address(AddressKind.STREAM, text, scheme)
    if scheme in schemes:
        return Address(AddressKind.SCHEME, rest, scheme)
    raise SourceError(
        f'source {redact(text)} begins with the unknown scheme {scheme}: (a file of that name is '
        f'written ./{scheme}:...); allowed: {_allowed(schemes)}'
    )


def redact(address: str) -> str:
    """Return an address with its password, its query and what looks like a secret masked.

    Whatever stands before the last @ is taken for credentials, also where a
    password that was not percent-encoded breaks the rules of RFC 3986.
    """
    before, at, place = address.rpartition('@')
    credentials = ''
    if at:
        scheme, slashes, userinfo = before.rpartition('://') if before.count('://') == 1 else ('', '', '')
        user, colon, _ = userinfo.partition(':')
        credentials = f'{scheme}{slashes}{user if colon else ""}{colon}***@'
    place, query, _ = place.partition('?')
    return credentials + _SECRET_IN_PATH.sub(r'\1***', place) + ('?***' if query else '')


def _allowed(schemes: Collection[str]) -> str:
    return ', '.join([ALLOWED, *(f'{scheme}:NAME' for scheme in sorted(schemes))])
