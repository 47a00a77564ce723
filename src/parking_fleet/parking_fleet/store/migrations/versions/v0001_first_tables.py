"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        'count_days',
        sa.Column('camera_id', sa.BigInteger(), nullable=False),
        sa.Column('start_s', sa.BigInteger(), nullable=False),
        sa.Column('samples', sa.BigInteger(), nullable=False),
        sa.Column('known', sa.BigInteger(), nullable=False),
        sa.Column('cars_sum', sa.BigInteger(), nullable=False),
        sa.Column('occupied_sum', sa.BigInteger(), nullable=False),
        sa.Column('last_ms', sa.BigInteger(), nullable=False),
        sa.Column('last_seq', sa.BigInteger(), nullable=False),
        sa.Column('last_cars', sa.BigInteger(), nullable=False),
        sa.Column('last_capacity', sa.BigInteger(), nullable=False),
        sa.Column('last_occupied', sa.BigInteger(), nullable=False),
        sa.Column('last_free', sa.BigInteger(), nullable=False),
        sa.Column('last_unknown', sa.BigInteger(), nullable=False),
        sa.Column('cars_min', sa.BigInteger(), nullable=True),
        sa.Column('cars_max', sa.BigInteger(), nullable=True),
        sa.Column('occupied_min', sa.BigInteger(), nullable=True),
        sa.Column('occupied_max', sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint('camera_id', 'start_s', name='pk_count_days'),
        sqlite_with_rowid=False,
    )
    op.create_index('ix_count_days_start_s', 'count_days', ['start_s'], unique=False)
    op.create_table(
        'count_minutes',
        sa.Column('camera_id', sa.BigInteger(), nullable=False),
        sa.Column('start_s', sa.BigInteger(), nullable=False),
        sa.Column('samples', sa.BigInteger(), nullable=False),
        sa.Column('known', sa.BigInteger(), nullable=False),
        sa.Column('cars_sum', sa.BigInteger(), nullable=False),
        sa.Column('occupied_sum', sa.BigInteger(), nullable=False),
        sa.Column('last_ms', sa.BigInteger(), nullable=False),
        sa.Column('last_seq', sa.BigInteger(), nullable=False),
        sa.Column('last_cars', sa.BigInteger(), nullable=False),
        sa.Column('last_capacity', sa.BigInteger(), nullable=False),
        sa.Column('last_occupied', sa.BigInteger(), nullable=False),
        sa.Column('last_free', sa.BigInteger(), nullable=False),
        sa.Column('last_unknown', sa.BigInteger(), nullable=False),
        sa.Column('cars_min', sa.BigInteger(), nullable=True),
        sa.Column('cars_max', sa.BigInteger(), nullable=True),
        sa.Column('occupied_min', sa.BigInteger(), nullable=True),
        sa.Column('occupied_max', sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint('camera_id', 'start_s', name='pk_count_minutes'),
        sqlite_with_rowid=False,
    )
    op.create_index('ix_count_minutes_start_s', 'count_minutes', ['start_s'], unique=False)
    op.create_table(
        'count_quarters',
        sa.Column('camera_id', sa.BigInteger(), nullable=False),
        sa.Column('start_s', sa.BigInteger(), nullable=False),
        sa.Column('samples', sa.BigInteger(), nullable=False),
        sa.Column('known', sa.BigInteger(), nullable=False),
        sa.Column('cars_sum', sa.BigInteger(), nullable=False),
        sa.Column('occupied_sum', sa.BigInteger(), nullable=False),
        sa.Column('last_ms', sa.BigInteger(), nullable=False),
        sa.Column('last_seq', sa.BigInteger(), nullable=False),
        sa.Column('last_cars', sa.BigInteger(), nullable=False),
        sa.Column('last_capacity', sa.BigInteger(), nullable=False),
        sa.Column('last_occupied', sa.BigInteger(), nullable=False),
        sa.Column('last_free', sa.BigInteger(), nullable=False),
        sa.Column('last_unknown', sa.BigInteger(), nullable=False),
        sa.Column('cars_min', sa.BigInteger(), nullable=True),
        sa.Column('cars_max', sa.BigInteger(), nullable=True),
        sa.Column('occupied_min', sa.BigInteger(), nullable=True),
        sa.Column('occupied_max', sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint('camera_id', 'start_s', name='pk_count_quarters'),
        sqlite_with_rowid=False,
    )
    op.create_index('ix_count_quarters_start_s', 'count_quarters', ['start_s'], unique=False)
    op.create_table(
        'counts',
        sa.Column('device_id', sa.BigInteger(), nullable=False),
        sa.Column('seq', sa.BigInteger(), nullable=False),
        sa.Column('camera_id', sa.BigInteger(), nullable=False),
        sa.Column('observed_ms', sa.BigInteger(), nullable=False),
        sa.Column('received_ms', sa.BigInteger(), nullable=False),
        sa.Column('state', sa.SmallInteger(), nullable=False),
        sa.Column('clock', sa.SmallInteger(), nullable=False),
        sa.Column('cars', sa.BigInteger(), nullable=False),
        sa.Column('entered', sa.BigInteger(), nullable=False),
        sa.Column('left', sa.BigInteger(), nullable=False),
        sa.Column('capacity', sa.BigInteger(), nullable=False),
        sa.Column('occupied', sa.BigInteger(), nullable=False),
        sa.Column('free', sa.BigInteger(), nullable=False),
        sa.Column('unknown', sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint('device_id', 'seq', name='pk_counts'),
        sqlite_with_rowid=False,
    )
    op.create_index('ix_counts_camera_id_observed_ms', 'counts', ['camera_id', 'observed_ms'], unique=False)
    op.create_index('ix_counts_received_ms', 'counts', ['received_ms'], unique=False)
    op.create_table(
        'crossings',
        sa.Column('device_id', sa.BigInteger(), nullable=False),
        sa.Column('seq', sa.BigInteger(), nullable=False),
        sa.Column('camera_id', sa.BigInteger(), nullable=False),
        sa.Column('observed_ms', sa.BigInteger(), nullable=False),
        sa.Column('received_ms', sa.BigInteger(), nullable=False),
        sa.Column('clock', sa.SmallInteger(), nullable=False),
        sa.Column('gate', sa.Text(), nullable=False),
        sa.Column('direction', sa.Text(), nullable=False),
        sa.Column('track', sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint('device_id', 'seq', name='pk_crossings'),
        sqlite_with_rowid=False,
    )
    op.create_index(
        'ix_crossings_camera_id_observed_ms', 'crossings', ['camera_id', 'observed_ms'], unique=False
    )
    op.create_index('ix_crossings_received_ms', 'crossings', ['received_ms'], unique=False)
    op.create_table(
        'devices',
        sa.Column('id', ID, nullable=False),
        sa.Column('uuid', sa.Text(), nullable=False),
        sa.Column('thing', sa.Text(), server_default='', nullable=False),
        sa.Column('first_ms', sa.BigInteger(), nullable=False),
        sa.Column('last_ms', sa.BigInteger(), server_default='0', nullable=False),
        sa.Column('presence', sa.Text(), server_default='', nullable=False),
        sa.Column('presence_ms', sa.BigInteger(), server_default='0', nullable=False),
        sa.Column('seq', sa.BigInteger(), server_default='-9223372036854775808', nullable=False),
        sa.Column('clock_synced', sa.Boolean(), nullable=True),
        sa.Column('clock_offset_ms', sa.BigInteger(), nullable=True),
        sa.Column('dropped', sa.BigInteger(), server_default='0', nullable=False),
        sa.Column('interval_s', sa.Float(), nullable=True),
        sa.Column('model', sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint('id', name='pk_devices'),
        sa.UniqueConstraint('uuid', name='uq_devices_uuid'),
    )
    op.create_table(
        'flow_days',
        sa.Column('camera_id', sa.BigInteger(), nullable=False),
        sa.Column('start_s', sa.BigInteger(), nullable=False),
        sa.Column('gate', sa.Text(), nullable=False),
        sa.Column('entered', sa.BigInteger(), nullable=False),
        sa.Column('left', sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint('camera_id', 'start_s', 'gate', name='pk_flow_days'),
        sqlite_with_rowid=False,
    )
    op.create_index('ix_flow_days_start_s', 'flow_days', ['start_s'], unique=False)
    op.create_table(
        'flow_quarters',
        sa.Column('camera_id', sa.BigInteger(), nullable=False),
        sa.Column('start_s', sa.BigInteger(), nullable=False),
        sa.Column('gate', sa.Text(), nullable=False),
        sa.Column('entered', sa.BigInteger(), nullable=False),
        sa.Column('left', sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint('camera_id', 'start_s', 'gate', name='pk_flow_quarters'),
        sqlite_with_rowid=False,
    )
    op.create_index('ix_flow_quarters_start_s', 'flow_quarters', ['start_s'], unique=False)
    op.create_table(
        'quarantine',
        sa.Column('id', ID, nullable=False),
        sa.Column('received_ms', sa.BigInteger(), nullable=False),
        sa.Column('topic', sa.Text(), nullable=False),
        sa.Column('reason', sa.Text(), nullable=False),
        sa.Column('payload', sa.Text(), nullable=False),
        sa.Column('bytes', sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint('id', name='pk_quarantine'),
    )
    op.create_table(
        'cameras',
        sa.Column('id', ID, nullable=False),
        sa.Column('device_id', ID, nullable=False),
        sa.Column('name', sa.Text(), nullable=False),
        sa.Column('facility', sa.Text(), nullable=False),
        sa.Column('floor', sa.Text(), nullable=False),
        sa.Column('seq', sa.BigInteger(), server_default='-9223372036854775808', nullable=False),
        sa.Column('observed_ms', sa.BigInteger(), server_default='0', nullable=False),
        sa.Column('received_ms', sa.BigInteger(), server_default='0', nullable=False),
        sa.Column('state', sa.Text(), server_default='UNKNOWN', nullable=False),
        sa.Column('cars', sa.BigInteger(), server_default='0', nullable=False),
        sa.Column('entered', sa.BigInteger(), server_default='0', nullable=False),
        sa.Column('left', sa.BigInteger(), server_default='0', nullable=False),
        sa.Column('net', sa.BigInteger(), server_default='0', nullable=False),
        sa.Column('capacity', sa.BigInteger(), server_default='0', nullable=False),
        sa.Column('occupied', sa.BigInteger(), server_default='0', nullable=False),
        sa.Column('free', sa.BigInteger(), server_default='0', nullable=False),
        sa.Column('unknown', sa.BigInteger(), server_default='0', nullable=False),
        sa.Column('entered_today', sa.BigInteger(), server_default='0', nullable=False),
        sa.Column('left_today', sa.BigInteger(), server_default='0', nullable=False),
        sa.Column('zones', sa.Text(), server_default='[]', nullable=False),
        sa.Column('bays', sa.Text(), server_default='[]', nullable=False),
        sa.Column('gates', sa.Text(), server_default='[]', nullable=False),
        sa.ForeignKeyConstraint(['device_id'], ['devices.id'], name='fk_cameras_device_id'),
        sa.PrimaryKeyConstraint('id', name='pk_cameras'),
        sa.UniqueConstraint(
            'device_id', 'name', 'facility', 'floor', name='uq_cameras_device_id_name_facility_floor'
        ),
    )
    op.create_index('ix_cameras_facility', 'cameras', ['facility'], unique=False)


def downgrade() -> None:
    """Drop every table, and what they hold."""
    op.drop_table('cameras')
    op.drop_table('quarantine')
    op.drop_table('flow_quarters')
    op.drop_table('flow_days')
    op.drop_table('devices')
    op.drop_table('crossings')
    op.drop_table('counts')
    op.drop_table('count_quarters')
    op.drop_table('count_minutes')
    op.drop_table('count_days')
