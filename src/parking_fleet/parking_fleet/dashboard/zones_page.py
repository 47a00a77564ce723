"""Draw zones, bays and gates on a picture of a camera."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nicegui import run, ui
from nicegui.events import UploadEventArguments, ValueChangeEventArguments

from parking_fleet.dashboard.context import Dashboard
from parking_fleet.dashboard.frame import frame
from parking_fleet.dashboard.picture_shelf import PictureShelf
from parking_fleet.dashboard.zone_editor import ZoneEditor
from parking_fleet.dashboard.zone_links import DeviceLinks, NoAnswerError, links_of
from parking_fleet.dashboard.zone_loading import ask_for_section, file_button
from parking_fleet.zones.checking import problems_of
from parking_fleet.zones.drawing import Drawing, DrawingError
from parking_fleet.zones.editing import edit
from parking_fleet.zones.history import History
from parking_fleet.zones.picture import MOST_BYTES, read_picture
from parking_fleet.zones.section import compact_layout, read_camera, read_sections, section_text

_STYLE = '<link rel="stylesheet" href="/static/zone_editor.css">'
_COPY = """
return (async () => {
  const text = %s;
  try { await navigator.clipboard.writeText(text); return true; } catch {
    getSelection().selectAllChildren(document.getElementById('section'));
    return document.execCommand('copy');
  }
})()
"""


def register(dashboard: Dashboard, links: DeviceLinks | None = None) -> None:
    """Serve `/device/{uuid}/zones/{camera}`, and `/zones` for a camera that is of no device yet.

    Args:
        dashboard: what every page needs.
        links: the ways to devices; those of the service unless given.
    """
    ways = links or links_of(dashboard.service)
    shelf = PictureShelf()
    shelf.serve()

    @ui.page('/device/{uuid}/zones/{camera}')
    def show(uuid: str, camera: str) -> None:
        ZonesPage(dashboard, ways, shelf, camera, uuid).draw()

    @ui.page('/zones')
    def show_without_device() -> None:
        ZonesPage(dashboard, ways, shelf, 'camera').draw()


class ZonesPage:
    """Own the drawing of one page that is open.

    Args:
        dashboard: what every page needs.
        links: the ways to devices.
        shelf: keeps pictures.
        camera: its name.
        uuid: of the device; empty for none.
    """

    def __init__(
        self, dashboard: Dashboard, links: DeviceLinks, shelf: PictureShelf, camera: str, uuid: str = ''
    ) -> None:
        self._links, self._shelf, self._camera, self._uuid = links, shelf, camera, uuid
        self._dashboard = dashboard
        role = dashboard.door.role_of(ui.context.client.request, None)
        self._is_operator = role == 'operator'
        self._history = History(Drawing(camera=camera))
        self._saved = self._history.present
        self._picture = ''

    def draw(self) -> None:
        """Draw the page; what the device tells comes later."""
        ui.add_head_html(_STYLE)
        ui.context.client.on_delete(lambda: self._shelf.drop(self._picture))
        title = f'Zones of {self._camera}' if self._uuid else 'Draw zones'
        kicker = f'Device {self._uuid}' if self._uuid else 'For a camera that is not in the fleet yet'
        with frame(title, self._dashboard, kicker=kicker):
            self._draw_tools()
            self._news = ui.label().classes('muted').props('role=status')
            self._editor = ZoneEditor(self._history, self._edit, self._restore)
            with ui.element('section').classes('panel zone-result').props('aria-labelledby=result'):
                self._draw_result()
        self._show()
        if self._uuid:
            ui.timer(0.0, self._ask_the_device, once=True)

    def _draw_tools(self) -> None:
        with ui.element('div').classes('zone-tools'):
            if self._links.picture is not None and self._uuid:
                _button('New picture from the device', self._fetch_picture)
            file_button('Upload a picture', 'image/jpeg,image/png', MOST_BYTES, self._upload)
            _button('Load zones', self._ask_for_section)
            self._name = None
            if not self._uuid:
                self._name = ui.input('Name of the camera', value=self._camera, on_change=self._rename)
                self._name.props('dense outlined maxlength=64 autocomplete=off').classes('w-56')

    def _draw_result(self) -> None:
        ui.html('The section of fleet.yaml', sanitize=False, tag='h2').props('id=result')
        self._summary = ui.label().props('role=status')
        text = ui.element('pre').props('id=section tabindex=0 aria-label="Section of fleet.yaml"')
        with text:
            self._text = ui.label().style('white-space: pre')
        with ui.element('div').classes('zone-tools'):
            self._copy_button = _button('Copy', self._copy)
            self._download_button = _button('Download', self._download)
            self._send_button = _button('Send to the device', self._ask_before_sending).classes('zone-send')
            self._send_button.set_visibility(bool(self._uuid))
        self._why = ui.label().classes('muted')

    def _show(self, told: str = '', choose: int = 0) -> None:
        drawing = self._history.present
        problems, text = problems_of(drawing), section_text(drawing)
        self._editor.show(text, is_changed=drawing != self._saved, told=told, choose=choose)
        self._text.set_text(text)
        if self._name is not None and self._name.value != drawing.camera:
            self._name.set_value(drawing.camera)
        self._summary.set_text(_summary(drawing, len(problems), [p.text for p in problems if not p.shape_id]))
        self._download_button.set_enabled(not problems)
        self._copy_button.set_enabled(not problems)
        why = self._why_not_sent(bool(problems))
        self._why.set_text(why)
        self._send_button.set_enabled(not why)

    def _why_not_sent(self, has_problems: bool) -> str:
        if not self._uuid:
            return 'Put it below cameras: in the fleet.yaml of the device.'
        if self._links.send is None:
            return self._links.no_send
        if not self._is_operator:
            return 'Only an operator may send zones to a device.'
        return 'Put right what is wrong first; the device would refuse it.' if has_problems else ''

    # What the person does

    def _edit(self, asked: Mapping[str, Any]) -> None:
        before = self._history.present
        try:
            edit(self._history, asked)
        except DrawingError as error:
            ui.notify(f'Not done: {error}', type='warning', close_button='Close', timeout=10_000)
            self._show(f'Not done: {error}')
            return
        drawing = self._history.present
        is_new = asked.get('do') in ('add', 'row') and drawing != before
        choose = drawing.shapes[-1].id if is_new else 0
        self._show(_told(before, drawing, str(asked.get('do'))), choose)

    def _rename(self, event: ValueChangeEventArguments[str | None]) -> None:
        name = (event.value or '').strip()
        if name != self._history.present.camera:
            self._history.put(replace(self._history.present, camera=name), 'camera')
            self._show()

    async def _upload(self, event: UploadEventArguments) -> None:
        if event.file.size() > MOST_BYTES:
            ui.notify('The picture is too large', type='warning')
            return
        self._take_picture(await event.file.read())

    async def _fetch_picture(self) -> None:
        if self._links.picture is None:
            return
        self._news.set_text('Asking the device for a picture …')
        try:
            content = await run.io_bound(self._links.picture, self._uuid, self._camera)
        except NoAnswerError as error:
            self._news.set_text(f'No picture from the device: {error}. Upload one instead.')
            return
        self._news.set_text('')
        if content:
            self._take_picture(content)

    def _take_picture(self, content: bytes) -> None:
        try:
            picture = read_picture(content)
        except DrawingError as error:
            ui.notify(f'Not taken: {error}', type='warning', close_button='Close', timeout=10_000)
            return
        self._shelf.drop(self._picture)
        self._picture = self._shelf.put(picture)
        self._editor.show_picture(self._picture, picture.width, picture.height)

    # Loading

    async def _ask_the_device(self) -> None:
        await asyncio.gather(self._load_reported(), self._fetch_picture())

    async def _load_reported(self) -> None:
        if self._links.reported is None:
            return
        empty = self._history.present
        layout = await run.io_bound(self._links.reported, self._uuid, self._camera)
        if not layout or self._history.present is not empty:
            return
        try:
            drawing = read_camera({**layout, 'name': self._camera})
        except DrawingError:
            return  # what another version says of itself; drawn anew it is understood
        self._history.begin(drawing)
        self._saved = drawing
        self._show(f'The device counts by {_counted(drawing)}')

    async def _ask_for_section(self) -> None:
        drawing = await ask_for_section(self._camera if self._uuid else '')
        if drawing is not None:
            self._take(drawing)

    async def _restore(self, text: str) -> None:
        try:
            drawings = await run.io_bound(read_sections, text)
        except DrawingError:
            return  # what this browser had kept was not ours
        if drawings:
            self._take(drawings[0])

    def _take(self, loaded: Drawing) -> None:
        camera = self._camera if self._uuid else loaded.camera
        present = self._history.present
        # Ids are not used again, so that the browser takes no shape for another one.
        shift = present.next_id
        shapes = tuple(replace(shape, id=shape.id + shift) for shape in loaded.shapes)
        self._history.put(replace(loaded, camera=camera, shapes=shapes, next_id=loaded.next_id + shift))
        self._show(f'{len(shapes)} shapes loaded; undo brings back what was there')

    # The result

    def _is_saved(self) -> None:
        self._saved = self._history.present
        self._show()

    async def _copy(self) -> None:
        text = section_text(self._history.present)
        if await ui.run_javascript(_COPY % json.dumps(text), timeout=10.0):
            ui.notify('Copied', type='positive')
            self._is_saved()
        else:
            ui.notify('The browser does not let us copy: the section is chosen, press Ctrl+C', type='info')

    def _download(self) -> None:
        drawing = self._history.present
        ui.download.content(section_text(drawing), f'{drawing.camera}-zones.yaml', 'application/yaml')
        self._is_saved()

    async def _ask_before_sending(self) -> None:
        drawing = self._history.present
        with ui.dialog() as dialog, ui.card().props('role=dialog aria-label="Send to the device"'):
            ui.label(f'Send {_counted(drawing)} of camera {drawing.camera} to the device?')
            ui.label('It counts by them as soon as it has them; what it had before is replaced.')
            with ui.row():
                ui.button('Send', on_click=lambda: dialog.submit(True)).props('no-caps')
                ui.button('Cancel', on_click=lambda: dialog.submit(False)).props('no-caps flat')
        is_sure = await dialog
        dialog.delete()
        if is_sure and self._links.send is not None and self._is_operator:
            sent = await run.io_bound(self._links.send, self._uuid, self._camera, compact_layout(drawing))
            if sent is None:
                return  # the service ends
            if sent.is_taken:
                ui.notify('Sent. The device counts by it as soon as it has it.', type='positive')
                self._saved = drawing
                self._show()
            else:
                ui.notify(f'Not sent: {sent.reason}', type='negative', close_button='Close', timeout=0)


def _button(text: str, act: Any) -> ui.button:
    return ui.button(text, on_click=act, color=None).props('no-caps outline')


def _counted(drawing: Drawing) -> str:
    numbers = {kind: len(drawing.of_kind(kind)) for kind in ('zone', 'bay', 'gate')}
    told = [f'{number} {kind}{"" if number == 1 else "s"}' for kind, number in numbers.items() if number]
    return ', '.join(told) or 'nothing'


def _summary(drawing: Drawing, problems: int, of_all: list[str]) -> str:
    if problems:
        number = 'One thing is' if problems == 1 else f'{problems} things are'
        return f'{number} wrong: look at the list, where ⚠ says what to do. {" ".join(of_all)}'.strip()
    return f'All is well: {_counted(drawing)}.' if drawing.shapes else 'Nothing is drawn yet.'


def _told(before: Drawing, drawing: Drawing, did: str) -> str:
    """Return what a screen reader says after a change."""
    new = drawing.shapes[len(before.shapes) :]
    match did:
        case 'row' if new:
            return f'{len(new)} bays: {new[0].name} to {new[-1].name}'
        case 'add' if new:
            return f'{new[0].name} drawn'
        case 'undo' | 'redo' if drawing is not before:
            return f'{"Undone" if did == "undo" else "Done again"}: {_counted(drawing)}'
    return ''
