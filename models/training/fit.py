"""Fit the network to samples: optimiser, schedule, averaging, and the curve."""

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from models.training.loss import detection_loss
from models.training.mixture import Mixture
from models.training.network import CentreNetwork
from models.training.sample import Sample
from models.training.targets import targets_of

Batch = list[Tensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Say how long and how fast to learn.

    Attributes:
        steps: optimiser steps.
        limit_s: time after which it ends before that; None for no limit.
        batch: samples a step.
        rate: highest learning rate, reached after `warm_up` steps, then falling as a cosine.
        seed: of weights and samples.
        workers: processes that draw samples.
    """

    steps: int
    limit_s: float | None = None
    batch: int = 16
    rate: float = 2e-3
    warm_up: int = 200
    decay: float = 0.02
    averaging: float = 0.998
    seed: int = 1
    workers: int = 1
    check_every: int = 250


class _Drawn(Dataset[Batch]):
    """Present a mixture as the numbered items that a DataLoader asks for."""

    def __init__(self, mixture: Mixture, count: int) -> None:
        self._mixture = mixture
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, number: int) -> Batch:
        return tensors_of(self._mixture.sample(number))


def tensors_of(sample: Sample) -> Batch:
    """Return picture (RGB, channels first), heat, asked, box distances and box weights."""
    targets = targets_of(sample)
    image = np.ascontiguousarray(sample.image[..., ::-1].transpose(2, 0, 1))
    arrays = image, targets.heat, targets.asked, targets.boxes, targets.box_weight
    return [torch.from_numpy(array) for array in arrays]


def fit(
    network: CentreNetwork,
    mixture: Mixture,
    plan: Plan,
    held_out: Mapping[str, Sequence[Sample]],
    files: Path,
) -> CentreNetwork:
    """Return the running average of the network over its training.

    Every `check_every` steps a line goes to `<files>.jsonl`: step, seconds, loss, and the
    average's loss on each held-out set; and the average's weights to `<files>.pt`.
    """
    record = files.with_suffix('.jsonl')
    record.unlink(missing_ok=True)
    torch.manual_seed(plan.seed)
    network = network.to(memory_format=torch.channels_last)
    average = torch.optim.swa_utils.AveragedModel(network, avg_fn=_running_average(plan), use_buffers=True)
    optimiser = torch.optim.AdamW(network.parameters(), plan.rate, weight_decay=plan.decay)
    begun = time.monotonic()
    losses: list[float] = []
    for step, batch in enumerate(_batches(mixture, plan), 1):
        elapsed_s = time.monotonic() - begun
        last = step == plan.steps or (plan.limit_s is not None and elapsed_s >= plan.limit_s)
        for group in optimiser.param_groups:
            group['lr'] = plan.rate * rate_share(step, plan, elapsed_s)
        optimiser.zero_grad()
        scores, boxes = _loss(network, batch)
        (scores + boxes).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 10.0)
        optimiser.step()
        average.update_parameters(network)
        losses.append(float((scores + boxes).detach()))
        if step % plan.check_every == 0 or last:
            line = {'step': step, 'seconds': round(time.monotonic() - begun), 'loss': float(np.mean(losses))}
            line |= {
                name: held_out_loss(average.module, samples, plan.batch) for name, samples in held_out.items()
            }
            losses.clear()
            with record.open('a', encoding='utf-8') as file:
                file.write(json.dumps(line) + '\n')
            torch.save(average.module.state_dict(), files.with_suffix('.pt'))
            print(line, flush=True)
        if last:
            break
    trained: CentreNetwork = average.module
    return trained


def _running_average(plan: Plan) -> Callable[[Tensor, Tensor, Tensor | int], Tensor]:
    """Return an exponential average that forgets faster at the start, when there is much to forget."""

    def average(averaged: Tensor, current: Tensor, count: Tensor | int) -> Tensor:
        if not averaged.is_floating_point():
            return current
        return torch.lerp(current, averaged, min(plan.averaging, (1 + float(count)) / (10 + float(count))))

    return average


def rate_share(step: int, plan: Plan, elapsed_s: float = 0.0) -> float:
    """Return the learning rate's share of its highest: a linear rise, then a cosine to nearly nothing.

    The cosine follows the steps or the time limit, whichever is further on: training that is
    short of time ends with a low rate too.
    """
    if step < plan.warm_up:
        return step / plan.warm_up
    done = (step - plan.warm_up) / max(1, plan.steps - plan.warm_up)
    if plan.limit_s is not None:
        done = max(done, elapsed_s / plan.limit_s)
    return 0.01 + 0.99 * (1 + math.cos(math.pi * min(done, 1.0))) / 2


def held_out_loss(network: torch.nn.Module, samples: Sequence[Sample], batch: int) -> float:
    """Return the loss on fixed samples, without learning from them."""
    network.eval()
    total = 0.0
    with torch.no_grad():
        for start in range(0, len(samples), batch):
            part = samples[start : start + batch]
            columns = zip(*(tensors_of(sample) for sample in part), strict=True)
            scores, boxes = _loss(network, [torch.stack(column) for column in columns])
            total += float(scores + boxes) * len(part)
    network.train()
    return total / max(1, len(samples))


def _batches(mixture: Mixture, plan: Plan) -> Iterator[Batch]:
    drawn = _Drawn(mixture, plan.steps * plan.batch)
    return iter(
        DataLoader(drawn, plan.batch, num_workers=plan.workers, prefetch_factor=4 if plan.workers else None)
    )


def _loss(network: torch.nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
    image, heat, asked, sides, weight = batch
    # bfloat16 doubles the speed on CPUs that have it, and changes no score here.
    with torch.autocast('cpu', torch.bfloat16):
        answer = network(image.float().contiguous(memory_format=torch.channels_last))
    return detection_loss(*answer, wanted_heat=heat, asked=asked, wanted_sides=sides, weight=weight)
