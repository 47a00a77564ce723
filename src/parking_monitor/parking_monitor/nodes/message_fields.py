"""Turn any ROS message into values that JSON has."""

import base64
import re
from collections.abc import Mapping
from typing import Any

# One byte each: as numbers in a list they would take four times the room, and long to write.
_BYTES = re.compile(r'(sequence<)?(octet|uint8|int8)(>|, \d+>|\[\d+\])')


def to_fields(message: Any) -> dict[str, Any]:
    """Return the fields of a message, nested ones too, by their names.

    Arrays of bytes become base64, other arrays lists, a single byte a number. NaN and infinity stay:
    how JSON says them is up to who writes it.

    Args:
        message: of any type.
    """
    kinds: Mapping[str, str] = message.get_fields_and_field_types()
    return {name: _value(getattr(message, name), kind) for name, kind in kinds.items()}


def _value(value: Any, kind: str) -> Any:
    if _BYTES.fullmatch(kind):
        return base64.b64encode(_raw(value)).decode('ascii')
    if isinstance(value, bytes):
        return value[0]
    if hasattr(value, 'get_fields_and_field_types'):
        return to_fields(value)
    # Arrays of numbers come as array.array, or as numpy.ndarray where their length is fixed.
    if hasattr(value, 'tolist'):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [_value(item, '') for item in value]
    return value


def _raw(value: Any) -> bytes:
    raw: bytes = b''.join(value) if isinstance(value, list) else value.tobytes()
    return raw
