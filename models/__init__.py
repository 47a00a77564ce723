"""Hold the default model that ships, and the code that trains it."""
