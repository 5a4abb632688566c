"""Pillow plugin that saves any image as a palette PNG: `image.save("a.png", format="PNG8", colors=64)`.

The image is quantised and passed to Pillow's own PNG writer, so all its options work (`optimize`, `compress_level`,
`pnginfo`, `icc_profile`, `exif`, `dpi`), except `bits`: the bit depth is the smallest that holds the palette. Chunks
that define the colour space are kept (see `color_profile`); `srgb=True` converts the colours to sRGB instead. The
extension `.png` stays with Pillow's PNG plugin: PNG8 must be named as the format.
"""

from __future__ import annotations

import zlib
from io import BytesIO
from typing import IO, Any

from PIL import Image, PngImagePlugin

from .color_profile import color_chunks, for_saving, register_color_chunks

FORMAT = "PNG8"


def register_png8_saver() -> None:
    """Register PNG8 with Pillow, for saving.

    Importing pillow_kmq calls this; further calls change nothing.
    """
    Image.register_save(FORMAT, _save)
    Image.register_save_all(FORMAT, _save_all)
    register_color_chunks()


def _save(im: Image.Image, fp: IO[bytes], filename: str | bytes) -> None:
    from .saving.options import save_quantized

    im = for_saving(im)
    options = im.encoderinfo
    save_quantized(im, fp, FORMAT, lambda result: _encode(_with_rgb_palette(result.image, options), filename))


def _save_all(im: Image.Image, fp: IO[bytes], filename: str | bytes) -> None:
    from .saving.animation import frames_to_save, only_frame
    from .saving.options import refuse_several_frames

    frames = frames_to_save(im)
    refuse_several_frames(frames, FORMAT)
    _save(only_frame(im, frames), fp, filename)


def _with_rgb_palette(image: Image.Image, encoderinfo: dict[str, Any]) -> Image.Image:
    """Return a copy of a P image that Pillow's PNG writer saves exactly, with `encoderinfo` attached.

    The palette becomes RGB, padded to cover all used indices: Pillow would change indices beyond its end. The alphas
    become `transparency`, without the opaque ones at the end.
    """
    from .saving.options import palette_alphas

    colors = bytes(image.getpalette("RGB") or [])
    highest = max(index for index, count in enumerate(image.histogram()) if count)
    colors = colors.ljust(3 * (highest + 1), b"\0")

    plain = image.copy()
    plain.putpalette(colors, "RGB")
    plain.info = {key: value for key, value in image.info.items() if key != "transparency"}
    if not _is_rgb_profile(plain.info.get("icc_profile")):
        # A palette PNG may only have an RGB profile.
        del plain.info["icc_profile"]
    plain.encoderinfo = {key: value for key, value in encoderinfo.items() if key not in ("bits", "transparency")}
    if alphas := palette_alphas(image, encoderinfo):
        plain.encoderinfo["transparency"] = alphas
    return plain


def _is_rgb_profile(profile: Any) -> bool:
    """Return whether the colour space in an ICC header (ICC.1:2022, 7.2.6) is RGB; true without a profile."""
    return profile is None or (isinstance(profile, bytes) and profile[16:20] == b"RGB ")


def _encode(image: Image.Image, filename: str | bytes) -> bytes:
    """Encode a P image whose palette covers all indices as a PNG file."""
    chunks: list[tuple[bytes, bytes]] = []
    png = BytesIO()
    PngImagePlugin._save(image, png, filename, lambda _, name, *data: chunks.append((name, b"".join(data))))
    if len(image.getpalette() or []) <= 16 * 3:
        chunks = _without_filters(chunks, image)
    chunks[1:1] = color_chunks(image, {name for name, _ in chunks})
    for name, data in chunks:
        PngImagePlugin.putchunk(png, name, data)
    return png.getvalue()


def _without_filters(chunks: list[tuple[bytes, bytes]], image: Image.Image) -> list[tuple[bytes, bytes]]:
    """Return the chunks with image data compressed without row filters, if that is smaller.

    Pillow filters rows of 1, 2 and 4 bits, against the advice of the PNG specification (12.7). Unfiltered rows were
    smaller in 61 of 64 trials with photos, screenshots and icons, mostly by 10 to 30 %.
    """
    filtered = b"".join(data for name, data in chunks if name == b"IDAT")
    unfiltered = _unfiltered_image_data(image)
    if len(unfiltered) >= len(filtered):
        return chunks
    first = [name for name, _ in chunks].index(b"IDAT")
    after = [chunk for chunk in chunks[first:] if chunk[0] != b"IDAT"]
    return [*chunks[:first], (b"IDAT", unfiltered), *after]


def _unfiltered_image_data(image: Image.Image) -> bytes:
    entries = len(image.getpalette() or []) // 3
    bits = 1 if entries <= 2 else 2 if entries <= 4 else 4
    packed = image.tobytes("raw", f"P;{bits}")
    row = (image.width * bits + 7) // 8
    options = image.encoderinfo
    level = 9 if options.get("optimize") else options.get("compress_level", -1)
    compressor = zlib.compressobj(level, zlib.DEFLATED, 15, 9, max(0, options.get("compress_type", 0)))
    parts = [compressor.compress(b"\0" + packed[start : start + row]) for start in range(0, len(packed), row)]
    return b"".join(parts) + compressor.flush()
