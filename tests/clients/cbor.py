"""Reads CBOR (RFC 8949) as it stands: botocore's own parser drops members that are null."""

import datetime
import struct

FLOATS = {25: ">e", 26: ">f", 27: ">d"}
SIMPLE = {20: False, 21: True, 22: None}


def read(data):
    """The one item in `data`."""
    value, rest = item(data)
    if rest:
        raise ValueError(f"{len(rest)} bytes after the end")
    return value


def item(data):
    """The first item, and what follows it."""
    kind, info = data[0] >> 5, data[0] & 0x1F
    data = data[1:]
    if kind == 7 and info in FLOATS:
        size = struct.calcsize(FLOATS[info])
        return struct.unpack(FLOATS[info], data[:size])[0], data[size:]
    if kind == 7:
        return SIMPLE[info], data
    if info == 31:
        return endless(kind, data)
    if info >= 24:
        size = 1 << (info - 24)
        info, data = int.from_bytes(data[:size], "big"), data[size:]
    if kind == 0:
        return info, data
    if kind == 1:
        return -1 - info, data
    if kind in (2, 3):
        if len(data) < info:
            raise ValueError("it ends too early")
        return data[:info] if kind == 2 else data[:info].decode(), data[info:]
    if kind == 6:
        value, data = item(data)
        if info != 1:
            raise ValueError(f"unknown tag {info}")
        return datetime.datetime.fromtimestamp(value, datetime.timezone.utc), data
    values = []
    for _ in range(info * (kind - 3)):
        value, data = item(data)
        values.append(value)
    return collect(kind, values), data


def endless(kind, data):
    """A list or a map without a length, up to its break."""
    values = []
    while data[0] != 0xFF:
        value, data = item(data)
        values.append(value)
    return collect(kind, values), data[1:]


def collect(kind, values):
    return values if kind == 4 else dict(zip(values[::2], values[1::2], strict=True))
