"""The network and its loss behave as the targets expect; needs the training extra."""

import numpy as np
import pytest

torch = pytest.importorskip('torch', reason='PyTorch is a training extra: requirements/train.in')

from models.training.fit import Plan, rate_share, tensors_of  # noqa: E402
from models.training.loss import detection_loss, generalised_overlap  # noqa: E402
from models.training.network import CentreNetwork  # noqa: E402
from models.training.sample import INPUT_HEIGHT, INPUT_WIDTH, NO_BOXES, Sample, as_boxes  # noqa: E402


def test_the_network_answers_at_a_quarter_of_the_size() -> None:
    heat, sides = CentreNetwork().eval()(torch.zeros(2, 3, INPUT_HEIGHT, INPUT_WIDTH))
    assert heat.shape == (2, 1, INPUT_HEIGHT // 4, INPUT_WIDTH // 4)
    assert sides.shape == (2, 4, INPUT_HEIGHT // 4, INPUT_WIDTH // 4)
    assert float(sides.detach().min()) > 0


def test_overlap_of_equal_boxes_is_one_and_of_distant_ones_negative() -> None:
    box = torch.tensor([[4.0, 4.0, 4.0, 4.0]])
    assert float(generalised_overlap(box, box)) == pytest.approx(1)
    assert float(generalised_overlap(torch.tensor([[30.0, 4.0, -20.0, 4.0]]), box)) < 0


def test_the_right_answer_costs_less_than_a_wrong_one() -> None:
    sample = Sample(
        np.zeros((INPUT_HEIGHT, INPUT_WIDTH, 3), np.uint8), as_boxes([[40, 60, 100, 90]]), NO_BOXES
    )
    _, heat, asked, sides, weight = (tensor[None] for tensor in tensors_of(sample))
    right = torch.where(heat == 1, 6.0, -6.0)[:, None]
    wanted = {'wanted_heat': heat, 'asked': asked, 'wanted_sides': sides, 'weight': weight}
    best = sum(detection_loss(right, sides.clamp(min=1), **wanted))
    worst = sum(detection_loss(-right, sides.clamp(min=1) * 3, **wanted))
    assert float(best) < 0.2
    assert float(worst) > 10


def test_the_learning_rate_rises_then_falls() -> None:
    plan = Plan(steps=1000, warm_up=100)
    shares = [rate_share(step, plan) for step in range(1, 1001)]
    assert shares[:99] == sorted(shares[:99])
    assert shares[100:] == sorted(shares[100:], reverse=True)
    assert max(shares) == pytest.approx(1)
    assert shares[-1] < 0.02


def test_the_learning_rate_falls_with_the_time_limit_where_steps_are_slow() -> None:
    plan = Plan(steps=1000, warm_up=100, limit_s=60)
    assert rate_share(200, plan, elapsed_s=6) == pytest.approx(rate_share(200, plan))
    assert rate_share(200, plan, elapsed_s=60) < 0.02
    assert rate_share(200, plan, elapsed_s=90) < 0.02
