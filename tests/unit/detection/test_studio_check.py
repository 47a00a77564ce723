"""Whether a file is a whole program for a machine."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parking_monitor.detection.studio.check import check_program
from parking_monitor.detection.studio.errors import UnfitModelError
from tests.support.elf import AARCH64, ARM, I386, X86_64, elf


def refusal(folder: Path, content: bytes, machine: str) -> str:
    """Return why a file is no program for a machine; empty when it is."""
    file = folder / 'model.eim'
    file.write_bytes(content)
    try:
        check_program(file, machine)
    except UnfitModelError as error:
        return str(error)
    return ''


@pytest.mark.parametrize(
    ('content', 'machine'),
    [
        (elf(AARCH64), 'aarch64'),
        (elf(X86_64), 'x86_64'),
        (elf(ARM, bits=32), 'armv7l'),
        (b'#!/bin/sh', 'x86_64'),
    ],
)
def test_a_program_for_this_machine_will_do(tmp_path: Path, content: bytes, machine: str) -> None:
    assert refusal(tmp_path, content, machine) == ''


@pytest.mark.parametrize(
    ('content', 'expected'),
    [
        (elf(X86_64), 'it is built for x86_64, and this machine is aarch64'),
        (elf(ARM, bits=32), 'it is built for armv7l, and'),
        (elf(I386, bits=32), 'it is built for i686, and'),
        (elf(9999), 'it is built for a processor of ELF number 9999, and'),
        (b'<html>log in</html>', 'it is no program for Linux'),
        (b'PK\x03\x04' + bytes(100), 'it is no program for Linux'),
        (b'', 'it is no program for Linux'),
        (elf(AARCH64)[:30], 'it is cut off: it has 30 bytes'),
        (elf(AARCH64)[:-1], 'it is cut off: it has 4095 of at least 4096 bytes'),
        (elf(AARCH64)[:100], 'it is cut off: it has 100 of at least 4096 bytes'),
    ],
)
def test_what_is_none_is_told(tmp_path: Path, content: bytes, expected: str) -> None:
    assert refusal(tmp_path, content, 'aarch64').startswith(expected)


def test_a_real_program_is_whole_and_shorter_it_is_not(tmp_path: Path) -> None:
    program = Path(shutil.which('true') or '/bin/true').read_bytes()
    assert refusal(tmp_path, program, os.uname().machine) == ''
    assert 'cut off' in refusal(tmp_path, program[: len(program) // 2], os.uname().machine)


@settings(max_examples=50)
@given(st.binary(max_size=80), st.integers(0, 200))
def test_any_bytes_are_a_program_or_are_refused(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int
) -> None:
    content = bytearray(elf(AARCH64))
    content[at : at + len(noise)] = noise
    folder = tmp_path_factory.getbasetemp()
    refusal(folder, bytes(content), 'aarch64')
    refusal(folder, b'\x7fELF' + noise, 'aarch64')
