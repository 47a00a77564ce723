"""Hold what the program needs to know of its model, as it lies in the archive."""

import json
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Input:
    """Say how pixels become the model's input tensor.

    Attributes:
        name: of the tensor.
        layout: 'nchw', 'nhwc' or 'chw'.
        dtype: 'float32' or 'uint8'.
        order: of the channels, 'rgb' or 'bgr'; of no meaning for grey.
        mean: taken off each channel, in that order, on the scale 0 to 255.
        std: what each channel is divided by after that.
    """

    name: str
    layout: str
    dtype: str
    order: str
    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True)
class Settings:
    """Hold all about the model but its weights.

    Attributes:
        hello: the hello answer, without id and shared memory.
        family: which module decodes the outputs.
        classes: the label of each class id that is wanted.
        overlap: boxes of one label that overlap more (intersection over union) are one object.
        boxes: for SSD, how a box is written: 'xyxy' (pixels), 'xyxy-fraction' or 'yxyx-fraction'.
        threads: of ONNX Runtime for one inference.
    """

    hello: dict[str, Any]
    family: str
    input: Input
    classes: dict[int, str]
    overlap: float
    boxes: str = ''
    threads: int = 1

    @property
    def size(self) -> tuple[int, int]:
        """Return width and height of the model's input in pixels."""
        model = self.hello['model_parameters']
        return model['image_input_width'], model['image_input_height']

    @property
    def channels(self) -> int:
        """Return 1 for grey, 3 for colour."""
        channels: int = self.hello['model_parameters']['image_channel_count']
        return channels

    def to_json(self) -> str:
        """Write the settings as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str | bytes) -> 'Settings':
        """Read what `to_json` wrote."""
        fields = json.loads(text)
        fields['input'] = Input(**fields['input'])
        fields['classes'] = {int(number): label for number, label in fields['classes'].items()}
        return cls(**fields)
