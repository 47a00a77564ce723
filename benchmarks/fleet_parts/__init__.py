"""Parts of the fleet benchmark: load, delay, memory, a year's queries, and what is killed."""
