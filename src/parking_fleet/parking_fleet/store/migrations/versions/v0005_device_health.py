"""What devices say of their certificates, their temperature and their outboxes."""

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

_COLUMNS = {
    'certificate_until_ms': sa.BigInteger(),
    'temperature_c': sa.Integer(),
    'waiting': sa.BigInteger(),
}


def upgrade() -> None:
    """Add the columns; of the devices that are there nothing is known."""
    for name, kind in _COLUMNS.items():
        op.add_column('devices', sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    """Drop the columns."""
    for name in _COLUMNS:
        op.drop_column('devices', name)
