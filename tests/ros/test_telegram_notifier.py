"""The notifier's node: what the rules say goes to the chat with its picture, and who asks is answered."""

from collections.abc import Iterator

import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from parking_msgs.msg import CarCount
from sensor_msgs.msg import CompressedImage

from parking_monitor.nodes import convert, convert_images, qos
from parking_monitor.values import Count, CountState
from tests.support.bot_api import BotApi
from tests.support.patience import PATIENCE_S
from tests.support.pictures import squares_jpeg
from tests.support.ros_graph import NAMESPACE, RosGraph, is_about, values_of

TOKEN = '123456:test-token_that_nobody_has'
CHANGE = '{"when": "change", "min_interval_s": 3600, "cameras": ["lane"]}'
REACHED = [
    f'{{"when": "count_reached", "cars": {cars}, "for_s": 0, "cameras": ["gate"]}}' for cars in (5, 10)
]


@pytest.fixture(scope='module')
def ros() -> Iterator[RosGraph]:
    with RosGraph() as graph:
        yield graph


def publish_count(ros: RosGraph, camera: str, cars: int) -> None:
    count = Count(stamp_ns=1, state=CountState.OK, cars=cars)
    message = convert.to_count_message(count, convert.to_header(1, camera), camera)
    ros.publisher(CarCount, f'{camera}/car_count', qos.CAR_COUNT).publish(message)


def draw_pictures(ros: RosGraph, camera: str, picture: bytes) -> None:
    """Draw as the annotator does, many times a second; a picture that nobody waits for is lost."""
    topic = f'{NAMESPACE}/{camera}/annotated/compressed'
    publisher = ros.node.create_publisher(CompressedImage, topic, qos.COMPRESSED_IMAGE)
    message = convert_images.to_compressed_image(picture, convert.to_header(1, camera))
    ros.node.create_timer(0.05, lambda: publisher.publish(message))


def test_the_chat_is_told_what_the_rules_say_and_answered_when_it_asks(ros: RosGraph) -> None:
    with BotApi(TOKEN) as api:
        diagnostics = ros.diagnostics()
        lane_picture, gate_picture = squares_jpeg(2), squares_jpeg(3)
        draw_pictures(ros, 'lane', lane_picture)
        draw_pictures(ros, 'gate', gate_picture)
        parameters = {
            'cameras': ['lane', 'gate'],
            'facility': 'North',
            'chat_id': api.chat_id,
            'rules': [CHANGE, *REACHED],
            'min_spacing_s': 1.0,
            # The longest that the parameter allows.
            'picture_within_s': 60.0,
            'base_url': api.base_url,
        }
        notifier = ros.start('telegram_notifier', parameters, TG_TOKEN=TOKEN)

        # A change goes out with the picture that the annotator draws for it.
        publish_count(ros, 'lane', 2)
        first = api.wait_for_taken(1)[0]
        assert (first.method, first.text, first.photo) == ('sendPhoto', 'North, lane: 2 cars', lane_picture)

        # Switched off, nothing more does; who asks is told so, and strangers get nothing.
        assert ros.set_parameter('telegram_notifier', 'enabled', False).successful
        publish_count(ros, 'gate', 5)
        diagnostics.wait_for(lambda status: values_of(status).get('gate') == '5, OK')
        api.say('/status', chat_id='666')
        api.say('/status')
        lane, gate = api.wait_for_taken(3)[1:]
        assert lane.text.startswith('Notifications are switched off.\nNorth, lane: 2 cars\nOK since ')
        assert gate.text.startswith('North, gate: 5 cars\nOK since ')
        assert (lane.photo, gate.photo) == (lane_picture, gate_picture)
        status = diagnostics.wait_for(lambda status: values_of(status).get('sent') == '3')
        values = values_of(status)
        assert [values[name] for name in ('enabled', 'asked', 'foreign', 'refused')] == [
            'False',
            '1',
            '1',
            '0',
        ]

        # Switched on again, news go out.
        assert ros.set_parameter('telegram_notifier', 'enabled', True).successful
        publish_count(ros, 'gate', 12)
        last = api.wait_for_taken(4)[3]
        assert (last.text, last.photo) == ('10 or more. North, gate: 12 cars', gate_picture)
        assert len(api.requests) == 4
        assert ros.stop(notifier) == 0


def test_without_a_picture_the_text_is_sent_and_a_refusal_told_without_the_token(ros: RosGraph) -> None:
    with BotApi('999:another-token') as api:
        diagnostics = ros.diagnostics()
        parameters = {
            'cameras': ['yard'],
            'chat_id': api.chat_id,
            'picture_within_s': 0.1,
            'base_url': api.base_url,
        }
        ros.start('telegram_notifier', parameters, TG_TOKEN=TOKEN)
        publish_count(ros, 'yard', 1)
        status = diagnostics.wait_for(
            is_about('telegram_notifier', DiagnosticStatus.WARN, 'the last message was not sent: ')
        )
        assert 'Unauthorized; check TG_TOKEN' in status.message
        assert TOKEN not in str(status)
        assert [(sent.method, sent.text) for sent in api.requests if sent.text] == [
            ('sendMessage', 'yard: 1 car')
        ]


def test_what_cannot_work_ends_the_node_with_a_reason(ros: RosGraph) -> None:
    settings = {'cameras': ['lane'], 'chat_id': '5'}
    without_token = ros.start('telegram_notifier', settings, TG_TOKEN='')
    with_nonsense = ros.start(
        'telegram_notifier', {**settings, 'rules': ['{"when": "full_moon"}']}, TG_TOKEN=TOKEN
    )
    assert [process.wait(PATIENCE_S) for process in (without_token, with_nonsense)] == [2, 2]
