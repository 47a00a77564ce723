"""Describe a scene: what stands where, who drives when, and how the camera sees it.

A scene is a YAML file; the ones of the package lie in `scenes/`. Places are metres,
x to the east and y to the north, on flat ground. Compass angles (`*azimuth*`, `pan_deg`)
run clockwise from north, headings of things counter-clockwise from east.
"""

from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_type_hints

import yaml
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from parking_monitor.simulation.errors import SceneError

Point = tuple[float, float]
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Colour = Annotated[str, Field(pattern=r'^(#[0-9a-fA-F]{6}|[a-z]+)$')]
BodyName = Literal['city', 'hatchback', 'saloon', 'estate', 'suv', 'coupe', 'minivan', 'van', 'pickup']
Surface = Literal['asphalt', 'concrete', 'gravel', 'cobbles', 'table']
ObstacleKind = Literal[
    'tree', 'bush', 'bin', 'pole', 'pillar', 'wall', 'building', 'truck', 'kerb', 'planter'
]
WalkerKind = Literal['person', 'bicycle', 'trolley']

_STRICT = ConfigDict(extra='forbid')


@dataclass(frozen=True, config=_STRICT)
class Camera:
    """Hold the pose and lens of the camera; a field of view is across the picture's width."""

    x: float = 0.0
    y: float = 0.0
    height: Annotated[float, Field(gt=0.3, le=60)] = 6.0
    pan_deg: float = 0.0
    tilt_deg: Annotated[float, Field(ge=5, le=90)] = 35.0
    roll_deg: Annotated[float, Field(ge=-30, le=30)] = 0.0
    fov_deg: Annotated[float, Field(ge=10, le=130)] = 70.0
    distortion: Annotated[float, Field(ge=-0.3, le=0.3)] = 0.0


@dataclass(frozen=True, config=_STRICT)
class Ground:
    """Hold what the ground is made of; brightness is its linear reflectance."""

    surface: Surface = 'asphalt'
    brightness: Annotated[float, Field(ge=0.01, le=0.9)] = 0.13
    tint: Annotated[float, Field(ge=-1, le=1)] = 0.0
    stains: Share = 0.4
    grain: Share = 0.4
    lot: tuple[Point, ...] = ()
    verge: Literal['grass', 'pavement', 'earth'] = 'grass'
    texture_seed: int = 0


@dataclass(frozen=True, config=_STRICT)
class Sun:
    """Hold the sun at a time; strength 0 is an overcast sky."""

    azimuth_deg: float = 200.0
    elevation_deg: Annotated[float, Field(ge=-90, le=90)] = 45.0
    strength: Share = 0.8
    ambient: NotNegative = 1.0
    at_s: NotNegative = 0.0


@dataclass(frozen=True, config=_STRICT)
class LampPost:
    """Hold a street lamp; colour `sodium` is orange, `white` is neutral."""

    at: Point
    height: Positive = 7.0
    strength: NotNegative = 1.0
    colour: Literal['sodium', 'white'] = 'sodium'
    post: bool = True


@dataclass(frozen=True, config=_STRICT)
class Lighting:
    """Hold the light: the sun at one or several times, lamps, and the camera's exposure."""

    sun: tuple[Sun, ...] = (Sun(),)
    lamps: tuple[LampPost, ...] = ()
    exposure: Positive = 1.0


@dataclass(frozen=True, config=_STRICT)
class Fog:
    """Hold the density of fog from a time on, as extinction per metre; 0.3 hides a car at 10 m."""

    density: NotNegative
    at_s: NotNegative = 0.0


@dataclass(frozen=True, config=_STRICT)
class Weather:
    """Hold wet ground (0..1), rain (0..1), and fog over time, linear between its times."""

    wet: Share = 0.0
    rain: Share = 0.0
    fog: tuple[Fog, ...] = ()


@dataclass(frozen=True, config=_STRICT)
class BayRow:
    """Hold a row of bays.

    Attributes:
        name: the bays are called name1, name2, ...
        origin: the corner of the first bay at the row's open side.
        direction_deg: where the row goes from there.
        count: how many bays.
        width, depth: of one bay.
        angle_deg: direction of a bay's depth, from its mouth to its end.
        lines: how the bays are painted.
        lane: the lane that serves the row; where none is named, the one nearest to its middle.
    """

    name: str
    origin: Point
    direction_deg: float
    count: Annotated[int, Field(ge=1, le=200)]
    angle_deg: float
    width: Positive = 2.5
    depth: Positive = 5.0
    lines: Literal['sides', 'box', 'corners', 'none'] = 'sides'
    lane: str | None = None


@dataclass(frozen=True, config=_STRICT)
class Lane:
    """Hold the path of cars, in driving direction; speed in metres a second."""

    name: str
    points: Annotated[tuple[Point, ...], Field(min_length=2)]
    speed: Positive = 5.0


@dataclass(frozen=True, config=_STRICT)
class Gate:
    """Hold a line; a car that crosses it from the left of start-to-end to the right enters."""

    name: str
    start: Point
    end: Point


@dataclass(frozen=True, config=_STRICT)
class Zone:
    """Hold an area by its corners."""

    name: str
    polygon: Annotated[tuple[Point, ...], Field(min_length=3)]
    capacity: Annotated[int, Field(ge=0)] = 0


@dataclass(frozen=True, config=_STRICT)
class Marking:
    """Hold paint on the ground: a line, an arrow, a zebra crossing or a hatched area."""

    kind: Literal['line', 'arrow', 'zebra', 'hatch']
    points: Annotated[tuple[Point, ...], Field(min_length=2)]
    width: Positive = 0.12
    colour: Literal['white', 'yellow'] = 'white'


@dataclass(frozen=True, config=_STRICT)
class Obstacle:
    """Hold a thing that stands and hides, from and until a time; size is length, width, height."""

    kind: ObstacleKind
    at: Point
    size: tuple[Positive, Positive, Positive] | None = None
    heading_deg: float = 0.0
    colour: Colour | None = None
    from_s: NotNegative = 0.0
    until_s: Positive | None = None


@dataclass(frozen=True, config=_STRICT)
class Pause:
    """Hold a stop: so many metres along the car's lane, for so long."""

    at_m: NotNegative
    for_s: Positive


@dataclass(frozen=True, config=_STRICT)
class ScriptedCar:
    """Hold what one car does.

    Attributes:
        at_s: when it appears; at 0 with `parked` or `place` it is there from the start.
        lane: by which lane it comes.
        park: in which bay; without, it drives through.
        parked: the bay it stands in from the start; place: or x, y, heading in degrees.
        stay_s: how long it stays; without, for good.
        leave_by: the lane it leaves by; the lane of its bay where none is named.
        nose_out: it was backed into its bay; such a car stays.
    """

    at_s: NotNegative = 0.0
    lane: str | None = None
    park: str | None = None
    parked: str | None = None
    place: tuple[float, float, float] | None = None
    stay_s: Positive | None = None
    leave_by: str | None = None
    pauses: tuple[Pause, ...] = ()
    speed: Positive | None = None
    body: BodyName | None = None
    colour: Colour | None = None
    nose_out: bool = False
    lights: bool = False


@dataclass(frozen=True, config=_STRICT)
class Rate:
    """Hold traffic by chance: cars an hour, the share that parks, and how long they stay."""

    cars_per_hour: NotNegative
    lanes: tuple[str, ...]
    park_share: Share = 1.0
    stay_min_s: NotNegative = 60.0
    stay_mean_s: Positive = 600.0
    full_at_start: Share = 0.0
    start_s: NotNegative = 0.0
    until_s: Positive | None = None
    stops: tuple[Pause, ...] = ()


@dataclass(frozen=True, config=_STRICT)
class Traffic:
    """Hold the cars: a script, a rate, or both."""

    script: tuple[ScriptedCar, ...] = ()
    rate: Rate | None = None


@dataclass(frozen=True, config=_STRICT)
class Walker:
    """Hold a person, bicycle or trolley on a path; with one point it stands there."""

    kind: WalkerKind
    path: Annotated[tuple[Point, ...], Field(min_length=1)]
    speed: Positive = 1.3
    start_s: float = 0.0
    every_s: Positive | None = None
    colour: Colour | None = None


@dataclass(frozen=True, config=_STRICT)
class ExposureStep:
    """Hold a jump of the exposure: a factor from a time on."""

    at_s: NotNegative
    factor: Annotated[float, Field(gt=0.05, le=10)]


@dataclass(frozen=True, config=_STRICT)
class Faults:
    """Hold what the camera does wrong; noise is the standard deviation in display values."""

    shake_px: Annotated[float, Field(ge=0, le=30)] = 0.0
    noise: Annotated[float, Field(ge=0, le=40)] = 2.0
    jpeg_quality: Annotated[int, Field(ge=5, le=100)] | None = 80
    exposure_steps: tuple[ExposureStep, ...] = ()
    shutter_s: Annotated[float, Field(ge=0, le=0.5)] = 0.012
    vignette: Share = 0.25
    blur_px: Annotated[float, Field(ge=0, le=6)] = 0.0
    cast: tuple[float, float, float] = (1.0, 1.0, 1.0)


@dataclass(frozen=True, config=_STRICT)
class Scene:
    """Hold a whole scene; `rate_hz` and `duration_s` are what it is meant to be watched at."""

    name: str
    description: str
    camera: Camera
    duration_s: Positive | None = 60.0
    rate_hz: Annotated[float, Field(gt=0, le=60)] = 10.0
    seed: Annotated[int, Field(ge=0)] = 0
    ground: Ground = Ground()
    light: Lighting = Lighting()
    weather: Weather = Weather()
    bays: tuple[BayRow, ...] = ()
    lanes: tuple[Lane, ...] = ()
    gates: tuple[Gate, ...] = ()
    zones: tuple[Zone, ...] = ()
    markings: tuple[Marking, ...] = ()
    obstacles: tuple[Obstacle, ...] = ()
    traffic: Traffic = Traffic()
    walkers: tuple[Walker, ...] = ()
    faults: Faults = Faults()


_ADAPTER = TypeAdapter(Scene)
_FOLDER = Path(__file__).parent / 'scenes'


def scene_names() -> tuple[str, ...]:
    """Return the names of the scenes that the package ships."""
    return tuple(sorted(path.stem for path in _FOLDER.glob('*.yaml')))


def load_scene(name_or_path: str | Path) -> Scene:
    """Return a shipped scene by its name, or one of your own by the path of its YAML file.

    Raises:
        SceneError: when there is no such scene, or a field of it is not allowed.
    """
    path = Path(name_or_path)
    if path.suffix not in {'.yaml', '.yml'}:
        path = _FOLDER / f'{name_or_path}.yaml'
        if not path.is_file():
            raise SceneError(
                'scene', 'name', str(name_or_path), f'{", ".join(scene_names())}, or a .yaml file'
            )
    try:
        content = yaml.safe_load(path.read_text(encoding='utf-8'))
    except OSError as error:
        raise SceneError(str(path), 'file', str(path), f'a readable file ({error.strerror})') from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SceneError(path.name, 'file', str(error).replace('\n', ' '), 'valid YAML') from error
    if not isinstance(content, dict):
        raise SceneError(path.name, 'file', content, 'a mapping of fields, see the shipped scenes')
    return parse_scene({'name': path.stem, **content}, path.name)


def parse_scene(content: dict[str, Any], file: str) -> Scene:
    """Return a scene from the content of its file.

    Raises:
        SceneError: with the first field that is wrong.
    """
    try:
        scene = _ADAPTER.validate_python(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = '.'.join(str(part) for part in first['loc'])
        allowed = first['msg']
        if first['type'] == 'unexpected_keyword_argument':
            allowed = f'no field of this name; there are {", ".join(_fields_beside(first["loc"]))}'
        raise SceneError(file, field, first['input'], allowed) from error
    _check_names(scene, file)
    return scene


def _fields_beside(location: tuple[int | str, ...]) -> list[str]:
    """Return the names of the fields that are allowed where an unknown one was found."""
    holder: Any = Scene
    for part in location[:-1]:
        if isinstance(part, str):
            hint = get_type_hints(holder).get(part)
            holder = next((kind for kind in (hint, *_inner(hint)) if is_dataclass(kind)), holder)
    return [field.name for field in fields(holder)]


def _inner(hint: Any) -> list[Any]:
    """Return the types within a type, as Lane in tuple[Lane, ...] or in Rate | None."""
    return [kind for inner in get_args(hint) for kind in (inner, *_inner(inner))]


def bay_names(scene: Scene) -> tuple[str, ...]:
    """Return the names of all bays of a scene, row by row."""
    return tuple(f'{row.name}{number + 1}' for row in scene.bays for number in range(row.count))


def _check_names(scene: Scene, file: str) -> None:
    """Refuse cars and rows that name a lane or a bay which does not exist."""
    lanes, bays = [lane.name for lane in scene.lanes], bay_names(scene)
    for label, names in (
        ('lanes', lanes),
        ('bays', list(bays)),
        ('gates', [gate.name for gate in scene.gates]),
    ):
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise SceneError(file, label, twice[0], 'a name that is used once')
    wanted = [(f'bays.{index}.lane', row.lane) for index, row in enumerate(scene.bays)]
    for index, car in enumerate(scene.traffic.script):
        field = f'traffic.script.{index}'
        wanted += [(f'{field}.lane', car.lane), (f'{field}.leave_by', car.leave_by)]
        for key, bay in (('park', car.park), ('parked', car.parked)):
            if bay is not None and bay not in bays:
                raise SceneError(file, f'{field}.{key}', bay, f'a bay: {", ".join(bays) or "none here"}')
        if sum(value is not None for value in (car.lane, car.parked, car.place)) != 1:
            raise SceneError(file, field, car, 'exactly one of lane, parked and place')
    if scene.traffic.rate:
        wanted += [(f'traffic.rate.lanes.{i}', name) for i, name in enumerate(scene.traffic.rate.lanes)]
    for field, name in wanted:
        if name is not None and name not in lanes:
            raise SceneError(file, field, name, f'a lane: {", ".join(lanes) or "none here"}')
