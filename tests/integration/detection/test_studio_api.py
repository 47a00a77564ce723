"""What Studio says, and what becomes of it when it does not say it."""

import logging
import socket
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from parking_monitor.detection.studio.api import Project, StudioApi, target_of
from parking_monitor.detection.studio.errors import (
    NoBuildError,
    StudioBusyError,
    StudioError,
    StudioKeyError,
    StudioRefusedError,
    StudioUnreachableError,
)
from tests.integration.detection.studio import HERE, api_of
from tests.support.studio_api import AARCH64, KEY, X86, FakeStudio

LOT = Project(7, 'lot')


@pytest.fixture
def studio() -> Iterator[FakeStudio]:
    with FakeStudio() as studio:
        yield studio


def test_projects_builds_and_versions_are_found(studio: FakeStudio) -> None:
    studio.projects = {7: 'lot', 9: 'Other lot'}
    for version in range(1, 131):
        studio.build(b'', version, X86 if version % 2 else AARCH64)
    with api_of(studio) as api:
        assert api.projects() == (LOT, Project(9, 'Other lot'))
        newest = 129 if HERE.type == X86 else 130
        assert api.newest(LOT, HERE) == newest
        assert api.versions(LOT, HERE) == tuple(range(newest, 0, -2))


def test_a_project_without_a_build_for_this_processor_says_what_to_build(studio: FakeStudio) -> None:
    studio.build(b'', 1, 'arduino')
    with (
        api_of(studio) as api,
        pytest.raises(NoBuildError, match=r"lot \(7\) .* build 'Linux \(.*' under Depl"),
    ):
        api.newest(LOT, HERE)


def test_a_wrong_key_is_told_without_repeating_it(studio: FakeStudio) -> None:
    wrong = 'ei_wrong0123456789'
    with api_of(studio, wrong) as api, pytest.raises(StudioKeyError) as caught:
        api.projects()
    assert str(caught.value) == (
        'Edge Impulse Studio does not take the key (401: Invalid API key ***); make one under '
        'Dashboard > Keys of the project, and set EI_API_KEY_IMAGE to it'
    )


@pytest.mark.parametrize(
    ('answer', 'kind', 'expected'),
    [
        ((200, {}, {'success': False, 'error': 'No such thing'}), StudioRefusedError, '200: No such thing'),
        ((200, {}, {'success': False, 'error': f'Bad {KEY}\n'}), StudioRefusedError, r'200: Bad \*\*\* $'),
        ((200, {}, {'success': False, 'error': 'ei_ffffffffff'}), StudioRefusedError, r'200: ei_\*\*\*$'),
        ((200, {}, {'success': False, 'error': 'Invalid API key'}), StudioKeyError, 'Dashboard > Keys'),
        ((403, {}, b''), StudioKeyError, 'Dashboard > Keys'),
        ((404, {}, {}), StudioRefusedError, '404'),
        ((429, {'Retry-After': '90'}, {}), StudioBusyError, 'for 90 s'),
        ((429, {'Retry-After': 'tomorrow'}, {}), StudioBusyError, 'for a while'),
        ((500, {}, b'<html>'), StudioUnreachableError, '500'),
        ((200, {}, b'<html>log in here</html>'), StudioUnreachableError, 'log-in page'),
        ((200, {}, ['success']), StudioUnreachableError, 'log-in page'),
        ((200, {}, {'success': True, 'projects': 5}), StudioRefusedError, 'without projects'),
        ((200, {}, b' ' * 5_000_000), StudioUnreachableError, 'too long an answer'),
        ((302, {'Location': 'ftp://elsewhere/'}, b''), StudioUnreachableError, 'not reached'),
    ],
)
def test_what_studio_refuses_is_told(
    studio: FakeStudio, answer: tuple[int, dict[str, str], object], kind: type[StudioError], expected: str
) -> None:
    studio.answers.append(answer)
    with api_of(studio) as api, pytest.raises(kind, match=expected) as caught:
        api.projects()
    assert KEY not in str(caught.value)
    assert caught.value.__context__ is None  # which could hold the request, and so the key


def test_a_project_with_strange_fields_is_left_out(studio: FakeStudio) -> None:
    entries = [None, {}, {'id': 'x', 'name': 'y'}, {'id': True, 'name': 'y'}, {'id': 7, 'name': 'lot'}]
    studio.answers.append((200, {}, {'success': True, 'projects': entries}))
    with api_of(studio) as api:
        assert api.projects() == (LOT,)


def test_nobody_there_is_told_as_no_network() -> None:
    with socket.create_server(('127.0.0.1', 0)) as server:
        port = server.getsockname()[1]
    api = StudioApi(SecretStr(KEY), base_url=f'http://127.0.0.1:{port}/v1')
    with api, pytest.raises(StudioUnreachableError, match='check the network') as caught:
        api.projects()
    assert caught.value.__context__ is None


def test_the_key_goes_to_studio_as_a_header_and_nowhere_else(
    studio: FakeStudio, caplog: pytest.LogCaptureFixture
) -> None:
    studio.build(b'content')
    with FakeStudio() as elsewhere, caplog.at_level(logging.DEBUG):
        elsewhere.answers.append((200, {}, b'content'))
        studio.redirect_to = f'{elsewhere.url}/file'
        with api_of(studio) as api:
            assert KEY not in repr(api)
            with api.open_newest(LOT, HERE) if HERE.type == X86 else api.open_version(LOT, 1) as opened:
                assert b''.join(opened.chunks()) == b'content'
        (request,) = elsewhere.requests
        assert 'x-api-key' not in request.headers
    (request,) = studio.requests
    assert request.headers['x-api-key'] == KEY
    assert KEY not in request.path + str(request.query)
    assert KEY not in caplog.text


@pytest.mark.parametrize('key', ['', 'short', 'ei_with space and more', 'ei_\n0123456789', 'x' * 2000])
def test_what_cannot_be_a_key_is_refused_without_repeating_it(key: str) -> None:
    with pytest.raises(ValueError, match='EI_API_KEY_IMAGE is not a key') as caught:
        StudioApi(SecretStr(key))
    assert not key or key not in str(caught.value)


def test_a_processor_that_studio_builds_nothing_for_is_told() -> None:
    with pytest.raises(NoBuildError, match=r'this processor \(sparc\); it does for aarch64, armv7l, x86_64'):
        target_of('sparc')
