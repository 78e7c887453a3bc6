"""A page that is compressed once and still carries something new in each copy.

A resident's page is the same for everybody at a point except for its token. The parts before and after the token are
compressed once, and each response joins them around it; compressing each page anew would cost more than all the rest of
a GET. Two ways, for phones on a slow network count the bytes:

brotli (RFC 7932), a fifth smaller, which browsers take over TLS: while the page is compressed, random bytes stand in
the token's place. They cannot be compressed, so they come out as they are, in a block of their own, where each response
puts its token; nothing after it refers to them. Only their number matters, and the last two, by which the next block
begins to guess: so a page is kept for each length, and the field ends alike in every copy.

gzip: the parts stand on their own, the token goes between them as a stored block (RFC 1951 section 3.2.4), and the
checksum of the whole (RFC 1952) is added.
"""

import random
import struct
import zlib
from dataclasses import dataclass, field

import brotli

_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_SEED = 20261126  # the same bytes each time: nothing is secret about them


@dataclass(frozen=True, slots=True)
class PrecompressedPage:
    """The two fixed parts of a page, plain and deflated, and by the length of the value what stands around it."""

    before: bytes
    after: bytes
    before_deflated: bytes
    after_deflated: bytes
    before_crc: int
    _around: dict[tuple[int, bytes], tuple[bytes, bytes] | None] = field(default_factory=dict)

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

    def brotlied(self, value: bytes) -> bytes | None:
        """The same as a brotli stream; None where it can't be made, and the page is to be sent otherwise."""
        key = len(value), value[-2:]
        if key not in self._around:
            self._around[key] = self._compressed_around(value)
        around = self._around[key]
        return None if around is None else value.join(around)

    def _compressed_around(self, value: bytes) -> tuple[bytes, bytes] | None:
        stand_in = random.Random(_SEED).randbytes(len(value) - 2) + value[-2:]  # noqa: S311 (nothing secret)
        compressor = brotli.Compressor(quality=11, lgwin=18)
        before = compressor.process(self.before) + compressor.flush()
        block = compressor.process(stand_in) + compressor.flush()
        opening, found, closing = block.partition(stand_in)
        around = before + opening, closing + compressor.process(self.after) + compressor.finish()
        whole = found and brotli.decompress(value.join(around)) == self.plain(value)
        return around if whole else None


def _deflated(part: bytes, *, last: bool) -> bytes:
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    # A full flush ends on a byte boundary and forgets what came before, so that the parts stand on their own.
    return compressor.compress(part) + compressor.flush(zlib.Z_FINISH if last else zlib.Z_FULL_FLUSH)
