"""Keep the settings that came from the cloud where a restart without a network finds them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from parking_monitor.cloud.errors import CloudError
from parking_monitor.cloud.shadow_document import Json
from parking_monitor.durable_file import write_durably

FORMAT = 'parking.cloud-settings/1'
FILE_NAME = 'cloud-settings.json'
_MAX_BYTES = 64 * 1024


class ShadowFileError(CloudError):
    """Say why the settings were not saved, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Hold what outlives a restart.

    Attributes:
        version: of the shadow's document that was looked at last.
        settings: those that were accepted, as the cloud wrote them.
        fallbacks: what to go back to when a setting that no node has taken yet is refused; null
            stands for what the configuration says.
    """

    version: int = 0
    settings: Mapping[str, Json] = field(default_factory=dict)
    fallbacks: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Loaded:
    """Hold what a file gave, and what was wrong with it; empty when nothing was."""

    kept: Kept
    problem: str = ''


def load(path: Path, thing: str) -> Loaded:
    """Return what was kept of a thing; nothing yet where there is no file, or none that can be used.

    A file that cannot be used stays where it is, until the next settings replace it.
    """
    try:
        with path.open('rb') as file:
            data = file.read(_MAX_BYTES + 1)
        return Loaded(_parse(data, thing))
    except FileNotFoundError:
        return Loaded(Kept())
    except OSError as error:
        reason = f'cannot be read: {error.strerror}'
    except ValueError as error:
        reason = str(error)
    return Loaded(
        Kept(), f'{path} {reason}; the settings of fleet.yaml hold until the cloud says its own again'
    )


def save(path: Path, thing: str, kept: Kept) -> None:
    """Put settings in the place of those before, safe from a power cut once this returns.

    Raises:
        ShadowFileError: when they cannot be written; those before are still there.
    """
    content = {
        'format': FORMAT,
        'thing': thing,
        'version': kept.version,
        'settings': dict(kept.settings),
        'fallbacks': dict(kept.fallbacks),
    }
    try:
        write_durably(path, json.dumps(content, indent=1))
    except OSError as error:
        raise ShadowFileError(
            f'{path} cannot be written: {error.strerror}; settings from the cloud hold until the next '
            'restart only: make room on the disk, or let it be written to'
        ) from error


def _parse(data: bytes, thing: str) -> Kept:
    """Return what a file holds; a ValueError says what is wrong with it."""
    if len(data) > _MAX_BYTES:
        raise ValueError(f'has more than {_MAX_BYTES} bytes')
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        raise ValueError('is damaged: not JSON') from None
    if not isinstance(content, dict) or content.get('format') != FORMAT:
        raise ValueError(f'is not of the format {FORMAT}')
    if content.get('thing') != thing:
        raise ValueError(f'is of thing {content.get("thing")!r:.80}, and not {thing!r}')
    version = content.get('version')
    return Kept(
        version=max(0, version) if isinstance(version, int) else 0,
        settings=_mapping(content, 'settings'),
        fallbacks=_mapping(content, 'fallbacks'),
    )


def _mapping(content: Mapping[str, Json], name: str) -> dict[str, Json]:
    value = content.get(name)
    if isinstance(value, dict):
        return value
    raise ValueError(f'is damaged: it has no {name}')
