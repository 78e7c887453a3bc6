"""A page that is compressed once and still carries something new in each copy.

A resident's page is the same for everybody at a point except for its token. The parts before and after the token are
deflated once; each response joins them around the token, which goes in as a stored block (RFC 1951 section 3.2.4),
and adds the checksum of the whole (RFC 1952). Compressing each page anew would cost more than all the rest of a GET.
"""

import struct
import zlib
from dataclasses import dataclass

_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


@dataclass(frozen=True, slots=True)
class PrecompressedPage:
    """The two fixed parts of a page, plain and deflated."""

    before: bytes
    after: bytes
    before_deflated: bytes
    after_deflated: bytes
    before_crc: int

    @classmethod
    def of(cls, page: str, placeholder: str) -> "PrecompressedPage":
        """Split a page at its one placeholder. ValueError where it stands there never or more than once."""
        before, after = (part.encode() for part in page.split(placeholder))
        return cls(before, after, _deflated(before, last=False), _deflated(after, last=True), zlib.crc32(before))

    def plain(self, value: bytes) -> bytes:
        """The page with `value` in place."""
        return self.before + value + self.after

    def gzipped(self, value: bytes) -> bytes:
        """The same, as a gzip file. `value` is at most 65,535 bytes."""
        stored = struct.pack("<BHH", 0, len(value), len(value) ^ 0xFFFF) + value
        checksum = zlib.crc32(self.after, zlib.crc32(value, self.before_crc))
        size = len(self.before) + len(value) + len(self.after)
        tail = struct.pack("<II", checksum, size & 0xFFFFFFFF)
        return b"".join((_GZIP_HEADER, self.before_deflated, stored, self.after_deflated, tail))


def _deflated(part: bytes, *, last: bool) -> bytes:
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    # A full flush ends on a byte boundary and forgets what came before, so that the parts stand on their own.
    return compressor.compress(part) + compressor.flush(zlib.Z_FINISH if last else zlib.Z_FULL_FLUSH)
