"""The commands in the guides, run as they are written."""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from parking_monitor.supervisor import die_with_parent
from tests.support.guides import ROOT, Block, blocks, guides
from tests.support.patience import PATIENCE_S
from tests.support.ros_graph import Domain

NOT_IN_GIT = ('.venv', 'build', 'install')


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a folder that looks like a built clone, in which commands may leave what they write."""
    if not (ROOT / '.git').exists():
        pytest.skip('only git knows what belongs to the project; this is no clone')
    tracked = subprocess.run(
        ['git', '-C', str(ROOT), 'ls-tree', '--name-only', 'HEAD'], capture_output=True, text=True, check=True
    )
    folder = tmp_path / 'parking-monitor'
    folder.mkdir()
    for name in (*tracked.stdout.split(), *NOT_IN_GIT):
        (folder / name).symlink_to(ROOT / name)
    return folder


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Yield the environment of a person who has set nothing, with a ROS graph to himself."""
    kept = {name: os.environ[name] for name in ('PATH', 'LANG', 'ROS_DISTRO') if name in os.environ}
    with Domain() as domain_id:
        yield {**kept, 'HOME': str(tmp_path), 'ROS_DOMAIN_ID': str(domain_id), 'COLUMNS': '120'}


@pytest.mark.parametrize(
    'guide', [guide for guide in guides() if blocks(guide, 'sh')], ids=lambda guide: guide.name
)
def test_the_commands_of_a_guide_do_what_they_say(
    guide: Path, clone: Path, environment: dict[str, str]
) -> None:
    for block in blocks(guide, 'sh'):
        if block.why_not_run:
            continue
        if block.until:
            run_until_it_is_seen(block, clone, environment)
        else:
            run(block, clone, environment)


def run(block: Block, folder: Path, environment: dict[str, str]) -> None:
    process = start(block, folder, environment)
    try:
        said, _ = process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
    assert process.returncode == 0, f'{block}:\n{block.text}\n{said}'


def start(block: Block, folder: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    """Start a block in a session of its own, with nobody at the keyboard."""
    return subprocess.Popen(
        ['bash', '-euo', 'pipefail', '-c', block.text],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=die_with_parent,  # noqa: PLW1509 - it calls prctl and nothing that locks
    )


def run_until_it_is_seen(block: Block, folder: Path, environment: dict[str, str]) -> None:
    """Run a block that goes on until Ctrl-C, and press that once the words are there."""
    process = start(block, folder, environment)
    assert process.stdout is not None
    deadline = threading.Timer(PATIENCE_S, os.killpg, (process.pid, signal.SIGKILL))
    deadline.start()
    said, is_interrupted = '', False
    for line in process.stdout:
        said += line
        if block.until in line and not is_interrupted:
            os.killpg(process.pid, signal.SIGINT)
            is_interrupted = True
    code = process.wait(PATIENCE_S)
    deadline.cancel()
    assert is_interrupted, f'{block}: {block.until!r} was never seen\n{said}'
    # Ctrl-C ends the shell too.
    assert code in (0, 130, -signal.SIGINT), f'{block} ended with {code}\n{said}'
