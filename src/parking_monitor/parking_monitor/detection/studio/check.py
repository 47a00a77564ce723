"""See whether a file that was fetched is a model that runs on this machine."""

import json
import os
import signal
import struct
import subprocess
import threading
from pathlib import Path
from typing import Any

from parking_monitor.detection.errors import ModelAnswerError, ModelError
from parking_monitor.detection.model_info import ModelInfo
from parking_monitor.detection.model_process import environment_of_models
from parking_monitor.detection.studio.errors import StoppedError, StoreError, UnfitModelError

_INFO_S = 15.0
_MOST_INFO_BYTES = 1024 * 1024
_LEAST_BYTES = 64

_ELF = b'\x7fELF'
_SCRIPT = b'#!'
# e_machine, class (1: 32 bit, 2: 64 bit): System V ABI, ELF header.
_MACHINES = {
    (62, 2): 'x86_64',
    (183, 2): 'aarch64',
    (40, 1): 'armv7l',
    (3, 1): 'i686',
    (243, 2): 'riscv64',
}


class ModelCheck:
    """Check one model at a time; `stop` ends the check from another thread."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._detector: Any = None
        self._life = threading.Lock()

    def run(self, file: Path) -> ModelInfo:
        """Return what a model says of itself, once it has answered; makes the file executable.

        Raises:
            UnfitModelError: naming what is wrong with it.
            StoreError: when the file cannot be read.
            StoppedError: when it was stopped meanwhile.
        """
        try:
            check_program(file, os.uname().machine)
            file.chmod(0o755)
        except OSError as error:
            raise StoreError(f'{file} cannot be used: {error.strerror}') from error
        _check_info(file)
        return self._try_out(file)

    def stop(self) -> None:
        """End the check under way, and all to come."""
        with self._life:
            self._stopped.set()
            detector = self._detector
        if detector is not None:
            detector.close()

    def _try_out(self, file: Path) -> ModelInfo:
        # Costs 30 MB, which a device without a new model need not have.
        from parking_monitor.detection.detector import Detector  # noqa: PLC0415

        detector = Detector(file)
        with self._life:
            if self._stopped.is_set():
                raise StoppedError('the check of a model was stopped')
            self._detector = detector
        try:
            detector.start()
            detector.check()
        except ModelError as error:
            if self._stopped.is_set():
                raise StoppedError('the check of a model was stopped') from None
            raise UnfitModelError(f'it does not run here: {error}') from error
        else:
            return detector.info
        finally:
            detector.close()
            self._detector = None


def check_program(file: Path, machine: str) -> None:
    """See whether a file is a whole program for a machine.

    A script will do, which an ONNX model is wrapped in; what it needs is seen when it runs.

    Raises:
        UnfitModelError: naming what it is instead.
    """
    size = file.stat().st_size
    with file.open('rb') as opened:
        head = opened.read(_LEAST_BYTES)
        if head.startswith(_SCRIPT):
            return
        if not head.startswith(_ELF):
            raise UnfitModelError(
                'it is no program for Linux; build a Linux deployment in Edge Impulse Studio'
            )
        if len(head) < _LEAST_BYTES:
            raise UnfitModelError(f'it is cut off: it has {size} bytes')
        bits, order = head[4], '<' if head[5] == 1 else '>'
        (number,) = struct.unpack_from(f'{order}H', head, 18)
        found = _MACHINES.get((number, bits), f'a processor of ELF number {number}')
        if found != machine:
            raise UnfitModelError(f'it is built for {found}, and this machine is {machine}')
        opened.seek(0)
        needed = _extent(opened.read(_header_bytes(head, bits, order)), bits, order)
    if needed > size:
        raise UnfitModelError(f'it is cut off: it has {size} of at least {needed} bytes')


def _header_bytes(head: bytes, bits: int, order: str) -> int:
    """Return how much of a file to read for its program headers; at most 1 MB."""
    start, entry, count = _program_headers(head, bits, order)
    return min(start + entry * count, 1024 * 1024)


def _extent(content: bytes, bits: int, order: str) -> int:
    """Return how long an ELF file is at least: to the end of its last segment, and of its section table."""
    start, entry, count = _program_headers(content, bits, order)
    sections_at, section, sections = _section_headers(content, bits, order)
    end = max(start + entry * count, sections_at + section * sections)
    layout, offset_at = (f'{order}QQQQ', 8) if bits == 2 else (f'{order}IIII', 4)
    for index in range(count):
        at = start + index * entry + offset_at
        if at + struct.calcsize(layout) > len(content):
            break
        offset, _, _, length = struct.unpack_from(layout, content, at)
        end = max(end, offset + length)
    return end


def _program_headers(head: bytes, bits: int, order: str) -> tuple[int, int, int]:
    (at,) = (
        struct.unpack_from(f'{order}Q', head, 32) if bits == 2 else struct.unpack_from(f'{order}I', head, 28)
    )
    entry, count = struct.unpack_from(f'{order}HH', head, 54 if bits == 2 else 42)
    return at, entry, count


def _section_headers(head: bytes, bits: int, order: str) -> tuple[int, int, int]:
    (at,) = (
        struct.unpack_from(f'{order}Q', head, 40) if bits == 2 else struct.unpack_from(f'{order}I', head, 32)
    )
    entry, count = struct.unpack_from(f'{order}HH', head, 58 if bits == 2 else 46)
    return at, entry, count


def _check_info(file: Path) -> None:
    """Ask a model for its hello without running it.

    Raises:
        UnfitModelError: when it gives none, or none of an image model.
    """
    try:
        process = subprocess.Popen(
            [str(file), '--print-info'],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment_of_models(),
            start_new_session=True,
        )
    except OSError as error:
        raise UnfitModelError(f'it cannot be started: {error.strerror}') from error
    with process:
        late = threading.Timer(_INFO_S, _kill, [process])
        late.start()
        try:
            output = process.stdout.read(_MOST_INFO_BYTES) if process.stdout else b''
        finally:
            late.cancel()
            _kill(process)
    try:
        hello = json.loads(output)
    except ValueError:
        raise UnfitModelError(f'it gives no --print-info within {_INFO_S:g} s') from None
    try:
        ModelInfo.from_hello(hello if isinstance(hello, dict) else {})
    except ModelAnswerError as error:
        raise UnfitModelError(f'it is not a model for pictures: {error}') from error


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and what it started; until it is reaped its number is its own."""
    if process.returncode is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
