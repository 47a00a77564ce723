"""What a person sets is taken, or refused with what is allowed."""

import pytest

from parking_monitor.counting.by_hand import LARGEST, TOTALS, check_totals


@pytest.mark.parametrize('name', TOTALS)
def test_each_total_may_be_none_or_very_many(name: str) -> None:
    check_totals({name: 0})
    check_totals({name: LARGEST})


@pytest.mark.parametrize('name', TOTALS)
@pytest.mark.parametrize('value', [-1, LARGEST + 1])
def test_a_total_out_of_range_is_refused_by_its_name(name: str, value: int) -> None:
    with pytest.raises(ValueError, match=f'{name} {value} is not allowed; give 0 to 99999999'):
        check_totals({name: value})


def test_setting_nothing_is_refused_with_an_example() -> None:
    with pytest.raises(ValueError, match='set_entered: true, entered: 12'):
        check_totals({})
