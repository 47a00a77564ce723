"""Ask for a section of fleet.yaml, as text or as a file."""

from collections.abc import Awaitable, Callable

from nicegui import run, ui
from nicegui.events import UploadEventArguments

from parking_fleet.zones.drawing import Drawing, DrawingError
from parking_fleet.zones.section import MOST_CHARACTERS, read_sections


def file_button(
    text: str, accepted: str, most_bytes: int, take: Callable[[UploadEventArguments], Awaitable[None]]
) -> None:
    """Draw a button that asks for a file.

    Args:
        text: of the button.
        accepted: types of files, as browsers take them.
        most_bytes: of a file; a larger one is refused.
        take: gets it.
    """

    async def took(event: UploadEventArguments) -> None:
        await take(event)
        upload.reset()

    upload = ui.upload(
        on_upload=took,
        on_rejected=lambda: ui.notify(f'Not taken: at most {most_bytes // 1_000_000} MB', type='warning'),
        max_file_size=most_bytes,
        auto_upload=True,
    )
    upload.props(f'accept="{accepted}"').style('display: none')
    # The browser asks for a file only at once after a click, so not by way of the server.
    ui.button(text, color=None).props('no-caps outline').on(
        'click', js_handler=f'() => getElement({upload.id}).$refs.qRef.pickFiles()'
    )


async def ask_for_section(camera: str) -> Drawing | None:
    """Ask for a section, and return what it says; None when the person does not want to.

    Args:
        camera: is taken of several, without a question; empty for any.
    """
    with ui.dialog() as dialog, ui.card().classes('w-full').style('max-width: 720px'):
        ui.label('Load zones').classes('text-lg')
        ui.label('Paste a fleet.yaml, or the section of a camera in it. What is drawn now is replaced.')
        text = (
            ui.textarea('fleet.yaml').props('outlined rows=10 spellcheck=false').classes('w-full font-mono')
        )
        which = ui.select([], label='Camera').classes('w-full')
        which.set_visibility(False)
        trouble = ui.label().props('role=alert').classes('text-negative')
        found: list[Drawing] = []

        async def take_file(event: UploadEventArguments) -> None:
            if event.file.size() > MOST_CHARACTERS:
                trouble.set_text('The file is too large.')
                return
            text.set_value((await event.file.read()).decode('utf-8', errors='replace'))

        async def load() -> None:
            try:
                found[:] = await run.io_bound(read_sections, text.value or '') or ()
            except DrawingError as error:
                trouble.set_text(f'Not loaded: {error}')
                return
            named = which.value if which.visible else camera
            fitting = [drawing for drawing in found if drawing.camera == named] or found
            if len(fitting) == 1:
                dialog.submit(fitting[0])
                return
            trouble.set_text('There are several cameras in it; choose one.')
            which.set_options([drawing.camera for drawing in found], value=found[0].camera)
            which.set_visibility(True)

        with ui.row():
            ui.button('Load', on_click=load).props('no-caps')
            file_button('Choose a file', '.yaml,.yml,.txt', MOST_CHARACTERS, take_file)
            ui.button('Cancel', on_click=lambda: dialog.submit(None)).props('no-caps flat')
    drawing: Drawing | None = await dialog
    dialog.delete()
    return drawing
