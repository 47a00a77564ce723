"""Draw in the zone editor as a person does: with the mouse, a finger or keys."""

from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from parking_monitor import jpeg
from parking_monitor.camera.source import SourceSpec
from parking_monitor.simulation.frame_source import SimulatedSource
from tests.support.patience import PATIENCE_S

Spot = tuple[float, float]


def simulated_picture(path: Path, scene: str = 'oblique_lot') -> Path:
    """Write a picture of a simulated lot as a JPEG of 1280x960 pixels."""
    spec = SourceSpec(source=f'sim:{scene}', width=1280, height=960)
    source = SimulatedSource(scene, spec, on_truth=lambda _: None)
    source.open()
    try:
        frame = source.read(PATIENCE_S)
    finally:
        source.close()
    assert frame is not None
    path.write_bytes(jpeg.encode(jpeg.decoded(frame)))
    return path


class ZoneDrawer:
    """Draw on the page of the zone editor.

    Args:
        page: a browser's.
        url: of the editor.
    """

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        page.goto(url)
        self.picture = page.get_by_role('application')
        self.list = page.get_by_role('region', name='What is drawn')
        expect(self.picture).to_be_visible()

    def upload(self, picture: Path) -> None:
        """Upload a picture, and wait until it is there."""
        with self.page.expect_file_chooser() as chooser:
            self.page.get_by_role('button', name='Upload a picture').click()
        chooser.value.set_files(picture)
        expect(self.picture.locator('image')).to_have_count(1)

    def tool(self, name: str) -> None:
        """Take a tool."""
        self.page.get_by_role('toolbar').get_by_role('button', name=name, exact=True).click()

    def place(self, spot: Spot) -> Spot:
        """Return where in the window a place of the picture is."""
        self.picture.scroll_into_view_if_needed()
        box = self.picture.bounding_box()
        assert box is not None
        return box['x'] + spot[0] * box['width'], box['y'] + spot[1] * box['height']

    def click(self, *spots: Spot) -> None:
        """Click at places of the picture, one after another."""
        for spot in spots:
            self.page.mouse.click(*self.place(spot))

    def tap(self, *spots: Spot) -> None:
        """Touch places of the picture, one after another."""
        for spot in spots:
            self.page.touchscreen.tap(*self.place(spot))

    def drag(self, start: Spot, end: Spot) -> None:
        """Drag from one place of the picture to another."""
        self.page.mouse.move(*self.place(start))
        self.page.mouse.down()
        self.page.mouse.move(*self.place(((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)))
        self.page.mouse.move(*self.place(end))
        self.page.mouse.up()

    def press(self, *keys: str) -> None:
        """Press keys with the picture in focus; `Right*10` ten times."""
        for key in keys:
            name, _, times = key.partition('*')
            for _ in range(int(times or 1)):
                self.picture.press(name)

    def item(self, name: str) -> Locator:
        """Return a shape of the list."""
        return self.list.get_by_role('button').filter(has=self.page.get_by_text(name, exact=True))

    def rename(self, name: str) -> None:
        """Give the chosen shape another name."""
        box = self.page.get_by_label('Name', exact=True)
        box.fill(name)
        box.press('Enter')
        expect(self.item(name)).to_be_visible()

    def section(self) -> str:
        """Return the section as it is downloaded."""
        with self.page.expect_download() as download:
            self.page.get_by_role('button', name='Download').click()
        return download.value.path().read_text(encoding='utf-8')
