import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.errors import UsageError
from provisioning.names import Place, check_names, read_names, slug

AWS_GROUP_NAME = re.compile(r'[a-zA-Z0-9:_-]{1,128}')
AWS_ATTRIBUTE = re.compile(r'[a-zA-Z0-9_.,@/:#=\[\]-]{1,800}')

texts = st.text(min_size=1, max_size=200).filter(lambda text: text == text.strip() and text.isprintable())
pieces = st.text(alphabet='ab -_.2', min_size=1, max_size=6).filter(lambda text: text == text.strip())


@given(texts, texts)
def test_every_place_has_names_that_aws_takes(facility: str, floor: str) -> None:
    place = Place(facility, floor)
    assert AWS_GROUP_NAME.fullmatch(place.facility_group)
    assert AWS_GROUP_NAME.fullmatch(place.floor_group)
    assert all(AWS_ATTRIBUTE.fullmatch(value) for value in place.attributes.values())


@given(pieces, pieces, pieces, pieces)
def test_different_places_have_different_groups(a: str, b: str, c: str, d: str) -> None:
    one, other = Place(a, b), Place(c, d)
    assert (one.floor_group == other.floor_group) == (one == other)
    assert (one.facility_group == other.facility_group) == (a == c)
    assert one.facility_group != other.floor_group


@given(st.text(max_size=300))
def test_a_name_is_taken_as_it_is_or_refused(name: str) -> None:
    if re.fullmatch(r'[a-zA-Z0-9:_-]{1,128}', name):
        assert check_names([name, name]) == (name,)
        # It becomes a folder: it must not lead anywhere else.
        assert Path('certs', name).name == name
    else:
        with pytest.raises(UsageError, match='use 1 to 128 characters'):
            check_names([name])


@given(st.lists(st.from_regex(r'[a-zA-Z0-9:_-]{1,20}', fullmatch=True), min_size=1))
def test_names_keep_their_order_and_come_once(names: list[str]) -> None:
    assert list(check_names(names)) == list(dict.fromkeys(names))


@given(texts)
def test_a_slug_of_a_slug_is_itself(text: str) -> None:
    assert slug(slug(text)) == slug(text)


@pytest.mark.parametrize('text', [' a', 'a ', 'a\nb', 'a\0', 'x' * 201])
def test_a_place_that_is_no_line_of_text_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match='--facility'):
        Place(text)


def test_a_floor_needs_a_facility() -> None:
    with pytest.raises(UsageError, match='needs a facility'):
        Place('', '2')


def test_a_file_of_names_may_have_comments(tmp_path: Path) -> None:
    file = tmp_path / 'names.txt'
    file.write_text('# north\na\n\n  b  # by the lift\n')
    assert read_names(file) == ('a', 'b')


@pytest.mark.parametrize('content', [b'\xff\xfe\x00', None])
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / 'names.txt'
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UsageError, match='cannot be read'):
        read_names(file)
