"""Read what a Telegram chat is told, and when: the section `telegram` of fleet.yaml."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from parking_monitor.cloud.quiet_hours import QuietHours
from parking_monitor.cloud.telegram_rule_settings import (
    DEFAULT_MIN_INTERVAL_S,
    MAX_CARS,
    MAX_INTERVAL_S,
    RuleSettings,
    When,
    check_names,
    default_rules,
)
from parking_monitor.config_fields import RosName, Section, Text, matching, number_or_text
from parking_monitor.config_places import HasPlaces, Problem

MAX_RULES = 20

_Interval = Annotated[float, Field(ge=1, le=MAX_INTERVAL_S)]


def _quiet_hours(value: str) -> str:
    return str(QuietHours.parse(value))


class Rule(Section):
    """What the chat is told of; see `RuleSettings`, which each field goes to."""

    when: When
    cameras: Annotated[tuple[RosName, ...], Field(max_length=16)] = ()
    zones: Annotated[tuple[Text, ...], Field(max_length=200)] = ()
    cars: Annotated[int, Field(ge=1, le=MAX_CARS)] | None = None
    hysteresis: Annotated[int, Field(ge=1, le=MAX_CARS)] | None = None
    for_s: Annotated[float, Field(ge=0, le=MAX_INTERVAL_S)] | None = None
    min_interval_s: _Interval | None = None

    @model_validator(mode='after')
    def _makes_sense(self) -> Self:
        self.settings(DEFAULT_MIN_INTERVAL_S)
        return self

    def settings(self, min_interval_s: float) -> RuleSettings:
        """Return the rule as the notifier takes it; `min_interval_s` is for rules without their own."""
        given = self.model_dump(exclude={'min_interval_s'})
        return RuleSettings(**given, min_interval_s=self.min_interval_s or min_interval_s)


class Telegram(Section):
    """The bot that sends pictures; its token comes from TG_TOKEN alone, and without it nothing is sent."""

    token: SecretStr | None = None
    chat_id: Annotated[
        str | None,
        matching(r'-?[0-9]{1,20}|@[A-Za-z0-9_]{3,64}', 'a chat number like -1001234567890, or @channel'),
        BeforeValidator(number_or_text),
    ] = None
    min_interval_s: _Interval = DEFAULT_MIN_INTERVAL_S
    min_spacing_s: Annotated[float, Field(ge=1, le=3600)] = 3.0
    quiet_hours: Annotated[str, AfterValidator(_quiet_hours)] | None = None
    commands: bool = True
    rules: Annotated[tuple[Rule, ...], Field(min_length=1, max_length=MAX_RULES)] | None = None

    @property
    def rule_settings(self) -> tuple[RuleSettings, ...]:
        """Return the rules as the notifier takes them."""
        if self.rules is None:
            return default_rules(self.min_interval_s)
        return tuple(rule.settings(self.min_interval_s) for rule in self.rules)


def rule_problems(telegram: Telegram | None, cameras: Sequence[HasPlaces]) -> Iterator[Problem]:
    """Yield the rules that name a camera or a zone which is not there."""
    if telegram is None or telegram.rules is None:
        return
    zones = {camera.name: [zone.name for zone in camera.zones] for camera in cameras}
    for index, field, reason in check_names(telegram.rule_settings, zones):
        yield Problem(('telegram', 'rules', index, field), getattr(telegram.rules[index], field), reason)
