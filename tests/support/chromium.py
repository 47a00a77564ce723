"""Start Debian's Chromium without a window."""

import shutil

from playwright.sync_api import Browser, Playwright

# Without these Chromium asks its maker's servers for this and that.
CHROMIUM_OPTIONS = (
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
)


def launch(playwright: Playwright) -> Browser:
    """Start it; close what is returned."""
    program = shutil.which('chromium')
    assert program, 'chromium is missing: make setup installs it'
    return playwright.chromium.launch(executable_path=program, args=list(CHROMIUM_OPTIONS))
