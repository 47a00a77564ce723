from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from parking_monitor import config
from parking_monitor.counting.bays import Bay
from parking_monitor.counting.counter import Counter
from parking_monitor.counting.gates import Gate
from parking_monitor.counting.zones import Zone
from tests.support.builders import car, seen
from tests.support.fleet_service import FleetService
from tests.support.patience import PATIENCE_S
from tests.support.zone_drawing import Spot, ZoneDrawer, simulated_picture

expect.set_options(timeout=PATIENCE_S * 1_000)
SCREENS = Path('build/screens')
NEAR = 0.004
"""So far off a click may be: half a pixel of a picture that is shown small."""

FRONT = [(0.1, 0.5), (0.8, 0.5), (0.9, 0.8), (0.05, 0.8)]


@pytest.fixture(scope='module')
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FleetService]:
    with FleetService(tmp_path_factory.mktemp('service')) as running:
        yield running


@pytest.fixture(scope='module')
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulated_picture(tmp_path_factory.mktemp('picture') / 'lot.jpg')


@pytest.fixture
def drawer(service: FleetService, page: Page, picture: Path) -> ZoneDrawer:
    drawer = ZoneDrawer(page, f'{service.url}/zones')
    drawer.upload(picture)
    return drawer


def camera_of(section: str) -> config.Camera:
    """Read a section as a device does."""
    return config.parse(f'device: {{uuid: x}}\n{section}', {}).cameras[0]


def counter_of(camera: config.Camera) -> Counter:
    return Counter(
        [Zone(zone.name, tuple(zone.polygon), zone.capacity) for zone in camera.zones],
        bays=[Bay(bay.name, tuple(bay.polygon)) for bay in camera.bays],
        gates=[Gate(gate.name, gate.line, gate.inside) for gate in camera.gates],
    )


def are_near(found: tuple[Spot, ...], wanted: list[Spot]) -> bool:
    return len(found) == len(wanted) and all(
        value == pytest.approx(other, abs=NEAR)
        for point, at in zip(found, wanted, strict=True)
        for value, other in zip(point, at, strict=True)
    )


def test_what_is_drawn_with_the_mouse_comes_out_in_fleet_yaml_and_is_counted(drawer: ZoneDrawer) -> None:
    drawer.tool('Zone')
    drawer.click(*FRONT, FRONT[0])
    drawer.rename('front row')
    drawer.tool('Row of bays')
    drawer.page.get_by_label('Bays', exact=True).fill('4')
    drawer.page.get_by_label('Names').fill('A##')
    drawer.click((0.15, 0.75), (0.75, 0.75), (0.7, 0.55), (0.2, 0.55))
    drawer.tool('Gate')
    drawer.click((0.2, 0.2), (0.4, 0.2))
    expect(drawer.item('Gate 1')).to_contain_text('cars enter upwards')
    drawer.press('f')
    expect(drawer.item('Gate 1')).to_contain_text('cars enter downwards')
    expect(drawer.page.get_by_text('All is well: 1 zone, 4 bays, 1 gate.')).to_be_visible()
    drawer.page.get_by_label('Name of the camera').fill('lot')
    expect(drawer.page.locator('#section')).to_contain_text('- name: lot')

    camera = camera_of(drawer.section())
    assert camera.name == 'lot'
    assert [zone.name for zone in camera.zones] == ['front row']
    assert are_near(camera.zones[0].polygon, FRONT)
    assert [bay.name for bay in camera.bays] == ['A01', 'A02', 'A03', 'A04']
    assert are_near(camera.bays[0].polygon[:1], [(0.15, 0.75)])
    assert are_near(camera.bays[3].polygon[1:3], [(0.75, 0.75), (0.7, 0.55)])
    assert are_near(camera.gates[0].line, [(0.2, 0.2), (0.4, 0.2)])

    # One car in the zone and one beside it, in a picture of 640x480 pixels.
    cars = [car(0.45 * 640, 0.6 * 480), car(0.45 * 640, 0.05 * 480)]
    counter = counter_of(camera)
    for second in range(5):
        count = counter.update(seen(*cars, stamp_ns=(second + 1) * 10**9))
    assert count.cars == 2
    assert [(zone.name, zone.cars) for zone in count.zones] == [('front row', 1)]
    assert len(count.bays) == 4
    assert {bay.zone for bay in count.bays} == {'front row'}


def test_steps_are_undone_and_done_again(drawer: ZoneDrawer) -> None:
    drawer.tool('Zone')
    drawer.click(*FRONT, FRONT[0])
    drawer.rename('north')
    drawer.drag(FRONT[0], (0.2, 0.4))
    expect(drawer.page.locator('#section')).to_contain_text('[[0.2')
    drawer.page.keyboard.press('Control+z')
    expect(drawer.page.locator('#section')).to_contain_text('[[0.1')
    drawer.page.keyboard.press('Control+z')
    expect(drawer.item('Zone 1')).to_be_visible()
    drawer.page.get_by_role('button', name='Undo').click()
    expect(drawer.page.get_by_text('Nothing is drawn yet.')).to_be_visible()
    expect(drawer.page.get_by_role('button', name='Undo')).to_be_disabled()
    for _ in range(3):
        drawer.page.get_by_role('button', name='Redo').click()
    expect(drawer.item('north')).to_be_visible()
    assert are_near(camera_of(drawer.section()).zones[0].polygon, [(0.2, 0.4), *FRONT[1:]])


def test_corners_are_put_in_and_taken_out(drawer: ZoneDrawer) -> None:
    drawer.tool('Bay')
    drawer.click((0.2, 0.2), (0.6, 0.2), (0.6, 0.6), (0.2, 0.6), (0.2, 0.2))
    drawer.tool('Choose')
    drawer.drag((0.4, 0.2), (0.4, 0.1))
    expect(drawer.page.locator('#section')).to_contain_text('], [0.4')
    bay = camera_of(drawer.section()).bays[0]
    assert are_near(bay.polygon, [(0.2, 0.2), (0.4, 0.1), (0.6, 0.2), (0.6, 0.6), (0.2, 0.6)])
    drawer.press('Delete')
    expect(drawer.page.get_by_role('status').filter(has_text='4 are left')).to_be_attached()
    drawer.drag((0.4, 0.4), (0.5, 0.5))
    expect(drawer.page.locator('#section')).to_contain_text('[[0.3')
    bay = camera_of(drawer.section()).bays[0]
    assert are_near(bay.polygon, [(0.3, 0.3), (0.7, 0.3), (0.7, 0.7), (0.3, 0.7)])


def test_what_is_wrong_is_told_beside_the_shape(drawer: ZoneDrawer) -> None:
    drawer.tool('Zone')
    drawer.click((0.2, 0.2), (0.6, 0.6), (0.6, 0.2), (0.2, 0.5))
    drawer.page.get_by_role('button', name='Finish').click()
    expect(drawer.item('Zone 1')).to_contain_text('It crosses itself: side 1-2 meets side 3-4')
    expect(drawer.page.get_by_text('One thing is wrong')).to_be_visible()
    expect(drawer.page.get_by_role('button', name='Download')).to_be_disabled()
    drawer.drag((0.2, 0.5), (0.4, 0.1))
    expect(drawer.item('Zone 1')).not_to_contain_text('crosses')
    expect(drawer.page.get_by_role('button', name='Download')).to_be_enabled()


def test_everything_is_drawn_with_keys_alone(service: FleetService, page: Page) -> None:
    drawer = ZoneDrawer(page, f'{service.url}/zones')
    drawer.press('z', 'Enter', 'ArrowRight*10', 'Enter', 'Shift+ArrowDown*4', 'Enter', 'Enter')
    expect(page.get_by_label('Name', exact=True)).to_be_focused()
    page.keyboard.type('south')
    page.keyboard.press('Enter')
    expect(drawer.picture).to_be_focused()
    # The editor calls it by its new name once the server has seen it.
    expect(drawer.item('south')).to_be_visible()
    page.keyboard.press('Period')
    page.keyboard.press('Period')
    expect(page.get_by_role('status').filter(has_text='Corner 2 of south, 60 % from left')).to_be_attached()
    for _ in range(4):
        page.keyboard.press('ArrowRight')
    page.keyboard.press('i')
    expect(drawer.item('south')).to_contain_text('middle, 4 corners, 12 % wide, 20 % high')
    page.keyboard.press('Delete')
    expect(drawer.item('south')).to_contain_text('3 corners')
    drawer.press('g', 'ArrowLeft*20', 'Enter', 'Shift+ArrowUp*3', 'Enter')
    expect(page.get_by_label('Name', exact=True)).to_be_focused()
    page.keyboard.press('Enter')
    expect(drawer.item('Gate 1')).to_contain_text('cars enter to the left')
    drawer.press('f')
    expect(drawer.item('Gate 1')).to_contain_text('cars enter to the right')
    camera = camera_of(drawer.section())
    assert camera.zones[0].polygon == ((0.5, 0.5), (0.62, 0.5), (0.6, 0.7))
    assert camera.gates[0].line == ((0.3, 0.5), (0.3, 0.35))
    drawer.press('Delete')
    expect(drawer.item('Gate 1')).to_have_count(0)


def test_a_finger_draws_and_zooms_on_a_phone(service: FleetService, browser: Browser, picture: Path) -> None:
    context = browser.new_context(
        viewport={'width': 390, 'height': 844}, has_touch=True, is_mobile=True, device_scale_factor=2
    )
    context.set_default_timeout(PATIENCE_S * 1000)
    drawer = ZoneDrawer(context.new_page(), f'{service.url}/zones')
    drawer.upload(picture)
    drawer.tool('Zone')
    drawer.tap(*FRONT, FRONT[0])
    expect(drawer.item('Zone 1')).to_be_visible()
    assert drawer.page.evaluate('document.documentElement.scrollWidth') <= 390
    assert drawer.page.get_by_label('Name', exact=True).evaluate('box => box !== document.activeElement')
    drawer.page.get_by_role('button', name='Zoom in').click()
    expect(drawer.picture).not_to_have_attribute('viewBox', '0 0 1280 960')
    drawer.page.get_by_role('button', name='Fit').click()
    expect(drawer.picture).to_have_attribute('viewBox', '0 0 1280 960')
    polygon = camera_of(drawer.section()).zones[0].polygon
    context.close()
    assert len(polygon) == 4


def test_a_section_is_loaded_changed_and_written_with_its_other_fields(drawer: ZoneDrawer) -> None:
    drawer.page.get_by_role('button', name='Load zones').click()
    box = drawer.page.get_by_label('fleet.yaml', exact=True)
    box.fill('zones: [{name: a}]')
    drawer.page.get_by_role('button', name='Load', exact=True).click()
    expect(drawer.page.get_by_role('alert')).to_contain_text('zones[0].polygon: is missing')
    box.fill(
        'device: {uuid: x}\ncameras:\n  - name: yard\n  - name: lot\n    source: sim:oblique_lot\n'
        '    bays:\n      - {name: A1, polygon: [[0.1, 0.1], [0.2, 0.1], [0.2, 0.3]]}\n'
    )
    drawer.page.get_by_role('button', name='Load', exact=True).click()
    drawer.page.get_by_label('Camera', exact=True).click()
    drawer.page.get_by_role('option', name='lot').click()
    drawer.page.get_by_role('button', name='Load', exact=True).click()
    drawer.item('A1').click()
    drawer.rename('A7')
    camera = camera_of(drawer.section())
    assert (camera.name, camera.source) == ('lot', 'sim:oblique_lot')
    assert [bay.name for bay in camera.bays] == ['A7']


def test_leaving_with_changes_asks_first(drawer: ZoneDrawer) -> None:
    questions: list[str] = []

    def stay(dialog: Dialog) -> None:
        questions.append(dialog.type)
        dialog.dismiss()

    drawer.page.on('dialog', stay)
    drawer.tool('Zone')
    drawer.click(*FRONT, FRONT[0])
    drawer.rename('north')
    drawer.page.get_by_role('link', name='Devices').click()
    expect(drawer.item('north')).to_be_visible()
    assert questions == ['beforeunload']
    drawer.section()
    drawer.page.get_by_role('link', name='Devices').click()
    drawer.page.wait_for_url('**/devices')
    assert questions == ['beforeunload']


def test_what_was_drawn_is_kept_when_the_page_is_lost(drawer: ZoneDrawer) -> None:
    drawer.page.on('dialog', lambda dialog: dialog.accept())
    drawer.tool('Zone')
    drawer.click(*FRONT, FRONT[0])
    drawer.rename('north')
    drawer.page.reload()
    drawer.page.get_by_role('button', name='Take it up').click()
    expect(drawer.item('north')).to_be_visible()
    assert are_near(camera_of(drawer.section()).zones[0].polygon, FRONT)


def test_what_is_no_picture_is_refused(service: FleetService, page: Page, tmp_path: Path) -> None:
    drawer = ZoneDrawer(page, f'{service.url}/zones')
    fake = tmp_path / 'fake.png'
    fake.write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    with page.expect_file_chooser() as chooser:
        page.get_by_role('button', name='Upload a picture').click()
    chooser.value.set_files(fake)
    expect(page.get_by_text('this is no JPEG or PNG picture')).to_be_visible()
    expect(drawer.picture.locator('image')).to_have_count(0)


@pytest.mark.parametrize(('device', 'size'), [('phone', (390, 844)), ('desktop', (1440, 900))])
def test_the_page_is_photographed(
    service: FleetService, browser: Browser, picture: Path, device: str, size: tuple[int, int]
) -> None:
    context = browser.new_context(viewport={'width': size[0], 'height': size[1]}, has_touch=device == 'phone')
    context.set_default_timeout(PATIENCE_S * 1000)
    drawer = ZoneDrawer(context.new_page(), f'{service.url}/zones')
    drawer.upload(picture)
    drawer.tool('Row of bays')
    drawer.click((0.15, 0.54), (0.85, 0.59), (0.95, 0.78), (0.02, 0.68))
    expect(drawer.item('A8')).to_be_visible()
    drawer.tool('Gate')
    drawer.click((0.06, 0.52), (0.17, 0.42))
    expect(drawer.item('Gate 1')).to_be_visible()
    drawer.tool('Zone')
    drawer.click((0.0, 0.72), (0.12, 0.5), (0.9, 0.55), (0.99, 0.82), (0.0, 0.72))
    expect(drawer.item('Zone 1')).to_contain_text('8 bays')
    drawer.page.evaluate('scrollTo(0, 0)')
    SCREENS.mkdir(parents=True, exist_ok=True)
    for theme in ('light', 'dark'):
        drawer.page.emulate_media(color_scheme=theme)
        expect(drawer.page.locator(f'body.body--{theme}')).to_have_count(1)
        drawer.page.screenshot(path=SCREENS / f'zones-{device}-{theme}.png', full_page=device == 'phone')
    context.close()
