"""Read `alerts:` of parking-fleet.yaml: what is worth an alert, and who is told how.

alerts:
  channels:
    office:
      kind: email
      host: mail.example
      user: parking
      password: ...                 # or PARKING_FLEET_ALERTS__CHANNELS__OFFICE__PASSWORD
      sender: parking@example.org
      recipients: [desk@example.org]
  rules:
    nearly-full: {threshold: 90, clear_threshold: 85}      # a rule that is there already, changed
    gates-differ: {enabled: false}
    riverside-at-night:                                     # one of your own
      kind: nearly_full
      threshold: 50
      facilities: [Riverside]
      channels: [office]
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

Kind = Literal[
    'device_silent',
    'full',
    'nearly_full',
    'camera',
    'gates_differ',
    'certificate_expires',
    'outbox_drops',
    'invalid_messages',
]
LOW_IS_BAD: frozenset[Kind] = frozenset({'full', 'certificate_expires'})
"""Rules that alert at the threshold and below, and clear above `clear_threshold`."""

WITHOUT_THRESHOLD: frozenset[Kind] = frozenset({'device_silent', 'camera'})
"""Rules about what is so or is not."""

WITHOUT_FACILITY: frozenset[Kind] = frozenset({'invalid_messages'})
"""Rules about the service itself, which belong to no facility."""

THRESHOLDS: dict[Kind, tuple[float, float]] = {
    'full': (0, 1),
    'nearly_full': (95, 92),
    'gates_differ': (10, 5),
    'certificate_expires': (30, 31),
    'outbox_drops': (1, 1),
    'invalid_messages': (10, 1),
}
"""Of each kind: from where on there is an alert, and where it ends."""

DEFAULT_RULES: dict[str, dict[str, Any]] = {
    'device-silent': {'kind': 'device_silent', 'for_s': 120, 'clear_for_s': 10},
    'full': {'kind': 'full', 'for_s': 60, 'clear_for_s': 120},
    'nearly-full': {'kind': 'nearly_full', 'for_s': 60, 'clear_for_s': 300},
    'camera': {'kind': 'camera', 'for_s': 60, 'clear_for_s': 60},
    'gates-differ': {'kind': 'gates_differ', 'for_s': 900, 'clear_for_s': 300},
    'certificate-expires': {'kind': 'certificate_expires', 'repeat_s': 604_800},
    'outbox-drops': {'kind': 'outbox_drops'},
    'invalid-messages': {'kind': 'invalid_messages'},
}
"""What is on without being named; each can be changed or put off by its name."""

Name = Annotated[str, Field(pattern=r'^[a-z0-9][a-z0-9_-]{0,47}$')]
Seconds = Annotated[float, Field(ge=0, le=30 * 86_400)]
Header = Annotated[str, Field(pattern=r'^[A-Za-z0-9-]{1,64}$')]
TopicPart = Annotated[str, Field(pattern=r'^[^+#$\x00/][^+#\x00]{0,199}$')]


class _Section(BaseModel):
    model_config = ConfigDict(extra='forbid', frozen=True, hide_input_in_errors=True)


class Rule(_Section):
    """Hold one rule.

    Attributes:
        kind: what is looked at.
        enabled: false puts it off.
        threshold: from here on there is an alert: percent of the places (`nearly_full`), free places
            (`full`: so few or fewer), cars (`gates_differ`), days (`certificate_expires`: so few or fewer),
            messages in the last hour (`outbox_drops`, `invalid_messages`).
        clear_threshold: the alert ends only on the other side of this, so that it does not come and go.
        for_s: it must hold so long before there is an alert.
        clear_for_s: it must be over so long before the alert ends.
        repeat_s: tell it again so often while nobody acknowledges it; 0: never.
        facilities: names of those it is for; empty: all.
        when: `open`: only within the opening hours of facilities.yaml.
        channels: names of those who are told; None: all.
        next_step: what to do, instead of what is said otherwise.
    """

    kind: Kind
    enabled: bool = True
    threshold: Annotated[float, Field(ge=0, le=1_000_000)] | None = None
    clear_threshold: Annotated[float, Field(ge=0, le=1_000_000)] | None = None
    for_s: Seconds = 0.0
    clear_for_s: Seconds = 60.0
    repeat_s: Seconds = 14_400.0
    facilities: tuple[str, ...] = ()
    when: Literal['always', 'open'] = 'always'
    channels: tuple[Name, ...] | None = None
    next_step: Annotated[str, Field(max_length=300)] = ''

    @property
    def bounds(self) -> tuple[float, float]:
        """Return where an alert begins and where it ends."""
        begins, ends = THRESHOLDS.get(self.kind, (1, 1))
        if self.threshold is not None:
            # The usual distance, unless it is told.
            ends = max(self.threshold + (ends - begins), min(self.threshold, 1))
            begins = self.threshold
        if self.clear_threshold is not None:
            ends = self.clear_threshold
        return begins, ends

    @model_validator(mode='after')
    def _fits_together(self) -> Self:
        if self.kind in WITHOUT_THRESHOLD and (self.threshold, self.clear_threshold) != (None, None):
            raise ValueError(f'{self.kind} is so or is not: leave threshold and clear_threshold out')
        if self.kind in WITHOUT_FACILITY and (self.facilities or self.when != 'always'):
            raise ValueError(f'{self.kind} belongs to no facility: leave facilities and when out')
        begins, ends = self.bounds
        if self.kind not in LOW_IS_BAD and min(begins, ends) <= 0:
            raise ValueError('threshold and clear_threshold must be over 0: nothing is less than none')
        if self.kind in LOW_IS_BAD and ends < begins:
            raise ValueError('clear_threshold must be threshold or more: fewer is worse here')
        if self.kind not in LOW_IS_BAD and ends > begins:
            raise ValueError('clear_threshold must be threshold or less')
        return self


class _Channel(_Section):
    """Hold what all channels have.

    Attributes:
        enabled: false puts it off.
        timeout_s: an attempt may take so long.
        give_up_s: what could not be sent for so long is given up.
        tell_end: whether the end of an alert is told too.
    """

    enabled: bool = True
    timeout_s: Annotated[float, Field(gt=0, le=120)] = 20.0
    give_up_s: Annotated[float, Field(ge=10, le=7 * 86_400)] = 21_600.0
    tell_end: bool = True


class EmailChannel(_Channel):
    """Send e-mail.

    Attributes:
        host: of the mail server.
        port: 587 with starttls, 465 with tls.
        security: `none` only for a server on this machine.
        user, password: login; empty for a server that needs none.
        sender, recipients: addresses.
        ca: PEM certificates that the server is checked against; None: those of the system.
    """

    kind: Literal['email']
    host: Annotated[str, Field(min_length=1)]
    port: Annotated[int, Field(ge=1, le=65_535)] = 587
    security: Literal['starttls', 'tls', 'none'] = 'starttls'
    user: str = ''
    password: SecretStr = SecretStr('')
    sender: Annotated[str, Field(pattern=r'^[^@\s,]+@[^@\s,]+$')]
    recipients: Annotated[
        tuple[Annotated[str, Field(pattern=r'^[^@\s,]+@[^@\s,]+$')], ...], Field(min_length=1, max_length=50)
    ]
    ca: str | None = None

    @model_validator(mode='after')
    def _is_private(self) -> Self:
        is_here = self.host in ('localhost', '127.0.0.1', '::1')
        if self.security == 'none' and self.password.get_secret_value() and not is_here:
            raise ValueError('security: none would send the password for all to read; use starttls or tls')
        return self


def _web_address(url: SecretStr) -> SecretStr:
    if not url.get_secret_value().startswith(('https://', 'http://')):
        raise ValueError("begins with 'https://' (or 'http://')")
    return url


class WebhookChannel(_Channel):
    """Send JSON to an address.

    Attributes:
        url: where to; secret, for many services put a key into it.
        secret: signs each message: `X-Parking-Signature: sha256=HMAC` over the body.
        headers: further ones, such as Authorization; secret.
    """

    kind: Literal['webhook']
    url: SecretStr
    secret: SecretStr | None = None
    headers: dict[Header, SecretStr] = {}

    _url = field_validator('url')(_web_address)


class TelegramChannel(_Channel):
    """Send to a Telegram chat.

    Attributes:
        token: of the bot, as @BotFather tells it.
        chat_id: the chat's number, or @name of a channel.
        base_url: of the Bot API.
    """

    kind: Literal['telegram']
    token: SecretStr
    chat_id: Annotated[str, Field(pattern=r'^(-?\d{1,20}|@\w{4,64})$')]
    base_url: Annotated[str, Field(pattern=r'^https?://')] = 'https://api.telegram.org'

    @field_validator('token')
    @classmethod
    def _is_a_token(cls, token: SecretStr) -> SecretStr:
        number, _, rest = token.get_secret_value().partition(':')
        if not (number.isdecimal() and rest and rest.replace('-', '').replace('_', '').isalnum()):
            raise ValueError("not a bot's token; it looks like 123456789:AAE..., as @BotFather tells it")
        return token

    @field_validator('chat_id', mode='before')
    @classmethod
    def _may_be_a_number(cls, chat_id: object) -> object:
        return str(chat_id) if isinstance(chat_id, int) else chat_id


class MqttChannel(_Channel):
    """Publish retained to `TOPIC/ID` on the broker that the messages come from.

    Attributes:
        topic: what stands before the alert's number.
    """

    kind: Literal['mqtt']
    topic: TopicPart = 'parking/alerts'


Channel = Annotated[
    EmailChannel | WebhookChannel | TelegramChannel | MqttChannel, Field(discriminator='kind')
]


class Alerts(_Section):
    """Hold the section `alerts:`.

    Attributes:
        rules: by name; those of `DEFAULT_RULES` are there unless put off.
        channels: by name.
        keep_days: how long alerts that are over are kept.
        keep_rows: how many of them at most.
    """

    rules: dict[Name, Rule] = Field(default_factory=dict, validate_default=True)
    channels: dict[Name, Channel] = {}
    keep_days: Annotated[int, Field(ge=1, le=36_500)] = 365
    keep_rows: Annotated[int, Field(ge=100, le=10_000_000)] = 100_000

    @field_validator('rules', mode='before')
    @classmethod
    def _with_those_that_are_there(cls, told: object) -> object:
        if not isinstance(told, Mapping):
            return told
        whole: dict[str, Any] = {name: dict(rule) for name, rule in DEFAULT_RULES.items()}
        for name, rule in told.items():
            base = whole.get(name, {})
            is_changed = isinstance(rule, Mapping) and rule.get('kind', base.get('kind')) == base.get('kind')
            whole[name] = {**base, **rule} if is_changed else rule
        return whole

    @model_validator(mode='after')
    def _channels_are_there(self) -> Self:
        for name, rule in self.rules.items():
            missing = [each for each in rule.channels or () if each not in self.channels]
            if missing:
                raise ValueError(
                    f'rules.{name}.channels: no channel is called {missing[0]!r}; there are: '
                    f'{", ".join(self.channels) or "none"}'
                )
        return self

    def told_by(self, rule: str) -> list[str]:
        """Return the names of the channels that a rule tells."""
        found = self.rules.get(rule)
        names = found.channels if found is not None and found.channels is not None else tuple(self.channels)
        return [name for name in names if self.channels[name].enabled]
