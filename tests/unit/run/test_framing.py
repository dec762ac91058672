import io
import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradscope.run.framing import Frame, Gap, masked_crc32c, read_frames


def framed(payload: bytes) -> bytes:
    length = struct.pack("<Q", len(payload))
    checksums = [struct.pack("<I", masked_crc32c(data)) for data in (length, payload)]
    return length + checksums[0] + payload + checksums[1]


def frames_of(path: Path, data: bytes) -> list[Frame | Gap]:
    path.write_bytes(data)
    with path.open("rb") as stream:
        return list(read_frames(stream))


def payloads(found: list[Frame | Gap]) -> list[bytes]:
    return [frame.payload for frame in found if isinstance(frame, Frame)]


def gaps(found: list[Frame | Gap]) -> list[Gap]:
    return [gap for gap in found if isinstance(gap, Gap)]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file"


def test_the_checksum_is_crc32c_as_tensorflow_masks_it(path):
    import tensorflow as tf

    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(b"gradscope")
    assert path.read_bytes() == framed(b"gradscope")
    assert zlib.crc32(b"gradscope") != masked_crc32c(b"gradscope")


@given(st.lists(st.binary(max_size=200), max_size=8))
def test_all_payloads_come_back(tmp_path_factory, contents):
    path = tmp_path_factory.mktemp("framing") / "file"
    found = frames_of(path, b"".join(map(framed, contents)))
    assert payloads(found) == contents
    assert not gaps(found)
    assert all(frame.intact() for frame in found if isinstance(frame, Frame))


@pytest.mark.parametrize("missing", [1, 4, 5, 20, 23])
def test_a_truncated_last_record_is_one_gap_at_the_end(path, missing):
    last = framed(b"second record")
    cut = len(last) - missing
    data = framed(b"first") + last[:cut]
    found = frames_of(path, data)
    assert payloads(found) == [b"first"]
    assert gaps(found) == [Gap(len(framed(b"first")), cut, truncated=True)]


@pytest.mark.parametrize("garbage", [b"x", b"\xff" * 7, bytes(100), b"\x01" * 5000])
def test_reading_goes_on_after_garbage(path, garbage):
    before, after = framed(b"before" * 9), framed(b"after") + framed(b"last")
    found = frames_of(path, before + garbage + after)
    assert payloads(found) == [b"before" * 9, b"after", b"last"]
    assert gaps(found) == [Gap(len(before), len(garbage), truncated=False)]


def test_garbage_longer_than_one_search_is_passed(path):
    garbage = bytes(range(251)) * 9000
    found = frames_of(path, framed(b"before") + garbage + framed(b"after"))
    assert payloads(found) == [b"before", b"after"]


def test_a_header_on_the_edge_of_a_search_is_found(path, monkeypatch):
    monkeypatch.setattr("gradscope.run.framing._SEARCH_BYTES", 64)
    for size in range(40, 90):
        found = frames_of(path, b"\xaa" * size + framed(b"after"))
        assert payloads(found) == [b"after"], size


def test_a_file_of_zeros_holds_nothing(path):
    assert frames_of(path, bytes(5000)) == [Gap(0, 5000, truncated=False)]


def test_an_empty_file_has_no_frames(path):
    assert frames_of(path, b"") == []


def test_a_changed_payload_is_not_intact(path):
    data = bytearray(framed(b"payload"))
    data[14] ^= 1
    (frame,) = frames_of(path, bytes(data))
    assert isinstance(frame, Frame)
    assert not frame.intact()


def test_frames_need_a_file_with_a_size():
    with pytest.raises(io.UnsupportedOperation):
        list(read_frames(io.BytesIO(b"")))
