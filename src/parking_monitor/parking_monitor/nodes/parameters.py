"""Declare parameters with a type, a range, a unit and a description."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter

Value = TypeVar('Value', bool, int, float, str, list[str])


def declare(
    node: Node,
    name: str,
    default: Value,
    description: str,
    *,
    limits: tuple[float, float] | None = None,
    fixed: bool = True,
) -> Value:
    """Declare a parameter and return its value.

    Args:
        node: that the parameter belongs to.
        name: with the unit, where there is one.
        default: also sets the type.
        description: what it is, for `ros2 param describe`.
        limits: smallest and largest value allowed, for numbers.
        fixed: whether it can only be set at the start.

    Raises:
        rclpy.exceptions.InvalidParameterValueException: when the value given
            at the start is outside of the limits.
    """
    # rclpy takes an empty list for bytes, so such a parameter is declared by its type and without a value.
    is_empty = default == []
    parameter_type = Parameter.Type.STRING_ARRAY if is_empty else Parameter.Type.from_parameter_value(default)
    descriptor = ParameterDescriptor(
        name=name, type=parameter_type.value, description=description, read_only=fixed
    )
    if limits and isinstance(default, float):
        descriptor.floating_point_range = [FloatingPointRange(from_value=limits[0], to_value=limits[1])]
    elif limits:
        descriptor.integer_range = [IntegerRange(from_value=int(limits[0]), to_value=int(limits[1]), step=1)]
    initial = parameter_type if is_empty else default
    given = node.declare_parameter(name, initial, descriptor).value
    value: Value = default if given is None else given
    return value


def on_change(node: Node, handlers: Mapping[str, Callable[[Any], None]]) -> None:
    """Call a parameter's handler with its new value; a ValueError refuses it with its text.

    The value has the declared type and is within the declared limits: rclpy saw to it.
    """

    def apply(parameters: list[Parameter]) -> SetParametersResult:
        try:
            for parameter in parameters:
                if parameter.name in handlers:
                    handlers[parameter.name](parameter.value)
        except ValueError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    node.add_on_set_parameters_callback(apply)
