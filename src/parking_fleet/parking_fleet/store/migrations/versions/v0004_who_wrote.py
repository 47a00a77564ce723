"""Who wrote what is newest of a device and of a camera."""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; what is there was written by nobody who still runs."""
    for table in ('devices', 'cameras'):
        op.add_column(table, sa.Column('written_by', sa.BigInteger(), nullable=False, server_default='0'))


def downgrade() -> None:
    """Drop the columns."""
    for table in ('devices', 'cameras'):
        op.drop_column(table, 'written_by')
