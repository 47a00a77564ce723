"""Make offers, looks and documents of shadows."""

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from parking_monitor.cloud.shadow import Look, Shadow
from parking_monitor.cloud.shadow_document import Json
from parking_monitor.cloud.shadow_file import Kept
from parking_monitor.cloud.shadow_settings import FIELDS, Offer
from parking_monitor.places_setting import describe_layouts, read_zones

MODELS = {('lot', '1'): '/models/lot-v1.eim', ('lot', '2'): '/models/lot-v2.eim'}


def an_offer(*, no_telegram: str = '') -> Offer:
    def find(name: str, version: str) -> str:
        if (name, version) not in MODELS:
            raise ValueError(f'model {name} {version} is not there')
        return MODELS[name, version]

    return Offer(
        find_model=find,
        describe_model=lambda path: {'name': path, 'version': ''},
        read_zones=lambda wanted: read_zones(wanted, {'lane': '{}'}),
        describe_zones=lambda texts: describe_layouts({name: str(text) for name, text in texts.items()}),
        refused_modes={'collect': 'no collector runs here'},
        no_telegram=no_telegram,
    )


def a_shadow(desired: Mapping[str, Any] | None = None, kept: Kept | None = None, **offer: Any) -> Shadow:
    shadow = Shadow(an_offer(**offer), kept)
    if desired is not None:
        shadow.look(Look(desired, version=1))
    return shadow


def an_answer(version: int, token: str = '', **state: Any) -> bytes:
    body = {'state': state, 'metadata': {}, 'version': version, 'timestamp': 1}
    return json.dumps({**body, 'clientToken': token} if token else body).encode()


_TEXTS = st.text(max_size=8) | st.sampled_from(
    ['count', 'collect', 'lot', '1', 'name', 'version', 'caf\xe9 \ud800']
)
_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.floats(min_value=0, max_value=2)
    | st.integers(1, 100)
    | _TEXTS
)
_VALUES: st.SearchStrategy[Any] = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(_TEXTS, inner, max_size=4)
        | st.fixed_dictionaries(
            {'name': st.just('lot') | inner, 'version': st.sampled_from([1, '2', 3]) | inner}
        )
    ),
    max_leaves=8,
)
DESIRED: st.SearchStrategy[dict[str, Json]] = st.dictionaries(
    st.sampled_from(FIELDS) | st.text(max_size=3).map(lambda text: 30 * text), _VALUES, max_size=15
)
"""What could stand under `desired`: settings that are good, nearly good, and anything else."""
