"""Keep the JSON Schemas of the messages beside their models.

`python -m parking_monitor.cloud.json_schemas` writes them anew after a change.
"""

import json
from pathlib import Path

from pydantic import BaseModel

from parking_monitor.cloud.forwarded_message import FORWARDED_SCHEMA, ForwardedMessage
from parking_monitor.cloud.messages import (
    COUNT_SCHEMA,
    CROSSING_SCHEMA,
    PRESENCE_SCHEMA,
    CountMessage,
    CrossingMessage,
    PresenceMessage,
)

FOLDER = Path(__file__).parent / 'schemas'


def schema_files() -> dict[str, str]:
    """Return the text of each schema file by its name in `schemas/`."""
    return {
        'parking.count.1.json': _schema_text(CountMessage, COUNT_SCHEMA),
        'parking.crossing.1.json': _schema_text(CrossingMessage, CROSSING_SCHEMA),
        'parking.ros.1.json': _schema_text(ForwardedMessage, FORWARDED_SCHEMA),
        'parking.presence.1.json': _schema_text(PresenceMessage, PRESENCE_SCHEMA),
    }


def write_schemas(folder: Path = FOLDER) -> None:
    """Write every schema file."""
    folder.mkdir(exist_ok=True)
    for name, text in schema_files().items():
        (folder / name).write_text(text)


def _schema_text(model: type[BaseModel], name: str) -> str:
    schema = {
        '$schema': 'https://json-schema.org/draft/2020-12/schema',
        '$id': f'urn:{name.replace("/", ":")}',
        **model.model_json_schema(by_alias=True, mode='serialization'),
    }
    return json.dumps(schema, indent=2) + '\n'


if __name__ == '__main__':
    write_schemas()
