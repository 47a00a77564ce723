import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parking_monitor.camera.address import Address, AddressKind, parse_source, redact
from parking_monitor.camera.errors import SourceError

SECRET = 'S3CR3T'


@pytest.mark.parametrize(
    ('text', 'address'),
    [
        ('auto', Address(AddressKind.DEVICE, 'auto')),
        (' 2 ', Address(AddressKind.DEVICE, '/dev/video2')),
        ('/dev/video10', Address(AddressKind.DEVICE, '/dev/video10')),
        ('/dev/v4l/by-id/usb-X-index0', Address(AddressKind.DEVICE, '/dev/v4l/by-id/usb-X-index0')),
        ('clip.mp4', Address(AddressKind.PATH, 'clip.mp4')),
        ('/data/lot/', Address(AddressKind.PATH, '/data/lot/')),
        ('./12:30.mp4', Address(AddressKind.PATH, './12:30.mp4')),
        ('/dev/shm/clip.mp4', Address(AddressKind.PATH, '/dev/shm/clip.mp4')),
        ('/dev/lane_camera', Address(AddressKind.DEVICE, '/dev/lane_camera')),
        ('auto.mp4', Address(AddressKind.PATH, 'auto.mp4')),
        ('rtsp://cam/1', Address(AddressKind.STREAM, 'rtsp://cam/1', 'rtsp')),
        ('HTTP://cam:80', Address(AddressKind.STREAM, 'HTTP://cam:80', 'http')),
        ('sim:lot', Address(AddressKind.SCHEME, 'lot', 'sim')),
    ],
)
def test_a_source_is_told_by_its_form(text: str, address: Address) -> None:
    assert parse_source(text, schemes=('sim',)) == address


@pytest.mark.parametrize(
    'text', ['', '   ', 'sim:lot', 'ftp://host/x', 'rtsp:/host', 'rtsp://', 'http:///path']
)
def test_a_source_of_no_allowed_form_is_refused(text: str) -> None:
    with pytest.raises(SourceError, match=r'allowed|write'):
        parse_source(text)


def test_the_refusal_names_the_schemes_that_were_registered() -> None:
    with pytest.raises(SourceError, match='sim:NAME'):
        parse_source('film:x', schemes=('sim',))


@settings(max_examples=40)
@given(number=st.integers(0, 255))
def test_a_port_number_is_its_device(number: int) -> None:
    assert parse_source(str(number)) == parse_source(f'/dev/video{number}')


@pytest.mark.parametrize(
    ('address', 'shown'),
    [
        ('rtsp://user:S3CR3T@host:554/live', 'rtsp://user:***@host:554/live'),
        ('rtsp://S3CR3T@host/live', 'rtsp://***@host/live'),
        ('http://host/video?user=a&pwd=S3CR3T', 'http://host/video?***'),
        ('rtsp://host/user=a_password=S3CR3T_channel=1/x', 'rtsp://host/user=a_password=***/x'),
        ('rtsp://host:554/live', 'rtsp://host:554/live'),
        ('admin:S3CR3T@host', '***@host'),
    ],
)
def test_an_address_is_shown_without_its_secrets(address: str, shown: str) -> None:
    assert redact(address) == shown


# A password may hold anything, also what RFC 3986 wants percent-encoded.
passwords = st.tuples(st.text(max_size=8), st.text(max_size=8)).map(lambda ends: ends[0] + SECRET + ends[1])


@settings(max_examples=40)
@given(password=passwords, scheme=st.sampled_from(['rtsp://', 'http://', 'rtsp:/', 'foo:', '']))
def test_no_password_shows(password: str, scheme: str) -> None:
    assert SECRET not in redact(f'{scheme}user:{password}@host:554/live?channel=1')


@settings(max_examples=40)
@given(password=passwords, scheme=st.sampled_from(['rtsp:/', 'foo:', 'rtspx://', 'admin:']))
def test_no_refusal_shows_a_password(password: str, scheme: str) -> None:
    with pytest.raises(SourceError) as refusal:
        parse_source(f'{scheme}user:{password}@host/live')
    assert SECRET not in str(refusal.value)


@settings(max_examples=40)
@given(password=passwords)
def test_no_address_of_a_stream_shows_a_password(password: str) -> None:
    address = parse_source(f'rtsp://user:{password}@host/live')
    assert SECRET not in f'{address} {address!r}'
    assert SECRET in address.target
