"""Read YAML and remember on which line each field stands, for errors that point at it."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

FieldKey = str | int
FieldPath = tuple[FieldKey, ...]

_MAX_BYTES = 1_000_000


class YamlError(ValueError):
    """Say what is wrong with a YAML file, and where."""


@dataclass(frozen=True)
class YamlSource:
    """Hold the content of a YAML file and the line of each of its fields."""

    name: str
    content: object
    lines: Mapping[FieldPath, int]

    def line_of(self, path: Sequence[FieldKey]) -> int:
        """Return the line of a field, or of the nearest field around it that is there."""
        for length in range(len(path), 0, -1):
            line = self.lines.get(tuple(path[:length]))
            if line is not None:
                return line
        return 1


class _LineLoader(yaml.SafeLoader):
    """Load plain YAML and refuse a key that stands twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        seen: dict[str, int] = {}
        for key_node, _ in node.value:
            if isinstance(key_node, yaml.ScalarNode):
                line = key_node.start_mark.line + 1
                if key_node.value in seen:
                    raise YamlError(
                        f'{line}: {key_node.value}: stands twice, first on line {seen[key_node.value]}'
                    )
                seen[key_node.value] = line
        return super().construct_mapping(node, deep=deep)


def read_yaml(path: Path) -> YamlSource:
    """Read a YAML file of at most 1 MB.

    Raises:
        YamlError: when it is missing, not a file, too large or not YAML; the
            message begins with the file and, where there is one, the line.
    """
    try:
        if path.is_file() and path.stat().st_size > _MAX_BYTES:
            raise YamlError(f'{path}: larger than {_MAX_BYTES} bytes, which no configuration is')
        text = path.read_text(encoding='utf-8')
    except OSError as error:
        raise YamlError(f'{path}: cannot be read: {error.strerror}') from error
    except UnicodeDecodeError as error:
        raise YamlError(f'{path}: is not UTF-8 text (byte {error.start})') from error
    return parse_yaml(text, name=str(path))


def parse_yaml(text: str, *, name: str) -> YamlSource:
    """Parse YAML text; `name` stands for the file in errors.

    Raises:
        YamlError: when it is not plain YAML, or a key stands twice in one mapping.
    """
    try:
        content, node = _construct(text)
        lines: dict[FieldPath, int] = {}
        if node is not None:
            _collect_lines(node, (), lines)
    except YamlError as error:
        raise YamlError(f'{name}:{error}') from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise YamlError(f'{name}:{line}: not valid YAML: {error.problem}') from error
    except RecursionError:
        raise YamlError(f'{name}: nested too deeply, or an alias that holds itself') from None
    except (yaml.YAMLError, ValueError) as error:
        raise YamlError(f'{name}: not valid YAML: {error}') from error
    return YamlSource(name=name, content=content, lines=lines)


def _construct(text: str) -> tuple[object, yaml.Node | None]:
    loader = _LineLoader(text)
    try:
        node = loader.get_single_node()
        return (loader.construct_document(node) if node is not None else None), node
    finally:
        loader.dispose()


def _collect_lines(node: yaml.Node, path: FieldPath, lines: dict[FieldPath, int]) -> None:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key_node, value_node in node.value:
            if isinstance(key_node, yaml.ScalarNode):
                key_path = (*path, key_node.value)
                lines[key_path] = key_node.start_mark.line + 1
                _collect_lines(value_node, key_path, lines)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _collect_lines(item, (*path, index), lines)
