"""Measure speed and accuracy; each benchmark prints a table and writes JSON to build/bench/."""
