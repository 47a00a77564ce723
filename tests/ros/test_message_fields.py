"""Any ROS message becomes values that JSON has."""

import base64
import math

import pytest

pytest.importorskip('rclpy', reason='ROS 2 is not here')

from geometry_msgs.msg import PoseWithCovariance
from parking_msgs.msg import CarCount, GateTotals
from sensor_msgs.msg import Image, LaserScan, PointCloud2, PointField
from std_msgs.msg import Byte, ByteMultiArray, Int8MultiArray, String, UInt16MultiArray

from parking_monitor.nodes.message_fields import to_fields


def test_fields_have_their_names_and_nested_messages_theirs() -> None:
    count = CarCount(camera='lane', cars=3, gates=[GateTotals(name='Süd', entered=2)], set_by_hand=True)
    fields = to_fields(count)
    assert list(fields) == list(CarCount.get_fields_and_field_types())
    assert (fields['camera'], fields['cars'], fields['set_by_hand']) == ('lane', 3, True)
    assert fields['gates'] == [{'name': 'Süd', 'entered': 2, 'left': 0}]
    assert fields['header'] == {'stamp': {'sec': 0, 'nanosec': 0}, 'frame_id': ''}


@pytest.mark.parametrize(
    ('message', 'field', 'raw'),
    [
        (Image(data=b'\x00\xff'), 'data', b'\x00\xff'),
        (PointCloud2(fields=[PointField(name='x')], data=bytes(3)), 'data', bytes(3)),
        (ByteMultiArray(data=[b'\x01', b'\xfe']), 'data', b'\x01\xfe'),
        (ByteMultiArray(), 'data', b''),
        (Int8MultiArray(data=[-1, 1]), 'data', b'\xff\x01'),
    ],
)
def test_arrays_of_bytes_become_base64(message: object, field: str, raw: bytes) -> None:
    assert to_fields(message)[field] == base64.b64encode(raw).decode()


def test_other_arrays_become_lists_of_numbers() -> None:
    assert to_fields(LaserScan(ranges=[0.5, 2.0]))['ranges'] == [0.5, 2.0]
    assert to_fields(UInt16MultiArray(data=[1, 65535]))['data'] == [1, 65535]
    fixed = to_fields(PoseWithCovariance())['covariance']
    assert (type(fixed), fixed) == (list, [0.0] * 36)


def test_a_single_byte_is_a_number_and_what_json_lacks_is_left_to_its_writer() -> None:
    assert to_fields(Byte(data=b'\x07')) == {'data': 7}
    assert math.isnan(to_fields(LaserScan(ranges=[math.nan]))['ranges'][0])
    assert to_fields(String(data='x')) == {'data': 'x'}
