"""The notifier's node: the picture and the count to the chat, and never too often."""

from diagnostic_msgs.msg import DiagnosticStatus
from parking_msgs.msg import CarCount
from sensor_msgs.msg import CompressedImage

from parking_monitor.nodes import convert, convert_images, qos
from parking_monitor.values import Count, CountState
from tests.support.pictures import squares_jpeg
from tests.support.ros_graph import RosGraph, is_about, values_of
from tests.unit.cloud.bot_api import BotApi

TOKEN = '123456:test-token_that_nobody_has'


def a_count(cars: int) -> CarCount:
    count = Count(stamp_ns=1, state=CountState.OK, cars=cars)
    return convert.to_count_message(count, convert.to_header(1, 'lane'), 'lane')


def start_notifier(ros: RosGraph, api: BotApi) -> None:
    parameters = {
        'cameras': ['lane'],
        'chat_id': api.chat_id,
        'min_interval_s': 3600.0,
        'base_url': api.base_url,
    }
    ros.start('telegram_notifier', parameters, TG_TOKEN=TOKEN)


def test_a_new_count_goes_out_with_its_picture_and_the_next_one_waits() -> None:
    with BotApi(TOKEN) as api, RosGraph() as ros:
        diagnostics = ros.diagnostics()
        start_notifier(ros, api)
        counts = ros.publisher(CarCount, 'lane/car_count', qos.CAR_COUNT)
        counts.publish(a_count(2))
        pictures = ros.publisher(CompressedImage, 'lane/annotated/compressed', qos.COMPRESSED_IMAGE)
        picture = squares_jpeg(2)
        pictures.publish(convert_images.to_compressed_image(picture, convert.to_header(1, 'lane')))
        diagnostics.wait_for(lambda status: values_of(status).get('sent') == '1')
        counts.publish(a_count(3))
        # Two looks later nothing was sent: the interval is an hour.
        for _ in range(2):
            diagnostics.wait_for(is_about('telegram_notifier'))
        assert [(sent.method, sent.fields['caption']) for sent in api.requests] == [
            ('sendPhoto', 'lane: 2 cars')
        ]
        assert api.requests[0].photo == picture


def test_without_a_picture_the_count_goes_out_alone() -> None:
    with BotApi(TOKEN) as api, RosGraph() as ros:
        diagnostics = ros.diagnostics()
        start_notifier(ros, api)
        ros.publisher(CarCount, 'lane/car_count', qos.CAR_COUNT).publish(a_count(1))
        diagnostics.wait_for(lambda status: values_of(status).get('sent') == '1')
        assert [(sent.method, sent.fields['text']) for sent in api.requests] == [
            ('sendMessage', 'lane: 1 car')
        ]


def test_a_refusal_is_told_on_diagnostics_without_the_token() -> None:
    with BotApi('999:another-token') as api, RosGraph() as ros:
        diagnostics = ros.diagnostics()
        start_notifier(ros, api)
        ros.publisher(CarCount, 'lane/car_count', qos.CAR_COUNT).publish(a_count(1))
        status = diagnostics.wait_for(is_about('telegram_notifier', DiagnosticStatus.WARN, 'Unauthorized'))
    assert TOKEN not in str(status)


def test_without_a_token_the_node_ends_and_says_which_variable_is_missing() -> None:
    with RosGraph() as ros:
        assert (
            ros.start('telegram_notifier', {'cameras': ['lane'], 'chat_id': '5'}, TG_TOKEN='').wait(10) == 2
        )
