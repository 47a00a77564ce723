"""Build the network: a small residual backbone, a feature pyramid, a centre-point head.

Plain 3x3 convolutions and ReLU: of the shapes tried they are the fastest as int8 on a
CPU, and the fastest to train there. The head follows CenterNet (Zhou et al. 2019,
'Objects as Points') and regresses distances to the four sides as FCOS does (Tian et
al. 2019).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

BLOCK = 4
"""Pixels across and down that become one cell of many channels at once: nothing runs at full size."""
WIDTHS = (32, 64, 96, 128)
"""Channels at stride 4, 8, 16 and 32."""
BLOCKS = (1, 1, 2, 1)
"""Residual blocks at each of them."""
PYRAMID = 32
SIDE_SCALE = 16.0
"""Distance to a side, in pixels, that a box output of zero means."""
SIDE_RANGE = 3.2
"""Limit of the box output before the exponential: sides from 0.65 to 390 pixels."""


def convolution(
    channels_in: int, channels_out: int, stride: int = 1, *, activated: bool = True
) -> nn.Sequential:
    """Return a 3x3 convolution with batch normalisation and, unless told otherwise, ReLU."""
    layers: list[nn.Module] = [
        nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False),
        nn.BatchNorm2d(channels_out),
    ]
    if activated:
        layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(*layers)


class Residual(nn.Module):
    """Two convolutions beside a direct way."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = convolution(channels, channels)
        self.second = convolution(channels, channels, activated=False)

    def forward(self, features: Tensor) -> Tensor:
        """Return features of the same shape."""
        return functional.relu(features + self.second(self.first(features)))


class CentreNetwork(nn.Module):
    """Answer a picture with scores and boxes at stride 4."""

    def __init__(self) -> None:
        super().__init__()
        self.cells = nn.PixelUnshuffle(BLOCK)
        before, strides = (3 * BLOCK**2, *WIDTHS[:-1]), (1, 2, 2, 2)
        self.stages = nn.ModuleList(
            nn.Sequential(convolution(narrow, width, stride), *(Residual(width) for _ in range(blocks)))
            for narrow, width, stride, blocks in zip(before, WIDTHS, strides, BLOCKS, strict=True)
        )
        self.lateral = nn.ModuleList(nn.Conv2d(width, PYRAMID, 1) for width in WIDTHS)
        self.fuse = nn.ModuleList(convolution(PYRAMID, PYRAMID) for _ in WIDTHS[:-1])
        self.head = convolution(PYRAMID, PYRAMID)
        self.heat = nn.Conv2d(PYRAMID, 1, 1)
        self.box = nn.Conv2d(PYRAMID, 4, 1)
        # Almost every cell is empty: begin there, or the first steps are spent on it.
        nn.init.constant_(self.heat.bias, -4.0)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Return heat logits (n, 1, h/4, w/4) and distances (n, 4, h/4, w/4) for RGB 0..255 (n, 3, h, w)."""
        features = self.cells(image * (1 / 64) - 2)
        levels = []
        for stage in self.stages:
            features = stage(features)
            levels.append(features)
        merged = self.lateral[-1](levels[-1])
        for level in reversed(range(len(levels) - 1)):
            larger = functional.interpolate(merged, scale_factor=2.0, mode='nearest')
            merged = self.fuse[level](larger + self.lateral[level](levels[level]))
        merged = self.head(merged)
        sides = torch.exp(self.box(merged).float().clamp(-SIDE_RANGE, SIDE_RANGE)) * SIDE_SCALE
        return self.heat(merged).float(), sides


class Detector(nn.Module):
    """The network as it is exported: scores instead of logits."""

    def __init__(self, network: CentreNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Return scores 0..1 and distances in pixels."""
        heat, sides = self.network(image)
        return torch.sigmoid(heat), sides
