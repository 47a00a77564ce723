"""Score the network's answers against the targets."""

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

BOX_SHARE = 2.0
"""Weight of the boxes against the scores; at 1, two in three missed cars were found in too loose a box."""


def detection_loss(
    heat: Tensor, sides: Tensor, *, wanted_heat: Tensor, asked: Tensor, wanted_sides: Tensor, weight: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the loss of the scores and of the boxes, each per car.

    Args:
        heat: logits (n, 1, h, w).
        sides: distances in pixels (n, 4, h, w).
        wanted_heat: (n, h, w); 1 at a car's middle.
        asked: (n, h, w); 0 where nothing is asked.
        wanted_sides: (n, 4, h, w).
        weight: (n, h, w); how much a cell's box counts.
    """
    cars = (wanted_heat == 1).sum().clamp(min=1)
    scores = focal_loss(heat[:, 0], wanted_heat, asked) / cars
    learns = weight > 0
    overlaps = generalised_overlap(sides.movedim(1, -1)[learns], wanted_sides.movedim(1, -1)[learns])
    boxes = ((1 - overlaps) * weight[learns]).sum() / cars
    return scores, BOX_SHARE * boxes


def focal_loss(logits: Tensor, wanted: Tensor, asked: Tensor) -> Tensor:
    """Return the penalty-reduced focal loss of CenterNet (alpha 2, beta 4), summed over cells."""
    score = torch.sigmoid(logits)
    at_car = logsigmoid(logits) * (1 - score) ** 2
    elsewhere = logsigmoid(-logits) * score**2 * (1 - wanted) ** 4
    return -(torch.where(wanted == 1, at_car, elsewhere) * asked).sum()


def generalised_overlap(sides: Tensor, wanted: Tensor) -> Tensor:
    """Return GIoU (Rezatofighi et al. 2019) of boxes given by distances (n, 4) from one point each."""
    left, top, right, bottom = sides.unbind(1)
    wanted_left, wanted_top, wanted_right, wanted_bottom = wanted.unbind(1)
    area = (left + right) * (top + bottom)
    wanted_area = (wanted_left + wanted_right) * (wanted_top + wanted_bottom)
    shared = (torch.minimum(left, wanted_left) + torch.minimum(right, wanted_right)).clamp(min=0) * (
        torch.minimum(top, wanted_top) + torch.minimum(bottom, wanted_bottom)
    ).clamp(min=0)
    union = area + wanted_area - shared
    hull = (torch.maximum(left, wanted_left) + torch.maximum(right, wanted_right)) * (
        torch.maximum(top, wanted_top) + torch.maximum(bottom, wanted_bottom)
    )
    return shared / union.clamp(min=1e-6) - (hull - union) / hull.clamp(min=1e-6)
