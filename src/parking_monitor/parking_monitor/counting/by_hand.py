"""Check the totals that a person sets."""

from collections.abc import Mapping

TOTALS = ('entered', 'left', 'entered_today', 'left_today', 'net')
"""What can be set, by the words of `Counter.set_totals`."""

LARGEST = 99_999_999
"""The largest total; sums and differences of such numbers go into a message."""


def check_totals(wanted: Mapping[str, int]) -> None:
    """Check what a person wants to set, by the names of `TOTALS`.

    Raises:
        ValueError: when it is nothing, or a number is out of range.
    """
    if not wanted:
        raise ValueError(
            'nothing to set; name a total and say that it is meant, as in {set_entered: true, entered: 12}; '
            f'there are {", ".join(TOTALS)}'
        )
    for name, value in wanted.items():
        if not 0 <= value <= LARGEST:
            raise ValueError(f'{name} {value} is not allowed; give 0 to {LARGEST}')
