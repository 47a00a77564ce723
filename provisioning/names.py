"""Check the names of things, and derive group names and attributes from facility and floor."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from parking_monitor.cloud.errors import InvalidNameError
from parking_monitor.cloud.topics import check_thing_name
from provisioning.errors import UsageError

THING_TYPE = 'parking-monitor'
GROUP_PREFIX = 'parking-'
MAX_TEXT_CHARACTERS = 200
# AWS IoT: 128 characters of a-z, A-Z, 0-9, colon, underscore and hyphen for a group's name.
_SLUG_CHARACTERS = 40
_HASH_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Place:
    """Hold where a device is.

    Attributes:
        facility: the car park, as in fleet.yaml; empty when it is not said.
        floor: the floor within it; needs a facility.

    Raises:
        UsageError: naming the option, the value and what is allowed.
    """

    facility: str = ''
    floor: str = ''

    def __post_init__(self) -> None:
        _check_text('--facility', self.facility)
        _check_text('--floor', self.floor)
        if self.floor and not self.facility:
            raise UsageError(
                f'--floor {self.floor!r} needs a facility; name the car park too: --facility NAME'
            )

    @property
    def facility_group(self) -> str:
        """Return the name of the facility's thing group."""
        return f'{GROUP_PREFIX}{slug(self.facility)}'

    @property
    def floor_group(self) -> str:
        """Return the name of the floor's thing group; group names are unique in an account."""
        return f'{self.facility_group}--{slug(self.floor)}'

    @property
    def group(self) -> str:
        """Return the name of the group that the thing belongs to; empty without a facility."""
        if not self.facility:
            return ''
        return self.floor_group if self.floor else self.facility_group

    @property
    def attributes(self) -> dict[str, str]:
        """Return the attributes of the thing; AWS allows no spaces in them."""
        texts = {'facility': self.facility, 'floor': self.floor}
        return {name: slug(text) for name, text in texts.items() if text}


def slug(text: str) -> str:
    """Return a text in the characters that AWS allows everywhere; different texts stay different.

    A text that has to be changed gets eight digits of its hash, so that 'North 1' and 'North-1'
    do not become one.
    """
    plain = re.sub(r'[^A-Za-z0-9_]+', '-', text).strip('-')[:_SLUG_CHARACTERS].strip('-')
    # A double hyphen separates facility and floor, so it must not come from within either.
    if plain == text:
        return plain
    digits = hashlib.sha256(text.encode()).hexdigest()[:_HASH_DIGITS]
    return f'{plain or "x"}-{digits}'


def check_names(names: Iterable[str]) -> tuple[str, ...]:
    """Return the thing names, each once, in their order.

    Raises:
        UsageError: when there is none, or one is not allowed.
    """
    checked: dict[str, None] = {}
    for name in names:
        try:
            checked[check_thing_name(name, 'NAME')] = None
        except InvalidNameError as error:
            raise UsageError(str(error)) from None
    if not checked:
        raise UsageError('name at least one device, or a file of names: --file names.txt')
    return tuple(checked)


def read_names(path: Path) -> tuple[str, ...]:
    """Read a file of thing names, one a line; '#' begins a comment.

    Raises:
        UsageError: when it cannot be read as text.
    """
    try:
        text = path.read_text(encoding='utf-8')
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else 'it is not UTF-8 text'
        raise UsageError(f'--file {path}: cannot be read: {reason}; give one name a line') from None
    lines = (line.partition('#')[0].strip() for line in text.splitlines())
    return tuple(line for line in lines if line)


def _check_text(option: str, value: str) -> None:
    if len(value) > MAX_TEXT_CHARACTERS or value != value.strip() or not (value.isprintable()):
        raise UsageError(
            f'{option} {value!r} is not allowed; give up to {MAX_TEXT_CHARACTERS} printable characters, '
            "without spaces at the ends, for example 'car park' or '2'"
        )
