"""What part of its places a camera counts for."""

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column: without shared bays, a camera counts for all that it sees."""
    op.add_column('cameras', sa.Column('share', sa.Float(), nullable=False, server_default='1'))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column('cameras', 'share')
