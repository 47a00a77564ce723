"""Wait for the identity that a device gets at its first boot."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from rclpy.node import Node

from parking_monitor.cloud.errors import NoIdentityError
from parking_monitor.cloud.mqtt_settings import MqttSettings
from parking_monitor.cloud.own_identity import DEFAULT_FACILITY, DEFAULT_FLOOR, OwnIdentity, read_identity
from parking_monitor.cloud.topics import DEFAULT_SHARED_TOPIC
from parking_monitor.nodes.parameters import declare

_LOOK_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WhoAndWhere:
    """Hold who a device is and where it connects; empty (port: 0) is what its identity is to say."""

    thing: str
    endpoint: str
    port: int
    topic: str
    facility: str
    floors: tuple[str, ...]
    certificate: Path
    private_key: Path
    ca: Path

    @property
    def is_known(self) -> bool:
        """Return whether this suffices to connect."""
        return bool(self.thing and self.endpoint and self.port)

    def mqtt_settings(self) -> MqttSettings:
        """Return it as a session needs it.

        Raises:
            InvalidNameError: naming the field, the value and what is allowed.
        """
        return MqttSettings(
            endpoint=self.endpoint,
            port=self.port,
            thing=self.thing,
            certificate=self.certificate,
            private_key=self.private_key,
            ca=self.ca,
        )

    def completed(self, known: OwnIdentity) -> 'WhoAndWhere':
        """Return it with what is empty from an identity."""
        floor = known.floor or DEFAULT_FLOOR
        return replace(
            self,
            thing=self.thing or known.thing,
            endpoint=self.endpoint or known.endpoint,
            port=self.port or known.port,
            topic=self.topic or known.topic,
            facility=self.facility or known.facility or DEFAULT_FACILITY,
            floors=tuple(given or floor for given in self.floors),
        )


def declare_who_and_where(node: Node) -> WhoAndWhere:
    """Declare the parameters and return what they say."""
    return WhoAndWhere(
        thing=declare(node, 'thing', '', 'AWS thing name; MQTT client id and topic prefix'),
        endpoint=declare(node, 'endpoint', '', 'Host name of the broker'),
        port=declare(node, 'port', 8883, 'Port of the broker; 0: as the identity says', limits=(0, 65535)),
        topic=declare(node, 'topic', DEFAULT_SHARED_TOPIC, 'Topic that every device publishes its counts to'),
        facility=declare(node, 'facility', '', 'Where the device is, in messages'),
        floors=tuple(declare(node, 'floors', [], 'Floor of each camera, in the order of the cameras')),
        certificate=Path(declare(node, 'certificate', '', "PEM file of the device's certificate")),
        private_key=Path(declare(node, 'private_key', '', 'PEM file of its private key')),
        ca=Path(declare(node, 'ca', '', "PEM file of who signed the broker's certificate")),
    )


class IdentityWait:
    """Begin once the device knows which thing it is; at once where the parameters say it.

    Args:
        node: whose parameters they are; gets one more, `identity`.
        given: what the parameters say.
        begin: is called with all that is needed, once.
    """

    def __init__(self, node: Node, given: WhoAndWhere, begin: Callable[[WhoAndWhere], None]) -> None:
        self._node = node
        self._given = given
        self._begin = begin
        self._problem = ''
        folder = declare(
            node,
            'identity',
            '',
            "Folder of the device's own identity, which says what is empty; may come late",
        )
        self._folder = Path(folder)
        if given.is_known or not folder:
            begin(given)
            return
        self._timer = node.create_timer(_LOOK_S, self._look)
        self._look()

    @property
    def problem(self) -> str:
        """Return what is waited for and what to do; empty when the wait is over."""
        return self._problem

    def _look(self) -> None:
        try:
            known = read_identity(self._folder)
        except NoIdentityError as error:
            if str(error) != self._problem:
                self._node.get_logger().warning(f'waiting for the identity: {error}')
            self._problem = str(error)
            return
        self._timer.cancel()
        self._problem = ''
        self._node.get_logger().info(f'this device is {known.thing}')
        self._begin(self._given.completed(known))
