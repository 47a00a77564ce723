"""Decide which settings of the cloud hold on this device, and what it is told back.

Pure: documents and the answers of nodes in, wanted settings and a report out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from parking_monitor.cloud.shadow_document import Json
from parking_monitor.cloud.shadow_file import Kept
from parking_monitor.cloud.shadow_report import Report, Standing, fitted
from parking_monitor.cloud.shadow_settings import FIELDS, Offer, Setting, Value, judge

_UNTOLD = Standing()


@dataclass(slots=True)
class _Trial:
    """Hold a setting that the nodes have not all taken, and the one that held before it."""

    before: Setting | None


@dataclass(frozen=True, slots=True)
class _Failure:
    setting: Setting
    reason: str


@dataclass(frozen=True, slots=True)
class Look:
    """Hold what the cloud desires, and of which version of the shadow that is.

    Attributes:
        is_news: whether others have written to the shadow since the look before.
    """

    desired: Mapping[str, Json] = field(default_factory=dict)
    version: int = 0
    is_news: bool = True


class Shadow:
    """Hold which settings were accepted and which refused, and go back where a node refuses.

    Args:
        offer: what the device has to offer.
        kept: what was kept from before a restart; what cannot be any more is left out.
    """

    def __init__(self, offer: Offer, kept: Kept | None = None) -> None:
        kept = kept or Kept()
        self._offer = offer
        self._version = kept.version
        verdict = judge(kept.settings, offer)
        self._settings = dict(verdict.accepted)
        self._refused = dict(verdict.refused)
        before = judge(kept.fallbacks, offer).accepted
        self._trials = {name: _Trial(before.get(name)) for name in kept.fallbacks if name in self._settings}
        self._failures: dict[str, _Failure] = {}

    @property
    def version(self) -> int:
        """Return the version of the document that was looked at last; 0 before any."""
        return self._version

    @property
    def wanted(self) -> dict[str, Value]:
        """Return the settings that should hold; what is not in it is as configured."""
        return {name: setting.value for name, setting in self._settings.items()}

    @property
    def refused(self) -> dict[str, str]:
        """Return why settings were refused, by the document or by a node."""
        return {**self._refused, **{name: failure.reason for name, failure in self._failures.items()}}

    @property
    def kept(self) -> Kept:
        """Return what has to outlive a restart."""
        return Kept(
            version=self._version,
            settings=_written(self._settings),
            fallbacks={
                name: trial.before.written if trial.before else None for name, trial in self._trials.items()
            },
        )

    def look(self, look: Look) -> None:
        """Take what the cloud desires now.

        A setting that is refused leaves what held before it; one that is not desired any more
        is as configured again. What a node has refused is tried again when there is news.
        """
        verdict = judge(look.desired, self._offer)
        self._refused = dict(verdict.refused)
        for name in FIELDS:
            if name not in verdict.refused:
                self._want(name, verdict.accepted.get(name), is_news=look.is_news)
            else:
                self._failures.pop(name, None)
        self._version = look.version

    def confirm(self, name: str) -> None:
        """Hear that all nodes have taken a setting."""
        self._trials.pop(name, None)
        failure = self._failures.get(name)
        if failure is not None and failure.setting == self._settings.get(name):
            self._failures.pop(name)

    def fail(self, name: str, reason: str) -> None:
        """Hear that a node refuses a setting: what held before it holds again."""
        setting = self._settings.get(name)
        if setting is None:
            return
        self._failures[name] = _Failure(setting, reason)
        trial = self._trials.pop(name, None)
        if trial is not None:
            self._settings.pop(name)
            if trial.before is not None:
                self._settings[name] = trial.before

    def report(self, standings: Mapping[str, Standing], health: Mapping[str, Json] | None = None) -> Report:
        """Return what to report: values that truly stand, what is pending, what was refused and why.

        Args:
            standings: how the nodes stand, by setting.
            health: how the device is; small.
        """
        values: dict[str, Json] = {}
        for name in FIELDS:
            stands = standings.get(name, _UNTOLD).by_camera
            if stands:
                values[name] = (
                    self._offer.describe_zones(stands) if name == 'zones' else self._shown(name, stands)
                )
        pending = {name: standing.pending for name, standing in standings.items() if standing.pending}
        refused = {name: standing.refused for name, standing in standings.items() if standing.refused}
        always: dict[str, Json] = {'desired_version': self._version}
        if health:
            always['health'] = dict(health)
        return fitted(values, always, pending, {**refused, **self.refused})

    def _want(self, name: str, setting: Setting | None, *, is_news: bool) -> None:
        failure = self._failures.get(name)
        if failure is not None and failure.setting == setting and not is_news:
            return
        self._failures.pop(name, None)
        before = self._settings.get(name)
        if setting is None:
            self._settings.pop(name, None)
            self._trials.pop(name, None)
            return
        self._settings[name] = setting
        if before is None or before.value != setting.value:
            self._trials.setdefault(name, _Trial(before))

    def _shown(self, name: str, stands: Mapping[str, Value]) -> Json:
        """Say what stands in the words of the cloud, by camera only where they differ."""
        shown = {camera: self._in_words(name, value) for camera, value in stands.items()}
        different = list(shown.values())
        return different[0] if all(one == different[0] for one in different) else dict(shown)

    def _in_words(self, name: str, value: Value) -> Json:
        setting = self._settings.get(name)
        if setting is not None and setting.value == value:
            return setting.written
        return self._offer.describe_model(str(value)) if name == 'model' else value


def _written(settings: Mapping[str, Setting]) -> dict[str, Json]:
    return {name: setting.written for name, setting in settings.items()}
