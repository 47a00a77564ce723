"""Put the refusals of pydantic into words: file, line, field, value and what is allowed."""

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import get_args

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_core import ErrorDetails

from parking_monitor.camera.address import redact
from parking_monitor.yaml_source import FieldPath, YamlSource

Overridden = Mapping[FieldPath, str]
"""Fields whose values came from the environment, with the variable's name."""


def explain(
    error: ValidationError, model: type[BaseModel], source: YamlSource, overridden: Overridden
) -> Iterator[str]:
    """Yield one line for each problem, in the order of the file's fields."""
    problems = error.errors(include_url=False)
    for details in problems:
        if not _follows_from_another(details, problems):
            yield _explain(details, model, source, overridden)


def _follows_from_another(details: ErrorDetails, problems: list[ErrorDetails]) -> bool:
    """Tell whether a list is only called too short because one of its items is wrong."""
    path = details['loc']
    return details['type'] == 'too_short' and any(
        len(other['loc']) > len(path) and other['loc'][: len(path)] == path for other in problems
    )


def _explain(
    details: ErrorDetails, model: type[BaseModel], source: YamlSource, overridden: Overridden
) -> str:
    path = details['loc']
    variable = next((name for field, name in overridden.items() if path[: len(field)] == field), None)
    where = f'environment {variable}' if variable else f'{source.name}:{source.line_of(path)}'
    return f'{where}: {dotted(path)}: {_complaint(details, model, source, overridden)}'


def _complaint(
    details: ErrorDetails, model: type[BaseModel], source: YamlSource, overridden: Overridden
) -> str:
    path = details['loc']
    message = _in_words(details['msg'].removeprefix('Value error, '))
    if details['type'] == 'missing':
        return 'is missing; it has no default'
    if details['type'] == 'extra_forbidden':
        allowed = sorted(_fields_at(model, path[:-1]))
        close = difflib.get_close_matches(str(path[-1]), allowed, n=1)
        hint = f'did you mean {close[0]}? ' if close else ''
        return f'is not a field; {hint}allowed: {", ".join(allowed)}'
    if path and _holds_a_secret(model, path):
        return f'is not valid: {message}'
    value = details['input'] if path in overridden else value_at(source.content, path)
    if value is None:
        return message
    return f'{_shortened(value)} is not valid: {message}'


def _in_words(message: str) -> str:
    """Say what pydantic says in the words of YAML."""
    for theirs, ours in (('a valid tuple', 'a list'), ('Tuple should', 'The list should')):
        message = message.replace(theirs, ours)
    return re.sub(r'a valid dictionary or instance of \w+', 'a section with fields', message)


def _fields_at(model: type[BaseModel], path: FieldPath) -> Iterator[str]:
    """Name the fields of the section that a path leads to, less those that are secrets."""
    for part in path:
        if isinstance(part, str):
            found = _section_of(model.model_fields[part].annotation)
            if found is None:
                return
            model = found
    yield from (name for name in model.model_fields if not _holds_a_secret(model, (name,)))


def _holds_a_secret(model: type[BaseModel], path: FieldPath) -> bool:
    section = model
    for part in path:
        if not isinstance(part, str) or part not in section.model_fields:
            continue
        annotation = section.model_fields[part].annotation
        if annotation is SecretStr or SecretStr in get_args(annotation):
            return True
        section = _section_of(annotation) or section
    return False


def _section_of(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _section_of(part))), None)


def value_at(content: object, path: FieldPath) -> object:
    """Return what stands at a path, or the nearest value around it; None where a key is missing."""
    for part in path:
        if isinstance(content, dict):
            content = content.get(part)
        elif isinstance(content, list) and isinstance(part, int) and part < len(content):
            content = content[part]
        else:
            return content
    return content


def _shortened(value: object) -> str:
    # An address may carry a password, and stand anywhere in the value.
    text = redact(repr(value)) if '://' in str(value) else repr(value)
    return text if len(text) <= 60 else text[:57] + '...'


def dotted(path: FieldPath) -> str:
    """Write a path as people do: `cameras[0].zones[1].name`."""
    text = ''.join(f'[{part}]' if isinstance(part, int) else f'.{part}' for part in path)
    return text.lstrip('.') or '(the whole file)'
