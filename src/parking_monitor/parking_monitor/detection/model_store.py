"""Find the operator's models by name and version in a folder of the device.

A file is called `<name>-v<version>.eim`. Edge Impulse's own name for a download,
`<name>-linux-<processor>-v<version>.eim`, is read as the same name and version.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from parking_monitor.detection.errors import ModelFileError

RULE = '<name>-v<version>.eim'
_FILE_NAME = re.compile(
    r'(?P<name>.+?)(-linux-[a-z0-9_]+)?-v(?P<version>[A-Za-z0-9][A-Za-z0-9._]*)\.eim', re.IGNORECASE
)
_MOST_LISTED = 8


@dataclass(frozen=True, slots=True, order=True)
class StoredModel:
    """Hold the name and version of a model, as its file says them."""

    name: str
    version: str

    def __str__(self) -> str:
        return f'{self.name} {self.version}'.strip()


def model_of(file: Path | str) -> StoredModel:
    """Return what a model's file name says; the version is empty where the name has none."""
    path = Path(file)
    match = _FILE_NAME.fullmatch(path.name)
    return StoredModel(match['name'], match['version']) if match else StoredModel(path.stem, '')


def list_models(folder: Path) -> dict[StoredModel, list[Path]]:
    """Return the files of each model in a folder; none where there is no folder.

    Raises:
        ModelFileError: when the folder cannot be read.
    """
    try:
        files = sorted(path for path in folder.iterdir() if _FILE_NAME.fullmatch(path.name))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ModelFileError(f'the models in {folder} cannot be read: {error.strerror}') from error
    found: dict[StoredModel, list[Path]] = {}
    for file in files:
        found.setdefault(model_of(file), []).append(file)
    return found


def find_model(folder: Path, name: str, version: str) -> Path:
    """Return the file of a model.

    Raises:
        ModelFileError: when there is none, or more than one; it says which models are there.
    """
    found = list_models(folder)
    files = found.get(StoredModel(name, version), [])
    if len(files) == 1:
        return files[0]
    if files:
        names = ', '.join(file.name for file in files)
        raise ModelFileError(f'model {name} {version} is there more than once, as {names}; leave one of them')
    raise ModelFileError(
        f'model {name} {version} is not in {folder}; {_listed(sorted(found))}; files are named {RULE}'
    )


def _listed(models: list[StoredModel]) -> str:
    if not models:
        return 'there is none'
    more = f' and {len(models) - _MOST_LISTED} more' if len(models) > _MOST_LISTED else ''
    return f'there are {", ".join(map(str, models[:_MOST_LISTED]))}{more}'
