"""The framing of TFRecord files: payloads out of bytes, past damage where possible.

A record is its length (uint64), a checksum of the length (uint32), the payload and a checksum of
the payload (uint32), all little-endian. The checksum is CRC-32C, rotated and shifted.
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

_HEADER = struct.Struct("<QI")
_FOOTER = struct.Struct("<I")
_SEARCH_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Frame:
    """One record: its payload and the checksum that stands behind it."""

    payload: bytes
    checksum: int

    def intact(self) -> bool:
        """Whether the checksum fits the payload; takes 0.1 s per MB, so ask only in doubt."""
        return masked_crc32c(self.payload) == self.checksum


@dataclass(frozen=True, slots=True)
class Gap:
    """Bytes that hold no record.

    offset: in bytes from the start of the file.
    length: in bytes.
    truncated: True for a record whose end the file lacks, False for bytes that are no record.
    """

    offset: int
    length: int
    truncated: bool


def read_frames(stream: BinaryIO) -> Iterator[Frame | Gap]:
    """All records of a file in order, with a Gap wherever bytes had to be skipped.

    Payload checksums are left to `Frame.intact`.
    """
    size = os.fstat(stream.fileno()).st_size
    offset = 0
    while offset < size:
        stream.seek(offset)
        end = _record_end(stream.read(_HEADER.size), offset)
        if end is None:
            resume = _next_header(stream, offset + 1, size)
            truncated = size - offset < _HEADER.size
            yield Gap(offset, resume - offset, truncated)
            offset = resume
            continue
        if end > size:
            yield Gap(offset, size - offset, truncated=True)
            return
        # One record after the other needs no seek, which would empty the read buffer.
        while end is not None and end <= size:
            rest = stream.read(end - offset - _HEADER.size)
            yield Frame(rest[: -_FOOTER.size], _FOOTER.unpack(rest[-_FOOTER.size :])[0])
            offset = end
            end = _record_end(stream.read(_HEADER.size), offset)


def _record_end(header: bytes, offset: int) -> int | None:
    """Where the record ends that starts at `offset`, or None where none starts there."""
    if len(header) < _HEADER.size:
        return None
    length, checksum = _HEADER.unpack(header)
    if masked_crc32c(header[:8]) != checksum:
        return None
    return offset + _HEADER.size + length + _FOOTER.size


def _next_header(stream: BinaryIO, offset: int, size: int) -> int:
    """The next offset at which a whole record starts, or `size` where none does."""
    while offset + _HEADER.size + _FOOTER.size <= size:
        stream.seek(offset)
        # The overlap finds a header that straddles two searches.
        data = stream.read(_SEARCH_BYTES + _HEADER.size - 1)
        for candidate in _plausible(data, size - offset):
            end = _record_end(data[candidate : candidate + _HEADER.size], offset + candidate)
            if end is not None and end <= size:
                return offset + candidate
        offset += _SEARCH_BYTES
    return size


def _plausible(data: bytes, room: int) -> list[int]:
    """Positions in `data` whose eight bytes are a length that the file has room for."""
    positions: list[int] = []
    for shift in range(8):
        lengths = np.frombuffer(data, "<u8", (len(data) - shift) // 8, shift)
        fits = np.flatnonzero((lengths > 0) & (lengths < room))
        positions.extend((fits * 8 + shift).tolist())
    return sorted(positions)


def _crc_table() -> tuple[int, ...]:
    table: list[int] = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return tuple(table)


_TABLE = _crc_table()


def masked_crc32c(data: bytes) -> int:
    """The checksum that TFRecord files carry.

    >>> hex(masked_crc32c(bytes(32)))  # RFC 3720 gives 0x8a9136aa before masking
    '0xfd7fffa'
    """
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF
