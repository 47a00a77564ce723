"""Name the time zone of a machine, and find a zone by its name."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

UTC = 'UTC'
_LOCALTIME = Path('/etc/localtime')
_TIMEZONE = Path('/etc/timezone')


def to_time_zone(name: str) -> dt.tzinfo:
    """Return the time zone of an IANA name, such as Europe/Berlin.

    Raises:
        ValueError: when there is none of that name, or this machine knows no time zones.
    """
    if name == UTC:
        return dt.UTC  # known without the machine's data
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # Reading all names takes long, and an OSError stands for a folder such as Europe.
        raise ValueError(
            f'{name!r} is not a time zone of this machine; give an IANA name such as Europe/Berlin or UTC '
            '(if no name but UTC is known, install tzdata)'
        ) from None


def machine_time_zone(
    environment: Mapping[str, str], localtime: Path = _LOCALTIME, timezone: Path = _TIMEZONE
) -> str:
    """Return the IANA name of this machine's time zone: of TZ, /etc/localtime or /etc/timezone, else UTC."""
    for name in (environment.get('TZ', '').lstrip(':'), _target(localtime), _first_line(timezone)):
        try:
            to_time_zone(name)
        except ValueError:
            continue
        return name
    return UTC


def _target(link: Path) -> str:
    """Return what follows `zoneinfo/` in the target of a link, as /etc/localtime is one."""
    try:
        target = str(link.readlink())
    except OSError:
        return ''
    return target.rpartition('zoneinfo/')[2] if 'zoneinfo/' in target else ''


def _first_line(path: Path) -> str:
    try:
        return path.read_text(encoding='ascii').strip().partition('\n')[0]
    except (OSError, UnicodeDecodeError):
        return ''
