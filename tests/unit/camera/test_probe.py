from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from parking_monitor import jpeg
from parking_monitor.camera import __main__ as command
from tests.unit.camera.builders import write_clip


@pytest.fixture
def app() -> typer.Typer:
    """Return the command as an application."""
    app = typer.Typer()
    app.command()(command.probe)
    return app


def test_it_says_what_was_got_and_saves_a_frame(app: typer.Typer, tmp_path: Path) -> None:
    clip, picture = write_clip(tmp_path / 'clip.mp4'), tmp_path / 'frame.jpg'
    result = CliRunner().invoke(app, [str(clip), '--seconds', '0.1', '--save', str(picture)])
    assert result.exit_code == 0, result.output
    assert '64x48, 100 Hz' in result.output
    assert ' frames in ' in result.output
    assert jpeg.size(picture.read_bytes()) == (64, 48)


def test_it_says_what_is_wrong_and_fails(app: typer.Typer, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [str(tmp_path / 'nothing.mp4')])
    assert result.exit_code == 1
    assert 'error: ' in result.output
    assert 'nothing.mp4 does not exist' in result.output


def test_without_a_source_it_lists_the_cameras(app: typer.Typer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, 'list_ports', lambda: [0, 2])
    result = CliRunner().invoke(app, [])
    assert result.exit_code == 0
    assert [line.split(':')[0] for line in result.output.splitlines()] == ['0', '2']
