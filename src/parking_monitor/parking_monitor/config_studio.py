"""Read where new models come from: the section `studio` of fleet.yaml."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from parking_monitor.config_fields import Section, Text

BASE_URL = 'https://studio.edgeimpulse.com/v1'  # without httpx, which the API's own module imports
_OWN_HOSTS = frozenset({'localhost', '127.0.0.1', '::1'})


def _address(value: str) -> str:
    parts = urlsplit(value)
    is_safe = parts.scheme == 'https' or (parts.scheme == 'http' and parts.hostname in _OWN_HOSTS)
    if not is_safe or not parts.hostname or parts.query or parts.fragment or '@' in parts.netloc:
        raise ValueError(f'must be an address such as {BASE_URL}, with https: the key is sent there')
    return value


class Studio(Section):
    """The project of Edge Impulse Studio that new models come from.

    The key comes from EI_API_KEY_IMAGE alone, and without it nothing is fetched.
    """

    project: Text | None = None
    interval_s: Annotated[float, Field(ge=60, le=604_800)] = 3600.0
    api: Annotated[Text, AfterValidator(_address)] = BASE_URL
