"""Transparent pixels that the output cannot hold, because of its format or of a given palette."""

from __future__ import annotations

from typing import Any

from PIL import Image

from ..alpha import has_alpha, to_rgba

_OPAQUE = ("bmp", "pcx", "tga")
_OPAQUE_FROM = 128  # alphas that become opaque where pixels are opaque or invisible


def fitting(
    im: Image.Image, format_: str, options: dict[str, Any], *, animated: bool
) -> tuple[Image.Image, dict[str, Any], list[str]]:
    """Return an image and options for an output that can hold the transparency.

    Args:
        im: The image, or the first frame of an animation.
        format_: Format of the output.
        options: Keywords of `Image.save`.
        animated: True for animations, of which GIF files have opaque and invisible pixels anyway.

    Returns:
        The image; the options, with white as the background if there is no other and it is needed; notes for the user.
    """
    if "background" in options or options.get("strict") or not has_alpha(im):
        return im, options, []
    alphas = to_rgba(im).getchannel("A").histogram()
    reason = _reason_for_background(format_, options.get("palette"))
    if reason:
        note = f"{reason}: composited onto white; --background chooses another colour"
        return im, {**options, "background": "white"}, [note] * any(alphas[:255])
    if format_ == "gif" and not animated and any(alphas[1:255]):
        note = "GIF files have no partial transparency: pixels are opaque or invisible"
        return _with_opaque_or_clear_pixels(im), options, [note]
    return im, options, []


def _reason_for_background(format_: str, palette: Any) -> str:
    if format_ in _OPAQUE:
        return f"{format_.upper()} files have no transparency"
    colors = getattr(palette, "colors", palette)  # of a palette shared by all inputs
    if colors is not None and (colors[:, 3] == 255).all():
        return "the palette has no transparent colour"
    return ""


def _with_opaque_or_clear_pixels(im: Image.Image) -> Image.Image:
    result = to_rgba(im)
    result.putalpha(result.getchannel("A").point(lambda alpha: 255 * (alpha >= _OPAQUE_FROM)))
    result.info = {key: value for key, value in im.info.items() if key != "transparency"}
    return result
