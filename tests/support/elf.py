"""Make the beginnings of Linux programs for any processor, by bytes."""

import struct

AARCH64, ARM, I386, X86_64 = 183, 40, 3, 62


def elf(machine: int, size: int = 4096, *, bits: int = 64) -> bytes:
    """Return an ELF file of one segment that ends where its section table begins; it does nothing."""
    section = 64 if bits == 64 else 40
    sections_at = size - section
    identity = b'\x7fELF' + bytes([2 if bits == 64 else 1, 1, 1]) + bytes(9)
    if bits == 64:
        head = struct.pack('<HHIQQQIHHHHHH', 3, machine, 1, 64, 64, sections_at, 0, 64, 56, 1, 64, 1, 0)
        segment = struct.pack('<IIQQQQQQ', 1, 5, 0, 0, 0, sections_at, sections_at, 4096)
    else:
        head = struct.pack('<HHIIIIIHHHHHH', 3, machine, 1, 52, 52, sections_at, 0, 52, 32, 1, 40, 1, 0)
        segment = struct.pack('<IIIIIIII', 1, 0, 0, 0, sections_at, sections_at, 5, 4096)
    begin = identity + head + segment
    return begin + bytes(size - len(begin))
