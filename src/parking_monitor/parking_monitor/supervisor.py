"""Keep child processes running: start, restart with back-off, and stop all of them in time."""

import ctypes
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

RESTARTS_VARIABLE = 'PARKING_MONITOR_RESTARTS'
"""Tells a child how often it was started again; nodes say so on /diagnostics."""

_PR_SET_PDEATHSIG = 1  # prctl(2)


@dataclass(frozen=True, slots=True)
class Command:
    """Hold a program to keep running, under the name that messages use.

    Attributes:
        start_delay_s: seconds until its first start.
    """

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    start_delay_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Hold how long a supervisor waits for what.

    Attributes:
        first_delay_s: before the first restart; it doubles with each one after.
        longest_delay_s: which the delay never exceeds.
        settled_after_s: a child that ran this long begins again at the first delay.
        grace_s: from the polite signal at the end to SIGKILL.
    """

    first_delay_s: float = 1.0
    longest_delay_s: float = 30.0
    settled_after_s: float = 60.0
    grace_s: float = 1.2


@dataclass(slots=True)
class _Child:
    command: Command
    process: subprocess.Popen[bytes] | None = None
    started_at_s: float = 0.0
    start_again_at_s: float = 0.0
    delay_s: float = 0.0
    restarts: int = field(default=0)


class Supervisor:
    """Run commands as child processes until stopped; each has a process session of its own.

    Not for use from several threads: `run` belongs to the main thread, and only
    `stop` may be called from a signal handler or elsewhere.

    Args:
        commands: what to keep running.
        say: takes a line for people whenever a child ended.
        tidy: puts away what a child left behind; called after each that ended.
        patience: how long to wait for what.
    """

    def __init__(
        self,
        commands: Sequence[Command],
        *,
        say: Callable[[str], None],
        tidy: Callable[[], object] = lambda: None,
        patience: Patience | None = None,
    ) -> None:
        self._children = [_Child(command) for command in commands]
        self._say = say
        self._tidy = tidy
        self._patience = patience or Patience()
        self._stopping = False
        self._wake_reader, self._wake_writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    @property
    def process_ids(self) -> Mapping[str, int]:
        """Return the process ids of the children that run now, by name."""
        return {child.command.name: child.process.pid for child in self._children if child.process}

    def stop(self) -> None:
        """Ask `run` to stop all children and return; safe in a signal handler."""
        self._stopping = True
        self._wake()

    def run(self) -> None:
        """Start the children and keep them running until `stop` is called."""
        for child in self._children:
            child.start_again_at_s = time.monotonic() + child.command.start_delay_s
        previous = signal.signal(signal.SIGCHLD, lambda _number, _frame: self._wake())
        try:
            while not self._stopping:
                self._reap()
                self._start_due()
                self._sleep(self._next_start_in_s())
        finally:
            self._stop_children()
            self._tidy()
            signal.signal(signal.SIGCHLD, previous)
            self._close_pipe()

    def _close_pipe(self) -> None:
        writer, self._wake_writer = self._wake_writer, -1
        os.close(writer)
        os.close(self._wake_reader)

    def _wake(self) -> None:
        if self._wake_writer < 0:
            return  # a late signal, when all is over
        try:
            os.write(self._wake_writer, b'\0')
        except BlockingIOError:
            return  # the pipe is full: it is awake already

    def _sleep(self, timeout_s: float | None) -> None:
        """Wait until something happens: a child ended, a stop, or the time is over."""
        readable, _, _ = select.select([self._wake_reader], [], [], timeout_s)
        if readable:
            os.read(self._wake_reader, 4096)

    def _start_due(self) -> None:
        now_s = time.monotonic()
        for child in self._children:
            if child.process is None and now_s >= child.start_again_at_s:
                self._start(child)

    def _next_start_in_s(self) -> float | None:
        waiting = [child.start_again_at_s for child in self._children if child.process is None]
        return max(0.0, min(waiting) - time.monotonic()) if waiting else None

    def _start(self, child: _Child) -> None:
        child.started_at_s = time.monotonic()
        environment = {**child.command.environment, RESTARTS_VARIABLE: str(child.restarts)}
        try:
            child.process = subprocess.Popen(
                child.command.arguments,
                env=environment,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - this process has one thread
            )
        except OSError as error:
            self._plan_restart(child, f'cannot be started: {error.strerror}')

    def _reap(self) -> None:
        for child in self._children:
            if child.process is not None and (code := child.process.poll()) is not None:
                _kill_session(child.process.pid)
                child.process = None
                self._tidy()
                self._plan_restart(child, _ending(code))

    def _plan_restart(self, child: _Child, what_happened: str) -> None:
        ran_s = time.monotonic() - child.started_at_s
        settled = ran_s >= self._patience.settled_after_s
        doubled_s = self._patience.first_delay_s if settled or not child.delay_s else child.delay_s * 2
        child.delay_s = min(doubled_s, self._patience.longest_delay_s)
        child.restarts += 1
        child.start_again_at_s = time.monotonic() + child.delay_s
        self._say(f'{child.command.name} {what_happened}; it is started again in {child.delay_s:g} s')

    def _stop_children(self) -> None:
        """Ask all children at once, wait for the grace, kill what is left with all it started."""
        running = [(child.process, child.command.name) for child in self._children if child.process]
        for process, _ in running:
            # Not SIGINT: a Python that is still importing would print a traceback.
            process.send_signal(signal.SIGTERM)
        deadline_s = time.monotonic() + self._patience.grace_s
        for process, name in running:
            try:
                process.wait(max(0.0, deadline_s - time.monotonic()))
            except subprocess.TimeoutExpired:
                self._say(f'{name} did not end within {self._patience.grace_s:g} s and was killed')
                process.kill()
        for process, _ in running:
            _kill_session(process.pid)
            process.wait()


def die_with_parent() -> None:
    """Ask the kernel to end this child when its parent dies, however that happens."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _kill_session(leader: int) -> None:
    """Kill what a child left behind in its process group."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return  # it left nothing behind


def _ending(code: int) -> str:
    if code >= 0:
        return f'ended with exit code {code}'
    named = -code in signal.valid_signals() and -code < signal.SIGRTMIN
    return f'was ended by {signal.Signals(-code).name}' if named else f'was ended by signal {-code}'
