"""Connect as a thing, say so on standard output, and wait to be killed."""

import sys
import time
from pathlib import Path

from parking_monitor.cloud.connection_faults import ConnectionFault
from parking_monitor.cloud.mqtt_session import MqttSession
from parking_monitor.cloud.mqtt_settings import MqttSettings

LIFE_S = 60.0


class _Teller:
    def connected(self) -> None:
        print('connected', flush=True)

    def disconnected(self, reason: str) -> None:
        print(reason, flush=True)

    def connection_failed(self, fault: ConnectionFault) -> None:
        print(fault, flush=True)


def main(arguments: list[str]) -> None:
    endpoint, port, thing, certificate, private_key, ca = arguments
    settings = MqttSettings(
        endpoint=endpoint,
        port=int(port),
        thing=thing,
        certificate=Path(certificate),
        private_key=Path(private_key),
        ca=Path(ca),
    )
    session = MqttSession(settings, uuid=f'uuid-of-{thing}')
    session.add_listener(_Teller())
    session.start()
    time.sleep(LIFE_S)


if __name__ == '__main__':
    main(sys.argv[1:])
