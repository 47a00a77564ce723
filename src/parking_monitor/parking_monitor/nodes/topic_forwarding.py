"""Subscribe to the ROS topics that an operator wants forwarded, as soon as somebody publishes them."""

import time
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from typing import Any

from rclpy.exceptions import NoTypeSupportImportedException
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message
from rclpy.subscription import Subscription

from parking_monitor.cloud.errors import CloudError, MessageTooLargeError
from parking_monitor.cloud.forwarded_message import FORWARDED_SCHEMA, ForwardedMessage
from parking_monitor.cloud.forwarding import ForwardedTopic, Forwarder
from parking_monitor.cloud.messages import MAX_MESSAGE_BYTES, utc_text
from parking_monitor.cloud.session import Session
from parking_monitor.cloud.topics import ros_topic
from parking_monitor.config_forward import Forward
from parking_monitor.nodes.message_fields import to_fields

FORWARD_DESCRIPTION = 'ROS topics to forward, each as JSON: topic, type, mqtt, rate_hz'

_LOOK_S = 1.0
# Nothing gets shorter in JSON than by four: an int64 of eight bytes can be a digit and a comma.
_MAX_RAW_BYTES = 4 * MAX_MESSAGE_BYTES


class _Source:
    """One topic to forward: what is known of it, and the subscription once there is one."""

    def __init__(self, forward: Forward, topic: str, target: str) -> None:
        self.forward = forward
        self.topic = topic
        self.target = target
        self.problem = ''
        self.type_name = ''
        self.reliability: ReliabilityPolicy | None = None
        self.durability: DurabilityPolicy | None = None
        self.subscription: Subscription | None = None


class TopicForwarding:
    """Forward what some topics say, whatever their type.

    Args:
        node: that subscribes.
        session: the connection.
        thing: whose topics they go to.
        uuid: the device, in messages.
        texts: the topics, each a `config_forward.Forward` as JSON.

    Raises:
        ValueError: when one of them is not that.
    """

    def __init__(self, node: Node, session: Session, thing: str, uuid: str, texts: Sequence[str]) -> None:
        self._node = node
        self._uuid = uuid
        forwards = [Forward.model_validate_json(text) for text in texts]
        self._sources = [
            _Source(each, node.resolve_topic_name(each.topic), ros_topic(thing, each.name))
            for each in forwards
        ]
        self._forwarder = Forwarder(
            session,
            [
                ForwardedTopic(target=source.target, rate_hz=source.forward.rate_hz)
                for source in self._sources
            ],
        )
        self._told = ''
        if self._sources:
            self._forwarder.start()
            node.create_timer(_LOOK_S, self._look)

    @property
    def problem(self) -> str:
        """Return what keeps topics from being forwarded; empty when nothing does."""
        if self._forwarder.is_dead:
            return 'forwarding has died; see its traceback in the log, and restart this node'
        found = [(source.topic, self._problem_of(source)) for source in self._sources]
        return '; '.join(f'{topic}: {problem}' for topic, problem in found if problem)

    @property
    def values(self) -> dict[str, str]:
        """Return what became of each topic, for /diagnostics."""
        return {f'forward {source.topic}': self._told_of(source) for source in self._sources}

    def close(self) -> None:
        """End forwarding."""
        self._forwarder.stop()

    def _problem_of(self, source: _Source) -> str:
        return source.problem or self._forwarder.report(source.target).problem

    def _told_of(self, source: _Source) -> str:
        report = self._forwarder.report(source.target)
        told = f'{report.sent} of {report.received} sent to {source.target}'
        if source.subscription is None:
            told = source.problem or 'waiting for a publisher'
        return f'{told}; {report.problem}' if report.problem else told

    def _look(self) -> None:
        for source in self._sources:
            self._subscribe(source)
        if self.problem != self._told:
            self._told = self.problem
            if self._told:
                self._node.get_logger().warning(f'not forwarded: {self._told}')

    def _subscribe(self, source: _Source) -> None:
        """Subscribe as the topic's publishers offer it; anew when they have changed."""
        offers = self._node.get_publishers_info_by_topic(source.topic)
        wanted = source.forward.type
        types = sorted({offer.topic_type for offer in offers} if wanted is None else {wanted})
        if not offers:
            return
        if len(types) > 1:
            source.problem = f'is published as {" and as ".join(types)}; give its type'
            return
        if all(offer.topic_type != types[0] for offer in offers):
            source.problem = f'is published as {offers[0].topic_type}, not as {types[0]}'
            return
        profiles = [offer.qos_profile for offer in offers if offer.topic_type == types[0]]
        # What all of them can give: a demand that one cannot meet would cut it off.
        is_reliable = all(one.reliability == ReliabilityPolicy.RELIABLE for one in profiles)
        is_kept = all(one.durability == DurabilityPolicy.TRANSIENT_LOCAL for one in profiles)
        reliability = ReliabilityPolicy.RELIABLE if is_reliable else ReliabilityPolicy.BEST_EFFORT
        durability = DurabilityPolicy.TRANSIENT_LOCAL if is_kept else DurabilityPolicy.VOLATILE
        known = (source.type_name, source.reliability, source.durability)
        if source.subscription is not None and known == (types[0], reliability, durability):
            return
        self._subscribe_as(
            source, types[0], QoSProfile(depth=1, reliability=reliability, durability=durability)
        )

    def _subscribe_as(self, source: _Source, type_name: str, profile: QoSProfile) -> None:
        if source.subscription is not None:
            self._node.destroy_subscription(source.subscription)
            source.subscription = None
        package, _, name = type_name.partition('/msg/')
        try:
            message_type = getattr(import_module(f'{package}.msg'), name)
            source.subscription = self._node.create_subscription(
                message_type,
                source.topic,
                partial(self._on_message, source, type_name, message_type),
                profile,
                raw=True,
            )
        except (ImportError, AttributeError, NoTypeSupportImportedException):
            source.problem = f'its type {type_name} is not installed here; install the package {package}'
            return
        source.problem = ''
        source.type_name, source.reliability, source.durability = (
            type_name,
            profile.reliability,
            profile.durability,
        )

    def _on_message(self, source: _Source, type_name: str, message_type: Any, raw: bytes) -> None:
        # Not taken apart here: most are replaced by the next one before they are due.
        encode = partial(self._encode, source.topic, type_name, message_type, raw, time.time_ns())
        self._forwarder.offer(source.target, encode)

    def _encode(self, topic: str, type_name: str, message_type: Any, raw: bytes, stamp_ns: int) -> bytes:
        if len(raw) > _MAX_RAW_BYTES:
            raise MessageTooLargeError(
                f'a message has {len(raw)} bytes, over the limit of {MAX_MESSAGE_BYTES} as JSON too: not sent'
            )
        try:
            message = deserialize_message(raw, message_type)
        except RuntimeError as error:
            raise CloudError(f'a message is not of the type {type_name}: {error}') from error
        forwarded = ForwardedMessage(
            uuid=self._uuid,
            schema=FORWARDED_SCHEMA,
            topic=topic,
            type=type_name,
            received_at=utc_text(stamp_ns),
            message=to_fields(message),
        )
        return forwarded.payload()
