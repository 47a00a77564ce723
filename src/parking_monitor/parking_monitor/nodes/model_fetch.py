"""Have a model that the cloud names fetched from Edge Impulse Studio, by the device's model_keeper."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from parking_msgs.srv import FetchModel
from rclpy.node import Node

from parking_monitor.detection import model_store
from parking_monitor.detection.studio.store import StudioStore
from parking_monitor.nodes.parameters import declare
from parking_monitor.nodes.service_question import ServiceQuestion


class ModelFetch:
    """Ask the model_keeper for models; one that is there is asked for too, so that it is kept.

    Args:
        node: that asks; declares the parameter `model_keeper`.
        store: of the models of Studio.
    """

    def __init__(self, node: Node, store: StudioStore) -> None:
        self._node = node
        self._store = store
        self.is_possible = declare(
            node, 'model_keeper', False, 'Whether a model_keeper runs on this device, which fetches models'
        )
        self._service = f'{node.get_namespace().rstrip("/")}/model_keeper/fetch'

    def is_needed(self, path: str, fetched: str) -> bool:
        """Return whether a model has to be asked for before it is used.

        Args:
            path: of the model.
            fetched: of the last that the model_keeper said to be there.
        """
        return self.is_possible and path != fetched and self._store.holds(Path(path))

    def is_there(self, path: str) -> bool:
        """Return whether a model's file is on the device."""
        return Path(path).is_file()

    def ask(self, path: str, until_s: float, answered: Callable[[str, Any], None]) -> ServiceQuestion:
        """Ask for a model; `answered` gets its path and the response, or None when there was none."""
        model = model_store.model_of(path)
        request = FetchModel.Request(name=model.name, version=model.version)
        return ServiceQuestion(
            self._node, FetchModel, self._service, request, until_s=until_s, answered=partial(answered, path)
        )
