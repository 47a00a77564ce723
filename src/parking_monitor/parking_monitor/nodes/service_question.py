"""Ask a service one thing, without waiting for it, and give up at a deadline."""

from collections.abc import Callable
from typing import Any

from rclpy.node import Node


class ServiceQuestion:
    """Send a request as soon as the service is there; its client lives no longer than the question.

    Args:
        node: that asks; all happens on the thread of its executor.
        service_type: of the service.
        name: of the service.
        request: what is asked.
        until_s: deadline, in the seconds that `step` is given.
        answered: called with the response; with None when there was none in time.
    """

    def __init__(
        self,
        node: Node,
        service_type: Any,
        name: str,
        request: Any,
        *,
        until_s: float,
        answered: Callable[[Any], None],
    ) -> None:
        self._node = node
        self._client = node.create_client(service_type, name)
        self._request = request
        self._until_s = until_s
        self._answered = answered
        self._is_sent = self._is_over = False

    def step(self, now_s: float) -> None:
        """Send what was not sent yet, or give up; call it now and then."""
        if self._is_over:
            return
        if now_s >= self._until_s:
            self.drop()
            self._answered(None)
        elif not self._is_sent and self._client.service_is_ready():
            self._is_sent = True
            self._client.call_async(self._request).add_done_callback(self._on_answer)

    def drop(self) -> None:
        """Want no answer any more."""
        if not self._is_over:
            self._is_over = True
            self._node.destroy_client(self._client)

    def _on_answer(self, future: Any) -> None:
        if not self._is_over:
            self.drop()
            self._answered(future.result())
