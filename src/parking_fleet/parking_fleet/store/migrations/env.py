"""Run the steps on the connection that `Database.migrate` gives."""

from alembic import context

from parking_fleet.store.tables import METADATA

connection = context.config.attributes['connection']
context.configure(connection=connection, target_metadata=METADATA, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
