"""Describe the tables, for SQLite and PostgreSQL alike.

Times are Unix milliseconds (`_ms`) or, for the starts of buckets, Unix seconds (`start_s`). The start
of a day is the date where the car park is, told as the seconds of that date's midnight in UTC.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

METADATA = MetaData(
    naming_convention={
        'ix': 'ix_%(table_name)s_%(column_0_N_name)s',
        'uq': 'uq_%(table_name)s_%(column_0_N_name)s',
        'fk': 'fk_%(table_name)s_%(column_0_N_name)s',
        'pk': 'pk_%(table_name)s',
    }
)

# SQLite numbers rows by itself only where the type is INTEGER.
_ID = BigInteger().with_variant(Integer, 'sqlite')

STATES = ('UNKNOWN', 'OK', 'STALE', 'FROZEN', 'COVERED', 'MOVED')
"""The place in this row is the number of a state in `counts`; rows are only ever added at the end."""

DEVICES = Table(
    'devices',
    METADATA,
    Column('id', _ID, primary_key=True),
    Column('uuid', Text, nullable=False, unique=True),
    Column('thing', Text, nullable=False, server_default=''),
    Column('first_ms', BigInteger, nullable=False),
    Column('last_ms', BigInteger, nullable=False, server_default='0'),
    Column('presence', Text, nullable=False, server_default=''),
    Column('presence_ms', BigInteger, nullable=False, server_default='0'),
    Column('seq', BigInteger, nullable=False, server_default='-9223372036854775808'),
    Column('clock_synced', Boolean),
    Column('clock_offset_ms', BigInteger),
    Column('dropped', BigInteger, nullable=False, server_default='0'),
    # What is known from elsewhere than the messages, such as a device's shadow.
    Column('interval_s', Float),
    Column('model', Text),
    Column('certificate_until_ms', BigInteger),
    Column('temperature_c', Integer),
    Column('waiting', BigInteger),
    # The number of the writer, as long as it runs.
    Column('written_by', BigInteger, nullable=False, server_default='0'),
)

CAMERAS = Table(
    'cameras',
    METADATA,
    Column('id', _ID, primary_key=True),
    Column('device_id', ForeignKey('devices.id'), nullable=False),
    Column('name', Text, nullable=False),
    Column('facility', Text, nullable=False),
    Column('floor', Text, nullable=False),
    # The newest count, all by itself. A camera that moves to another floor begins a new row.
    Column('seq', BigInteger, nullable=False, server_default='-9223372036854775808'),
    Column('observed_ms', BigInteger, nullable=False, server_default='0'),
    Column('received_ms', BigInteger, nullable=False, server_default='0'),
    Column('state', Text, nullable=False, server_default='UNKNOWN'),
    *(
        Column(name, BigInteger, nullable=False, server_default='0')
        for name in (
            'cars',
            'entered',
            'left',
            'net',
            'capacity',
            'occupied',
            'free',
            'unknown',
            'entered_today',
            'left_today',
        )
    ),
    Column('zones', Text, nullable=False, server_default='[]'),
    Column('bays', Text, nullable=False, server_default='[]'),
    Column('gates', Text, nullable=False, server_default='[]'),
    Column('written_by', BigInteger, nullable=False, server_default='0'),
    # What part of its places it counts for; the others are bays that another camera sees too.
    Column('share', Float, nullable=False, server_default='1'),
    UniqueConstraint('device_id', 'name', 'facility', 'floor'),
    Index(None, 'facility'),
)

# Rows of the tables below are many: they name devices and cameras without the cost of foreign keys.
COUNTS = Table(
    'counts',
    METADATA,
    Column('device_id', BigInteger, nullable=False),
    Column('seq', BigInteger, nullable=False),
    Column('camera_id', BigInteger, nullable=False),
    Column('observed_ms', BigInteger, nullable=False),
    Column('received_ms', BigInteger, nullable=False),
    Column('state', SmallInteger, nullable=False),
    Column('clock', SmallInteger, nullable=False),
    *(
        Column(name, BigInteger, nullable=False)
        for name in ('cars', 'entered', 'left', 'capacity', 'occupied', 'free', 'unknown')
    ),
    PrimaryKeyConstraint('device_id', 'seq'),
    Index(None, 'camera_id', 'observed_ms'),
    Index(None, 'received_ms'),
    sqlite_with_rowid=False,
)

CROSSINGS = Table(
    'crossings',
    METADATA,
    Column('device_id', BigInteger, nullable=False),
    Column('seq', BigInteger, nullable=False),
    Column('camera_id', BigInteger, nullable=False),
    Column('observed_ms', BigInteger, nullable=False),
    Column('received_ms', BigInteger, nullable=False),
    Column('clock', SmallInteger, nullable=False),
    Column('gate', Text, nullable=False),
    Column('direction', Text, nullable=False),
    Column('track', BigInteger, nullable=False),
    PrimaryKeyConstraint('device_id', 'seq'),
    Index(None, 'camera_id', 'observed_ms'),
    Index(None, 'received_ms'),
    sqlite_with_rowid=False,
)


def _summary_table(name: str) -> Table:
    """Return a table of buckets; sums, least and most are of the samples whose state is OK."""
    return Table(
        name,
        METADATA,
        Column('camera_id', BigInteger, nullable=False),
        Column('start_s', BigInteger, nullable=False),
        *(
            Column(column, BigInteger, nullable=False)
            for column in (
                'samples',
                'known',
                'cars_sum',
                'occupied_sum',
                'last_ms',
                'last_seq',
                'last_cars',
                'last_capacity',
                'last_occupied',
                'last_free',
                'last_unknown',
            )
        ),
        *(Column(column, BigInteger) for column in ('cars_min', 'cars_max', 'occupied_min', 'occupied_max')),
        PrimaryKeyConstraint('camera_id', 'start_s'),
        Index(None, 'start_s'),
        sqlite_with_rowid=False,
    )


def _flow_table(name: str) -> Table:
    return Table(
        name,
        METADATA,
        Column('camera_id', BigInteger, nullable=False),
        Column('start_s', BigInteger, nullable=False),
        Column('gate', Text, nullable=False),
        Column('entered', BigInteger, nullable=False),
        Column('left', BigInteger, nullable=False),
        PrimaryKeyConstraint('camera_id', 'start_s', 'gate'),
        Index(None, 'start_s'),
        sqlite_with_rowid=False,
    )


MINUTES = _summary_table('count_minutes')
QUARTERS = _summary_table('count_quarters')
DAYS = _summary_table('count_days')
FLOW_QUARTERS = _flow_table('flow_quarters')
FLOW_DAYS = _flow_table('flow_days')

QUARANTINE = Table(
    'quarantine',
    METADATA,
    Column('id', _ID, primary_key=True),
    Column('received_ms', BigInteger, nullable=False),
    Column('topic', Text, nullable=False),
    Column('reason', Text, nullable=False),
    # base64, for it may be anything; its first bytes only.
    Column('payload', Text, nullable=False),
    Column('bytes', BigInteger, nullable=False),
)

# Where no AWS answers for the shadows of devices, they are here.
SHADOWS = Table(
    'shadows',
    METADATA,
    Column('thing', Text, primary_key=True),
    # JSON; null after a deletion, for the versions go on.
    Column('state', Text),
    Column('metadata', Text, nullable=False),
    Column('version', BigInteger, nullable=False),
    Column('changed_ms', BigInteger, nullable=False),
)

# Which of several workers does what only one may do.
LEASES = Table(
    'leases',
    METADATA,
    Column('name', Text, primary_key=True),
    Column('holder', Text, nullable=False),
    Column('until_ms', BigInteger, nullable=False),
)

# Alerts, from their beginning to their end. `open_key` holds rule and subject until the end, and nothing
# after it: whatever happens, nothing is open twice.
ALERTS = Table(
    'alerts',
    METADATA,
    Column('id', _ID, primary_key=True),
    Column('open_key', Text, unique=True),
    *(
        Column(name, Text, nullable=False)
        for name in (
            'rule',
            'kind',
            'subject',
            'facility',
            'place',
            'text',
            'latest',
            'advice',
            'link',
            'time_zone',
        )
    ),
    Column('opened_ms', BigInteger, nullable=False),
    Column('notified_ms', BigInteger, nullable=False),
    Column('acknowledged_ms', BigInteger, nullable=False),
    Column('acknowledged_by', Text, nullable=False),
    Column('snoozed_until_ms', BigInteger, nullable=False),
    Column('snoozed_by', Text, nullable=False),
    Column('cleared_ms', BigInteger, nullable=False),
    Index(None, 'cleared_ms'),
)

# What is still to be sent; a row goes once it was sent or given up.
ALERT_DELIVERIES = Table(
    'alert_deliveries',
    METADATA,
    Column('id', _ID, primary_key=True),
    Column('channel', Text, nullable=False),
    Column('change', Text, nullable=False),
    Column('made_ms', BigInteger, nullable=False),
    # The alert as it was then.
    Column('content', Text, nullable=False),
    Index(None, 'channel'),
)
