"""The store: tables, the one writer that takes batches in, the queries that read, retention and back-up."""
