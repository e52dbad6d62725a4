"""Reads and writes safetensors files with NumPy alone.

Only what the checks here exchange: float32, float64, int32, int64 and uint8.
"""

import json
import pathlib
import struct
from typing import Mapping

import numpy as np

# In the order in which the reference writer sorts data: widest element first.
TYPES = {"I64": np.int64, "F64": np.float64, "F32": np.float32, "I32": np.int32, "U8": np.uint8}


def read(path: str | pathlib.Path) -> dict[str, np.ndarray]:
    """All tensors of a file by name."""
    data = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    base = 8 + length
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        values = np.frombuffer(data[base + begin : base + end], TYPES[entry["dtype"]])
        tensors[name] = values.reshape(entry["shape"]).copy()
    return tensors


def write(path: str | pathlib.Path, tensors: Mapping[str, np.ndarray]) -> None:
    """Writes tensors; equal tensors give equal bytes."""
    name_of_type = {np.dtype(value): key for key, value in TYPES.items()}
    ranks = {key: rank for rank, key in enumerate(TYPES)}
    entries = [(ranks[name_of_type[np.asarray(v).dtype]], k, np.asarray(v)) for k, v in tensors.items()]
    header, blobs, offset = {}, [], 0
    for _, name, values in sorted(entries, key=lambda entry: entry[:2]):
        blob = np.ascontiguousarray(values).tobytes()
        header[name] = {
            "dtype": name_of_type[values.dtype],
            "shape": list(values.shape),
            "data_offsets": [offset, offset + len(blob)],
        }
        blobs.append(blob)
        offset += len(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))
