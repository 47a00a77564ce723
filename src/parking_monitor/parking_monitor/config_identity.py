"""Take from a device's own identity what fleet.yaml and the environment leave open.

The folder that `cloud.identity` names is written at the first boot, see
`provisioning/first_boot`; until then the bridge waits for it, and the rest runs.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from parking_monitor.cloud.errors import NoIdentityError
from parking_monitor.cloud.own_identity import (
    CERTIFICATE,
    PRIVATE_KEY,
    ROOT_CA,
    OwnIdentity,
    read_identity,
)
from parking_monitor.yaml_source import FieldPath

_FILES = {'certificate': CERTIFICATE, 'private_key': PRIVATE_KEY, 'ca': ROOT_CA}


class Identified(NamedTuple):
    """Hold the values of a configuration together with what an identity says.

    Attributes:
        values: for the configuration's validation.
        given: the fields whose values the identity gave.
        is_thing_open: whether nothing says yet which thing the device is.
    """

    values: dict[str, object]
    given: frozenset[FieldPath] = frozenset()
    is_thing_open: bool = False


def identify(values: Mapping[str, object], folder: Path) -> Identified:
    """Fill in what an identity says of a device, where nothing else says it.

    What is wrong with a section is left to its validation.

    Args:
        values: of fleet.yaml, with the environment's over them.
        folder: what a relative path in them is relative to.
    """
    cloud, device = values.get('cloud'), values.get('device')
    if not isinstance(cloud, dict) or not isinstance(device, dict):
        return Identified(dict(values))
    if not isinstance(cloud.get('identity'), str):
        return Identified(dict(values))
    kept_in = folder / Path(cloud['identity']).expanduser()
    known = _read(kept_in)
    files: dict[str, object] = {field: str(kept_in / name) for field, name in _FILES.items()}
    if known is None:
        filled = {**values, 'cloud': {'endpoint': None, **files, **cloud}}
    else:
        own = {'endpoint': known.endpoint, 'port': known.port, 'topic': known.topic}
        filled = {
            **({'facility': known.facility} if known.facility else {}),
            **values,
            'device': {'thing': known.thing, **device},
            'cloud': {**files, **own, **cloud},
            'cameras': _with_floor(values.get('cameras'), known.floor),
        }
    given = frozenset(path for path in _fields(filled) if path not in set(_fields(values)))
    return Identified(filled, given, is_thing_open=known is None and 'thing' not in device)


def _read(folder: Path) -> OwnIdentity | None:
    try:
        return read_identity(folder)
    except NoIdentityError:
        # A device without an identity counts all the same; the bridge says what it waits for.
        return None


def _with_floor(cameras: object, floor: str) -> object:
    if not floor or not isinstance(cameras, list):
        return cameras
    return [{'floor': floor, **camera} if isinstance(camera, dict) else camera for camera in cameras]


def _fields(values: Mapping[str, object]) -> list[FieldPath]:
    """Return the paths of all that an identity may give and that is there."""
    found: list[FieldPath] = [('facility',)] if 'facility' in values else []
    for section in ('device', 'cloud'):
        content = values.get(section)
        found += [(section, field) for field in content] if isinstance(content, dict) else []
    cameras = values.get('cameras')
    for index, camera in enumerate(cameras if isinstance(cameras, list) else []):
        found += [('cameras', index, 'floor')] if isinstance(camera, dict) and 'floor' in camera else []
    return found
