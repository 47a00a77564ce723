"""Tell Prometheus how the fleet and the ingest are."""

from collections import Counter
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from parking_fleet.live.fleet import now_ms
from parking_fleet.service import Service

_COUNTERS = {
    'received': 'Messages taken in from the broker.',
    'stored': 'Messages stored, each once.',
    'duplicates': 'Messages that were stored already.',
    'rejected': 'Messages that are none, and went to the quarantine.',
    'batches': 'Transactions written.',
    'failures': 'Attempts at writing that failed.',
    'connections': 'Connections made to the broker.',
}


class FleetCollector(Collector):
    """Look at the service when Prometheus asks."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def collect(self) -> Iterator[Metric]:
        """Return the metrics of this moment."""
        state = self._service.worker.state
        counters = {str(name): number for name, number in state.counters.items()}
        for name, text in _COUNTERS.items():
            yield CounterMetricFamily(f'parking_fleet_{name}', text, value=counters.get(name, 0))
        yield GaugeMetricFamily('parking_fleet_waiting', 'Messages not yet stored.', value=state.waiting)
        yield GaugeMetricFamily(
            'parking_fleet_connected',
            '1 while there is a connection to the broker.',
            value=int(state.connected),
        )
        devices = GaugeMetricFamily('parking_fleet_devices', 'Devices by how they are.', labels=['standing'])
        standings = [health.standing for health in self._service.fleet.devices()]
        for standing in ('up', 'silent', 'offline', 'new'):
            devices.add_metric([standing], standings.count(standing))
        yield devices
        yield from self._facilities()
        yield from self._alerts()

    def _facilities(self) -> Iterator[Metric]:
        places = GaugeMetricFamily(
            'parking_fleet_places', 'Places by what is known of them.', labels=['facility', 'state']
        )
        cars = GaugeMetricFamily(
            'parking_fleet_cars', 'Cars in the pictures of the cameras that see.', labels=['facility']
        )
        for view in self._service.fleet.facilities():
            for state in ('free', 'occupied', 'unknown'):
                places.add_metric([view.id, state], getattr(view.places, state))
            cars.add_metric([view.id], view.cars)
        yield places
        yield cars

    def _alerts(self) -> Iterator[Metric]:
        engine = self._service.alerts
        moment_ms = now_ms()
        alerts = GaugeMetricFamily(
            'parking_fleet_alerts', 'Alerts that have not ended.', labels=['rule', 'status']
        )
        numbers = Counter((alert.rule, alert.status(moment_ms)) for alert in engine.open_alerts())
        for rule in self._service.settings.alerts.rules:
            for status in ('open', 'acknowledged', 'snoozed'):
                alerts.add_metric([rule, status], numbers[rule, status])
        yield alerts
        waiting = engine.book.waiting_by_channel()
        left = GaugeMetricFamily(
            'parking_fleet_alerts_waiting', 'Messages that wait for a channel.', labels=['channel']
        )
        failing = GaugeMetricFamily(
            'parking_fleet_alerts_failing', '1 while a channel fails.', labels=['channel']
        )
        told = CounterMetricFamily(
            'parking_fleet_alerts_messages', 'Messages by what came of them.', labels=['channel', 'result']
        )
        for channel in engine.channels():
            left.add_metric([channel.name], waiting.get(channel.name, 0))
            failing.add_metric([channel.name], int(bool(channel.trouble)))
            for result in ('sent', 'failed', 'given_up'):
                told.add_metric([channel.name, result], getattr(channel, result))
        yield from (left, failing, told)


def metrics_text(service: Service) -> bytes:
    """Return the metrics in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(FleetCollector(service))
    return generate_latest(registry)
