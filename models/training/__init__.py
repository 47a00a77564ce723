"""Train the default model: a small car detector with a centre-point head.

Data come from simulated scenes, from the labelled frames of one real car park and
from its cars pasted elsewhere. Everything but `network`, `loss`, `fit` and `export`
works without PyTorch. Start with `python -m models.training --help`.
"""
