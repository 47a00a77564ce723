"""Write what a device reports to its shadow, so that it always fits in."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from parking_monitor.cloud.shadow_document import Json, encode_json
from parking_monitor.cloud.shadow_settings import Value

Report = dict[str, Json]

MAX_REPORT_BYTES = 4096
"""Half of a shadow: the other half is for what is desired."""
_MAX_NAME_CHARACTERS = 60
_MAX_REASON_CHARACTERS = 250
_MANY_REFUSED = 16
_FEW_REFUSED = 4
_MORE = '...'


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Hold how the nodes stand with one setting.

    Attributes:
        by_camera: the value of each camera as its nodes tell it, as far as they do; one of the
            device as a whole is by the empty name.
        pending: what is waited for; empty when nothing is.
        refused: why a node does not take what is wanted; empty when none refuses.
    """

    by_camera: Mapping[str, Value] = field(default_factory=dict)
    pending: str = ''
    refused: str = ''


def fitted(
    values: Mapping[str, Json],
    always: Mapping[str, Json],
    pending: Mapping[str, str],
    refused: Mapping[str, str],
) -> Report:
    """Return a report of at most `MAX_REPORT_BYTES`; what is too much is said in short.

    Args:
        values: of the settings; short where all is too much.
        always: small, and never cut.
        pending: what is waited for, by setting.
        refused: reasons, by setting; only the first ones where all is too much.
    """
    whole = {**values, **always}
    full = _report(whole, pending, _first(refused, _MANY_REFUSED))
    if _fits(full):
        return full
    fewer = _report(whole, pending, _first(refused, _FEW_REFUSED))
    if _fits(fewer):
        return fewer
    short = {name: _MORE if isinstance(value, dict) else value for name, value in values.items()}
    return _report({**short, **always}, pending, _first(refused, _FEW_REFUSED))


def _report(values: Mapping[str, Json], pending: Mapping[str, str], refused: Mapping[str, str]) -> Report:
    report: Report = dict(values)
    for name, reasons in (('pending', pending), ('refused', refused)):
        if reasons:
            report[name] = {
                plain(key, _MAX_NAME_CHARACTERS): plain(reason, _MAX_REASON_CHARACTERS)
                for key, reason in reasons.items()
            }
    return report


def _fits(report: Report) -> bool:
    return len(encode_json(report)) <= MAX_REPORT_BYTES


def _first(refused: Mapping[str, str], most: int) -> dict[str, str]:
    names = list(refused)
    kept = {name: refused[name] for name in names[:most]}
    return {**kept, _MORE: f'and {len(names) - most} more'} if len(names) > most else kept


def plain(text: str, most: int) -> str:
    """Return a text that can be shown and sent: printable, and not longer than so many characters."""
    line = ''.join(character if character.isprintable() else '?' for character in text[: most + 1])
    return line if len(line) <= most else f'{line[: most - 3]}...'
