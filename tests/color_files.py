"""Files whose colours are not plain sRGB, and what a colour-managed viewer shows of them: for test_color_profile.

The viewer is written from the specifications, in floating point; only ICC profiles are left to LittleCMS.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image, ImageCms

SIGNATURE = b"\x89PNG\r\n\x1a\n"
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
BT709 = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
DISPLAY_P3 = (0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06)
BT2020 = (0.3127, 0.329, 0.708, 0.292, 0.17, 0.797, 0.131, 0.046)
WIDE_D50 = (0.3457, 0.3585, 0.7347, 0.2653, 0.1152, 0.8264, 0.1566, 0.0177)


def gama(gamma: float) -> bytes:
    return struct.pack(">I", round(gamma * 100_000))


def chrm(chromaticity: tuple[float, ...]) -> bytes:
    return struct.pack(">8I", *(round(value * 100_000) for value in chromaticity))


def iccp(profile: bytes) -> bytes:
    return b"p\0\0" + zlib.compress(profile)


def chunks_of(png: bytes) -> dict[str, bytes]:
    """Contents by name, in the order of the file; of chunks with one name the last."""
    found, place = {}, 8
    while place < len(png):
        (length,) = struct.unpack_from(">I", png, place)
        found[png[place + 4 : place + 8].decode()] = png[place + 8 : place + 8 + length]
        place += 12 + length
    return found


def png(im: Image.Image, chunks: Mapping[str, bytes]) -> bytes:
    """A PNG file of `im` with more chunks after its header."""
    stream = BytesIO()
    plain = im.copy()
    plain.info = {key: value for key, value in im.info.items() if key == "transparency"}
    plain.save(stream, "PNG")
    extra = b""
    for name, data in chunks.items():
        body = name.encode() + data
        extra += struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
    file = stream.getvalue()
    return file[:33] + extra + file[33:]


def shown(file: bytes) -> np.ndarray:
    """What a viewer shows on an sRGB screen, uint8[h, w, 4] as int: the precedence of PNG 3, section 4.3."""
    im: Any = Image.open(BytesIO(file))
    chunks = chunks_of(file) if file.startswith(SIGNATURE) else {}
    im.load()
    rgba = np.array(im.convert("RGBA"), int)
    profile = im.info.get("icc_profile")
    if "cICP" in chunks and chunks["cICP"][0] != 2:
        primaries, transfer, _, _ = chunks["cICP"]
        rgba[..., :3] = in_srgb(
            rgba[..., :3],
            {1: BT709, 9: BT2020, 12: DISPLAY_P3}[primaries],
            {1: bt709_to_linear, 8: lambda v: v, 13: srgb_to_linear}[transfer],
        )
    elif profile and usable(profile):
        rgba = managed(im, profile)
    elif "sRGB" not in chunks and {"gAMA", "cHRM"} & chunks.keys():
        gamma = struct.unpack(">I", chunks["gAMA"])[0] / 100_000 if "gAMA" in chunks else None
        white = np.array(struct.unpack(">8I", chunks["cHRM"])) / 100_000 if "cHRM" in chunks else BT709
        rgba[..., :3] = in_srgb(rgba[..., :3], white, lambda v: v ** (1 / gamma) if gamma else srgb_to_linear(v))
    return rgba


def usable(profile: bytes) -> bool:
    try:
        ImageCms.ImageCmsProfile(BytesIO(profile))
    except (OSError, ImageCms.PyCMSError):
        return False
    return True


def managed(im: Image.Image, profile: bytes) -> np.ndarray:
    """The image through LittleCMS, as int."""
    source = ImageCms.ImageCmsProfile(BytesIO(profile))
    rgba = im.convert("RGBA") if im.mode != "CMYK" else None
    mode = {b"GRAY": "L", b"CMYK": "CMYK"}.get(profile[16:20], "RGB")
    values = im if mode == "CMYK" else rgba.convert("RGB") if mode == "RGB" else rgba.getchannel("R")
    converted = ImageCms.profileToProfile(values, source, SRGB, outputMode="RGB")
    converted.putalpha(rgba.getchannel("A") if rgba else 255)
    return np.array(converted, int)


def in_srgb(values: np.ndarray, chromaticity: Any, to_linear: Any) -> np.ndarray:
    linear = to_linear(values / 255) @ (np.linalg.inv(xyz_d50(BT709)) @ xyz_d50(chromaticity)).T
    return np.rint(255 * linear_to_srgb(linear.clip(0, 1))).astype(int)


def xyz_d50(chromaticity: Any) -> np.ndarray:
    """The matrix from linear RGB to XYZ, adapted to D50 by Bradford's."""
    columns = np.array([[x, y, 1 - x - y] for x, y in np.reshape(chromaticity, (4, 2))]).T
    white = columns[:, 0] / columns[1, 0]
    colorants = columns[:, 1:] * np.linalg.solve(columns[:, 1:], white)
    bradford = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    gain = (bradford @ [0.9642, 1, 0.8249]) / (bradford @ white)
    return np.linalg.inv(bradford) @ np.diag(gain) @ bradford @ colorants


def srgb_to_linear(v: np.ndarray) -> np.ndarray:
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def linear_to_srgb(v: np.ndarray) -> np.ndarray:
    return np.where(v <= 0.0031308, 12.92 * v, 1.055 * v ** (1 / 2.4) - 0.055)


def bt709_to_linear(v: np.ndarray) -> np.ndarray:
    return np.where(v < 0.081, v / 4.5, ((v + 0.099) / 1.099) ** (1 / 0.45))


def profile(space: bytes, device_class: bytes, tags: dict[bytes, bytes], connection: bytes = b"XYZ ") -> bytes:
    """A profile of version 2 with these tags."""
    start = 132 + 12 * len(tags)
    table, data = struct.pack(">I", len(tags)), b""
    for name, element in tags.items():
        table += struct.pack(">4sII", name, start + len(data), len(element))
        data += element + bytes(-len(element) % 4)
    header = struct.pack(
        ">I4xI4s4s4s12x4s28x3i48x",
        start + len(data),
        0x02400000,
        device_class,
        space,
        connection,
        b"acsp",
        63190,
        65536,
        54061,
    )
    return header + table + data


def grey_profile(gamma: float) -> bytes:
    curve = struct.pack(">4s4xIH", b"curv", 1, round(gamma * 256))
    white = struct.pack(">4s4x3i", b"XYZ ", 63190, 65536, 54061)
    return profile(b"GRAY", b"mntr", {b"wtpt": white, b"kTRC": curve})


def cmyk_profile() -> bytes:
    """A press whose black is dark grey and whose inks are far from pure, as a table of 2x2x2x2 colours in Lab."""
    inks = np.array(np.meshgrid(*[[0, 1]] * 4, indexing="ij")).reshape(4, 16)
    light = 100 - [35, 40, 8] @ inks[:3]
    a, b = np.array([[-30, 60, -5], [-45, -5, 80]]) @ inks[:3]
    black = inks[3]
    lab = np.stack([(light * (1 - 0.85 * black)) * 2.55, a * (1 - black) + 128, b * (1 - black) + 128], 1)
    ramp = bytes(range(256))
    lut = struct.pack(">4s4x4B9i", b"mft1", 4, 3, 2, 0, *(65536 * np.eye(3, dtype=int)).ravel())
    lut += ramp * 4 + lab.clip(0, 255).round().astype(np.uint8).tobytes() + ramp * 3
    return profile(b"CMYK", b"prtr", {b"A2B0": lut}, b"Lab ")
