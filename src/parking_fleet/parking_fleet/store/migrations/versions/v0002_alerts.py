"""Alerts, and what of them is still to be sent."""

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        'alerts',
        sa.Column('id', ID, nullable=False),
        sa.Column('open_key', sa.Text(), nullable=True),
        sa.Column('rule', sa.Text(), nullable=False),
        sa.Column('kind', sa.Text(), nullable=False),
        sa.Column('subject', sa.Text(), nullable=False),
        sa.Column('facility', sa.Text(), nullable=False),
        sa.Column('place', sa.Text(), nullable=False),
        sa.Column('text', sa.Text(), nullable=False),
        sa.Column('latest', sa.Text(), nullable=False),
        sa.Column('advice', sa.Text(), nullable=False),
        sa.Column('link', sa.Text(), nullable=False),
        sa.Column('time_zone', sa.Text(), nullable=False),
        sa.Column('opened_ms', sa.BigInteger(), nullable=False),
        sa.Column('notified_ms', sa.BigInteger(), nullable=False),
        sa.Column('acknowledged_ms', sa.BigInteger(), nullable=False),
        sa.Column('acknowledged_by', sa.Text(), nullable=False),
        sa.Column('snoozed_until_ms', sa.BigInteger(), nullable=False),
        sa.Column('snoozed_by', sa.Text(), nullable=False),
        sa.Column('cleared_ms', sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint('id', name='pk_alerts'),
        sa.UniqueConstraint('open_key', name='uq_alerts_open_key'),
    )
    op.create_index('ix_alerts_cleared_ms', 'alerts', ['cleared_ms'], unique=False)
    op.create_table(
        'alert_deliveries',
        sa.Column('id', ID, nullable=False),
        sa.Column('channel', sa.Text(), nullable=False),
        sa.Column('change', sa.Text(), nullable=False),
        sa.Column('made_ms', sa.BigInteger(), nullable=False),
        sa.Column('content', sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint('id', name='pk_alert_deliveries'),
    )
    op.create_index('ix_alert_deliveries_channel', 'alert_deliveries', ['channel'], unique=False)


def downgrade() -> None:
    """Drop the tables, and what they hold."""
    op.drop_table('alert_deliveries')
    op.drop_table('alerts')
