"""Children are kept running, started again with back-off, and stopped in time with all they started."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from parking_monitor.supervisor import RESTARTS_VARIABLE, Command, Patience, Supervisor
from tests.support.patience import PATIENCE_S

QUICK = Patience(first_delay_s=0.05, longest_delay_s=0.2, settled_after_s=60, grace_s=1.0)


def python(code: str) -> list[str]:
    return [sys.executable, '-S', '-c', code]


def command(name: str, code: str) -> Command:
    return Command(name, python(code), dict(os.environ))


def run_until(supervisor: Supervisor, condition: Callable[[], bool], deadline_s: float = PATIENCE_S) -> bool:
    """Run a supervisor in this (main) thread until a condition holds; return whether it did."""
    met = threading.Event()

    def watch() -> None:
        end_s = time.monotonic() + deadline_s
        while time.monotonic() < end_s and not met.is_set():
            if condition():
                met.set()
            else:
                time.sleep(0.01)
        supervisor.stop()

    watcher = threading.Thread(target=watch)
    watcher.start()
    supervisor.run()
    watcher.join()
    return met.is_set()


def alive_after_kill(pids: list[int]) -> list[psutil.Process]:
    """Return those of the processes that the kernel has not ended by now; a kill is not instant."""
    processes = [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]
    return psutil.wait_procs(processes, timeout=PATIENCE_S)[1]


def test_a_child_that_ends_is_started_again_and_told_how_often(tmp_path: Path) -> None:
    log = tmp_path / 'log'
    code = f'import os; open({str(log)!r}, "a").write(os.environ[{RESTARTS_VARIABLE!r}] + "\\n")'
    said: list[str] = []
    supervisor = Supervisor([command('writer', code)], say=said.append, patience=QUICK)
    assert run_until(supervisor, lambda: log.exists() and log.read_text().split()[:3] == ['0', '1', '2'])
    assert said[0] == 'writer ended with exit code 0; it is started again in 0.05 s'
    assert said[1].endswith('again in 0.1 s')


def test_the_pause_between_restarts_grows_to_a_bound() -> None:
    said: list[str] = []
    supervisor = Supervisor([command('broken', 'raise SystemExit(3)')], say=said.append, patience=QUICK)
    assert run_until(supervisor, lambda: len(said) >= 5)
    pauses = [line.rsplit(' ', 2)[1] for line in said[:5]]
    assert pauses == ['0.05', '0.1', '0.2', '0.2', '0.2']


def test_a_killed_child_is_reported_by_its_signal() -> None:
    said: list[str] = []
    supervisor = Supervisor(
        [command('victim', 'import time; time.sleep(60)')], say=said.append, patience=QUICK
    )

    def kill_once() -> bool:
        if not said and 'victim' in supervisor.process_ids:
            os.kill(supervisor.process_ids['victim'], signal.SIGKILL)
        return bool(said)

    assert run_until(supervisor, kill_once)
    assert said[0].startswith('victim was ended by SIGKILL')


def test_a_program_that_is_not_there_does_not_stop_the_others(tmp_path: Path) -> None:
    said: list[str] = []
    missing = Command('missing', [str(tmp_path / 'nothing')], dict(os.environ))
    supervisor = Supervisor(
        [missing, command('sleeper', 'import time; time.sleep(60)')], say=said.append, patience=QUICK
    )
    assert run_until(supervisor, lambda: bool(said) and 'sleeper' in supervisor.process_ids)
    assert said[0].startswith('missing cannot be started: No such file')


@pytest.mark.parametrize('deaf', [False, True])
def test_stopping_leaves_no_child_and_no_grandchild(tmp_path: Path, *, deaf: bool) -> None:
    pids = tmp_path / 'pids'
    ignore = 'import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); ' if deaf else ''
    code = (
        f'{ignore}import os, subprocess, time; '
        f'child = subprocess.Popen({python("import time; time.sleep(60)")!r}); '
        f'open({str(pids)!r}, "w").write(f"{{os.getpid()}} {{child.pid}} "); time.sleep(60)'
    )
    said: list[str] = []
    supervisor = Supervisor([command('parent', code)], say=said.append, patience=QUICK)
    assert run_until(supervisor, lambda: pids.exists() and len(pids.read_text().split()) == 2)
    assert not alive_after_kill([int(pid) for pid in pids.read_text().split()])
    if deaf:
        assert said == ['parent did not end within 1 s and was killed']
