"""Say in plain words what each state of a count means, and what to do."""

from parking_monitor.nodes.health import Level
from parking_monitor.values import CountState

_LAST_KNOWN = 'the count is the last known one'

LEVELS = {
    CountState.OK: Level.OK,
    CountState.UNKNOWN: Level.WARN,
    CountState.STALE: Level.ERROR,
    CountState.FROZEN: Level.ERROR,
    CountState.COVERED: Level.ERROR,
    CountState.MOVED: Level.ERROR,
}
"""How bad each state is."""

MESSAGES = {
    CountState.OK: 'counting',
    CountState.UNKNOWN: 'no detections yet; usb_cam and ei_detector say why',
    CountState.STALE: f'no fresh detections; {_LAST_KNOWN}; usb_cam and ei_detector say why',
    CountState.FROZEN: (
        f'the camera gives the same picture again and again; {_LAST_KNOWN}; restart the camera, '
        'or the program that serves its stream'
    ),
    CountState.COVERED: (
        f'nothing can be seen in the picture; {_LAST_KNOWN}; uncover or clean the lens, or give it light'
    ),
    CountState.MOVED: (
        f'the camera looks elsewhere than when zones, bays and gates were drawn; {_LAST_KNOWN}; '
        'turn the camera back, or draw them anew in fleet.yaml and restart'
    ),
}
"""What each state means, and what to do."""
