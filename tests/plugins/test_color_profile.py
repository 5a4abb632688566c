"""What a colour-managed viewer shows does not change, and "exact" is only said where that is true."""

from __future__ import annotations

import struct
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image, ImageCms, PngImagePlugin

import pillow_kmq
from color_files import (
    BT709,
    BT2020,
    DISPLAY_P3,
    SRGB,
    WIDE_D50,
    bt709_to_linear,
    chrm,
    chunks_of,
    cmyk_profile,
    gama,
    grey_profile,
    iccp,
    in_srgb,
    managed,
    png,
    profile,
    shown,
    srgb_to_linear,
)
from pillow_kmq import color_profile
from pillow_kmq import icc_profile as icc
from pillow_kmq.cli.command import main
from pillow_kmq.compare import compare
from pillow_kmq.errors import OptionError

P3_CURVE = icc.Curve(1.8)
P3 = icc.matrix_profile(DISPLAY_P3, P3_CURVE)
SRGB_BYTES = SRGB.tobytes()
CMYK, GREY = cmyk_profile(), grey_profile(1.6)
BROKEN = P3[:128] + b"\xff" * 40
PQ = bytes([9, 16, 0, 1])

KINDS: dict[str, dict[str, bytes]] = {
    "gAMA 1": {"gAMA": gama(1.0)},
    "gAMA 1/2.2": {"gAMA": gama(0.45455)},
    "gAMA, cHRM": {"gAMA": gama(0.55), "cHRM": chrm(DISPLAY_P3)},
    "gAMA, cHRM under another white": {"gAMA": gama(1 / 1.8), "cHRM": chrm(WIDE_D50)},
    "cHRM": {"cHRM": chrm(DISPLAY_P3)},
    "sRGB": {"sRGB": b"\0"},
    "sRGB over gAMA, cHRM": {"gAMA": gama(1.0), "cHRM": chrm(DISPLAY_P3), "sRGB": b"\1"},
    "cICP Display P3": {"cICP": bytes([12, 13, 0, 1])},
    "cICP BT.2020": {"cICP": bytes([9, 1, 0, 1])},
    "cICP linear": {"cICP": bytes([1, 8, 0, 1])},
    "cICP sRGB over iCCP": {"cICP": bytes([1, 13, 0, 1]), "iCCP": iccp(P3)},
    "cICP over sRGB, gAMA": {"cICP": bytes([12, 13, 0, 1]), "sRGB": b"\0", "gAMA": gama(1.0)},
    "iCCP": {"iCCP": iccp(P3)},
    "iCCP over sRGB, gAMA": {"iCCP": iccp(P3), "sRGB": b"\0", "gAMA": gama(1.0)},
    "damaged iCCP, gAMA": {"iCCP": iccp(BROKEN), "gAMA": gama(0.7)},
}
NO_CHANGE = ("sRGB", "sRGB over gAMA, cHRM", "cICP sRGB over iCCP")
MODES = ("RGB", "RGBA", "L", "LA", "P", "1")


def picture(mode: str) -> Image.Image:
    """At most 200 colours from dark to light, many of them saturated; some alphas."""
    values = np.zeros((10, 20, 4), np.uint8)
    grid = np.arange(200).reshape(10, 20)
    values[..., 0] = grid * 255 // 199
    values[..., 1] = grid * 37 % 256
    values[..., 2] = grid * 101 % 256
    values[..., 3] = np.where(grid % 20 < 3, 60 * (grid % 20), 255)
    rgba = Image.fromarray(values)
    if mode == "P":
        im = Image.frombytes("P", (20, 10), bytes(range(200)))
        im.putpalette(rgba.convert("RGB").tobytes())
        return im
    return rgba if mode == "RGBA" else rgba.convert(mode)


def opened(file: bytes) -> Image.Image:
    return Image.open(BytesIO(file))


def saved(im: Image.Image, format_: str, **options: Any) -> bytes:
    stream = BytesIO()
    im.save(stream, format_, **options)
    return stream.getvalue()


def command(tmp_path: Any, file: bytes, format_: str, *options: str, name: str = "in.png") -> tuple[bytes, str]:
    """The output of `kmq` and what it says."""
    (tmp_path / name).write_bytes(file)
    target = tmp_path / f"out.{format_}"
    done = CliRunner().invoke(main, [str(tmp_path / name), "-f", "-o", str(target), *options])
    assert done.exit_code == 0, done.output
    return target.read_bytes(), done.output


def assert_shown_alike(before: np.ndarray, after: np.ndarray, *, levels: int = 1) -> None:
    """Colours of invisible pixels do not matter."""
    assert (before[..., 3] == after[..., 3]).all()
    visible = before[..., 3] > 0
    assert abs(before - after)[visible].max() <= levels


# The viewer that the tests compare with


def test_the_viewer_of_the_tests_sees_each_kind_differently() -> None:
    plain = shown(png(picture("RGB"), {}))
    for kind, chunks in KINDS.items():
        if kind not in NO_CHANGE:
            assert abs(shown(png(picture("RGB"), chunks)) - plain).max() > 5, kind


# PNG files


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("format_", ["PNG8", "KMQ"])
def test_what_png_chunks_say_of_colours_is_kept(kind: str, mode: str, format_: str) -> None:
    file = png(picture(mode), KINDS[kind])
    im = opened(file)
    result = saved(im, format_)
    assert_shown_alike(shown(file), shown(result))
    if mode == "P":
        assert opened(result).tobytes() == im.tobytes()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("format_", ["png", "kmq"])
def test_the_command_says_exact_where_a_viewer_shows_the_same(tmp_path: Any, kind: str, format_: str) -> None:
    file = png(picture("RGB"), KINDS[kind])
    result, said = command(tmp_path, file, format_)
    assert "exact" in said
    assert all("larger" in line for line in said.splitlines() if ": note: " in line)  # of such a small file
    assert_shown_alike(shown(file), shown(result))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P"])
@pytest.mark.parametrize("format_", ["png", "kmq"])
def test_strip_converts_the_colours_before_it_drops_what_they_mean(
    tmp_path: Any, kind: str, mode: str, format_: str
) -> None:
    file = png(picture(mode), KINDS[kind])
    result, said = command(tmp_path, file, format_, "--strip")
    assert_shown_alike(shown(file), shown(result), levels=2)  # rounded once more
    assert not color_profile.KEYS & opened(result).info.keys()
    assert ("exact" in said) == (kind in NO_CHANGE)
    assert ("converted to sRGB" in said) == (kind not in NO_CHANGE)


@pytest.mark.parametrize("format_", ["PNG8", "KMQ"])
def test_srgb_converts_a_palette_and_leaves_the_indices(format_: str) -> None:
    im = opened(png(picture("P"), KINDS["gAMA, cHRM"]))
    result = opened(saved(im, format_, srgb=True))
    assert result.tobytes() == im.tobytes()
    assert not color_profile.KEYS & result.info.keys()
    assert im.info["gamma"] == 0.55


@pytest.mark.parametrize("format_", ["PNG8", "KMQ"])
def test_srgb_must_be_true_or_false(format_: str) -> None:
    with pytest.raises(OptionError, match="srgb must be True or False"):
        saved(picture("RGB"), format_, srgb=np.ones(3))


def test_chunks_stand_before_the_palette_and_are_the_same_bytes() -> None:
    chunks = {"cICP": PQ, "mDCV": bytes(range(24)), "cLLI": bytes(8), "gAMA": gama(0.5), "cHRM": chrm(WIDE_D50)}
    file = chunks_of(saved(opened(png(picture("RGB"), chunks)), "PNG8"))
    assert {name: file[name] for name in chunks} == chunks
    names = list(file)
    assert max(names.index(name) for name in chunks) < names.index("PLTE")


def test_a_plain_file_gets_no_chunk_and_no_profile() -> None:
    im = opened(png(picture("RGB"), {}))
    assert not {"gAMA", "cHRM", "sRGB", "cICP", "iCCP"} & chunks_of(saved(im, "PNG8")).keys()
    assert "icc_profile" not in opened(saved(im, "KMQ")).info


def test_chunks_survive_pillows_operations_and_quantize() -> None:
    im = opened(png(picture("RGB"), KINDS["cICP Display P3"] | KINDS["gAMA, cHRM"]))
    im = pillow_kmq.quantize(im.convert("RGBA").resize((7, 5)), 8)
    assert {"cICP", "gAMA", "cHRM"} <= chunks_of(saved(im, "PNG8")).keys()


def test_a_broken_length_of_cicp_is_passed_over() -> None:
    im = opened(png(picture("RGB"), {"cICP": b"\1"}))
    assert "cicp" not in im.info
    assert "cICP" not in chunks_of(saved(im, "PNG8"))


# The caller's word counts


@pytest.mark.parametrize(("name", "data"), [("gAMA", gama(0.3)), ("cHRM", chrm(BT2020)), ("sRGB", b"\2")])
def test_chunks_given_by_the_caller_replace_those_of_the_image(name: str, data: bytes) -> None:
    im = opened(png(picture("RGB"), KINDS["cICP Display P3"] | KINDS["gAMA, cHRM"]))
    more = PngImagePlugin.PngInfo()
    more.add(name.encode(), data)
    file = chunks_of(saved(im, "PNG8", pnginfo=more))
    assert file[name] == data
    assert {"cICP", "sRGB", "gAMA", "cHRM"} & file.keys() == {name}


@pytest.mark.parametrize("kind", ["cICP Display P3", "gAMA, cHRM", "sRGB"])
def test_a_profile_given_by_the_caller_replaces_what_the_image_says(kind: str) -> None:
    im = opened(png(picture("RGB"), KINDS[kind]))
    assert not {"cICP", "gAMA", "cHRM", "sRGB"} & chunks_of(saved(im, "PNG8", icc_profile=P3)).keys()
    assert opened(saved(im, "KMQ", icc_profile=P3)).info["icc_profile"] == P3


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("format_", ["PNG8", "KMQ"])
def test_handing_on_the_profile_of_info_changes_nothing(kind: str, format_: str) -> None:
    """`icc_profile=im.info.get("icc_profile")` is what many programs write."""
    file = png(picture("RGB"), KINDS[kind])
    im = opened(file)
    assert_shown_alike(shown(file), shown(saved(im, format_, icc_profile=im.info.get("icc_profile"))))


@pytest.mark.parametrize("mode", ["CMYK", "L"])
@pytest.mark.parametrize("format_", ["PNG8", "KMQ"])
def test_a_profile_used_up_by_a_conversion_is_not_written(mode: str, format_: str) -> None:
    im = picture(mode)
    im.info["icc_profile"] = {"CMYK": CMYK, "L": GREY}[mode]
    assert "icc_profile" not in opened(saved(im, format_, icc_profile=im.info["icc_profile"])).info
    assert opened(saved(im, format_, icc_profile=P3)).info["icc_profile"] == P3


@pytest.mark.parametrize(
    "info",
    [
        {"gamma": 0},
        {"gamma": -1.0},
        {"gamma": "1"},
        {"gamma": float("nan")},
        {"gamma": 1e9},
        {"chromaticity": (0.3,) * 7},
        {"chromaticity": (0.0,) * 8},
        {"chromaticity": 5},
        {"srgb": 9},
        {"cicp": "no"},
        {"cicp": bytes([2, 2, 0, 1])},
        {"cicp": bytes([1, 13, 1, 1])},
        {"icc_profile": b"no"},
        {"icc_profile": 5},
    ],
    ids=str,
)
def test_values_that_say_nothing_do_no_harm(info: dict[str, Any]) -> None:
    im = picture("RGB")
    im.info = info
    for format_ in ("PNG8", "KMQ"):
        assert_shown_alike(np.array(im.convert("RGBA"), int), shown(saved(im, format_)), levels=0)
        assert_shown_alike(np.array(im.convert("RGBA"), int), shown(saved(im, format_, srgb=True)), levels=0)


def test_srgb_textures_of_dds_stay_plain() -> None:
    """Pillow's DDS plugin reports their transfer function as a gamma of 1/2.2, which it is not."""
    im = picture("RGB")
    im.info["gamma"] = 1 / 2.2
    assert "gAMA" not in chunks_of(saved(im, "PNG8"))
    assert "icc_profile" not in opened(saved(im, "KMQ")).info


# HDR


@pytest.mark.parametrize(("transfer", "name"), [(16, "PQ"), (18, "HLG")])
def test_hdr_is_kept_in_png_and_not_called_exact_in_kmq(tmp_path: Any, transfer: int, name: str) -> None:
    codes = bytes([9, transfer, 0, 1])
    file = png(picture("RGB"), {"cICP": codes})
    result, said = command(tmp_path, file, "png")
    assert chunks_of(result)["cICP"] == codes
    assert "exact" in said
    result, said = command(tmp_path, file, "png", "--strip")
    assert chunks_of(result)["cICP"] == codes
    assert f"note: {name} colours cannot be converted" in said
    result, said = command(tmp_path, file, "kmq")
    assert "exact" not in said
    assert f"note: {name} colours cannot be kept" in said
    assert opened(result).convert("RGB").tobytes() == opened(file).tobytes()


def test_the_profile_that_stands_in_for_hdr_goes_into_kmq() -> None:
    im = opened(png(picture("RGB"), {"cICP": PQ, "iCCP": iccp(P3)}))
    assert opened(saved(im, "KMQ")).info["icc_profile"] == P3


# CMYK, grey, LAB


def with_profile(mode: str, format_: str) -> tuple[bytes, np.ndarray]:
    """A file with the profile of its mode, and what LittleCMS shows of it."""
    im = picture(mode)
    own = CMYK if mode == "CMYK" else GREY
    file = saved(im, format_, icc_profile=own, **({"quality": 100} if format_ == "JPEG" else {}))
    back = opened(file)
    assert back.mode == mode
    return file, managed(back, own)


FILES = [("CMYK", "TIFF"), ("CMYK", "JPEG"), ("L", "TIFF"), ("L", "PNG"), ("L", "JPEG"), ("LA", "PNG"), ("1", "TIFF")]


@pytest.mark.parametrize(("mode", "source"), FILES)
@pytest.mark.parametrize("format_", ["PNG8", "KMQ"])
def test_cmyk_and_grey_are_saved_as_littlecms_shows_them(mode: str, source: str, format_: str) -> None:
    file, expected = with_profile(mode, source)
    result = saved(opened(file), format_)
    assert "icc_profile" not in opened(result).info
    if len(np.unique(expected.reshape(-1, 4), axis=0)) <= 256:
        assert_shown_alike(expected, shown(result))
    else:
        assert abs(expected - shown(result)).max() < 12
    if mode == "1":
        return
    assert abs(expected - np.array(opened(file).convert("RGBA"), int)).max() > 20


@pytest.mark.parametrize("options", [[], ["--strip"]])
@pytest.mark.parametrize(("mode", "source"), [("CMYK", "TIFF"), ("L", "PNG"), ("LA", "PNG")])
@pytest.mark.parametrize("format_", ["png", "kmq"])
def test_the_command_converts_once_and_says_so(
    tmp_path: Any, mode: str, source: str, format_: str, options: list[str]
) -> None:
    file, expected = with_profile(mode, source)
    result, said = command(tmp_path, file, format_, *options, name=f"in.{source}")
    assert_shown_alike(expected, shown(result))
    assert "colours were converted to sRGB" in said
    assert "lossless after conversion" in said
    assert "exact" not in said


def test_grey_stays_grey() -> None:
    file, _ = with_profile("L", "PNG")
    pixels = np.asarray(opened(saved(opened(file), "PNG8")).convert("RGB"))
    assert (pixels == pixels[..., :1]).all()


@pytest.mark.parametrize("format_", ["PNG8", "KMQ"])
def test_a_colour_key_is_looked_up_before_the_conversion(format_: str) -> None:
    im = Image.frombytes("L", (4, 1), bytes([10, 11, 12, 200]))
    im.info = {"icc_profile": GREY, "transparency": 11}
    assert opened(saved(im, format_)).convert("RGBA").getchannel("A").tobytes() == b"\xff\0\xff\xff"


def test_a_grey_profile_that_is_nearly_srgb_leaves_the_pixels_exactly(tmp_path: Any) -> None:
    curve = struct.pack(
        ">4s4xI1024H", b"curv", 1024, *np.rint(65535 * srgb_to_linear(np.arange(1024) / 1023)).astype(int)
    )
    white = struct.pack(">4s4x3i", b"XYZ ", 63190, 65536, 54061)
    own = profile(b"GRAY", b"mntr", {b"wtpt": white, b"kTRC": curve})
    file = png(picture("L"), {"iCCP": iccp(own), "gAMA": gama(0.9)})
    result, said = command(tmp_path, file, "png")
    assert opened(result).convert("L").tobytes() == picture("L").tobytes()
    assert not {"iCCP", "gAMA"} & chunks_of(result).keys()
    assert "exact" in said


def test_16_bit_grey_is_reduced_and_converted(tmp_path: Any) -> None:
    im = Image.fromarray(np.linspace(0, 65535, 200).astype(np.uint16).reshape(10, 20))
    file = saved(im, "TIFF", icc_profile=GREY)
    result, said = command(tmp_path, file, "png", name="in.tif")
    eight = Image.fromarray(((np.asarray(im).astype(int) + 128) // 257).astype(np.uint8))
    assert_shown_alike(managed(eight, GREY), shown(result))
    assert "exact" not in said


def test_lab_is_converted_and_not_called_exact(tmp_path: Any) -> None:
    lab = ImageCms.profileToProfile(picture("RGB"), SRGB, ImageCms.createProfile("LAB"), outputMode="LAB")
    lab.info["icc_profile"] = P3  # left over from before
    file = saved(lab, "TIFF", icc_profile=P3)
    assert opened(file).mode == "LAB"
    for format_ in ("png", "kmq"):
        result, said = command(tmp_path, file, format_, name="in.tif")
        assert_shown_alike(np.array(opened(file).convert("RGB").convert("RGBA"), int), shown(result))
        assert "icc_profile" not in opened(result).info
        assert "LAB colours were converted to sRGB" in said
        assert "exact" not in said


@pytest.mark.parametrize(
    ("mode", "own", "note"),
    [
        ("CMYK", CMYK[:128] + b"\xff" * 60, "damaged"),
        ("CMYK", P3, "does not fit mode CMYK"),
        ("L", GREY[:128] + b"\xff" * 60, "damaged"),
        ("L", CMYK, "does not fit mode L"),
        ("RGB", CMYK, "does not fit mode RGB"),
        ("RGB", GREY, "does not fit mode RGB"),
        ("RGB", b"no", "does not fit mode RGB"),
    ],
)
@pytest.mark.parametrize("format_", ["png", "kmq"])
def test_a_profile_that_cannot_be_used_is_left_out_with_a_note(
    tmp_path: Any, mode: str, own: bytes, note: str, format_: str
) -> None:
    file = saved(picture(mode), "TIFF", icc_profile=own)
    result, said = command(tmp_path, file, format_, name="in.tif")
    assert "icc_profile" not in opened(result).info
    assert f"note: the colour profile was left out: it {'is ' * (note == 'damaged')}{note}" in said
    assert opened(result).convert("RGB").tobytes() == picture(mode).convert("RGB").tobytes()
    assert ("exact" in said) == (mode != "CMYK")


def test_a_damaged_rgb_profile_stays_for_viewers_to_judge() -> None:
    im = opened(png(picture("RGB"), {"iCCP": iccp(BROKEN)}))
    for format_ in ("PNG8", "KMQ"):
        assert opened(saved(im, format_)).info["icc_profile"] == BROKEN


@pytest.mark.parametrize("mode", ["RGB", "L", "P"])
def test_an_rgb_profile_is_kept_and_colours_stay(mode: str) -> None:
    im = picture(mode)
    im.info["icc_profile"] = P3
    for format_ in ("PNG8", "KMQ"):
        result = opened(saved(im, format_))
        assert result.info["icc_profile"] == P3
        assert result.convert("RGB").tobytes() == im.convert("RGB").tobytes()


# quantize, compare, reports


@pytest.mark.parametrize(("mode", "own"), [("CMYK", CMYK), ("L", GREY)])
def test_quantize_and_quantize_all_give_what_is_shown(mode: str, own: bytes) -> None:
    im = picture(mode)
    im.info = {"icc_profile": own, "comment": b"kept"}
    expected = managed(im, own)
    for result in (pillow_kmq.quantize(im), pillow_kmq.quantize_all([im, im])[1]):
        assert result.info == {"comment": b"kept"}
        assert_shown_alike(expected, np.array(result.convert("RGBA"), int))
        assert compare(im, result).psnr == float("inf")
    assert im.info["icc_profile"] == own


def test_reports_measure_what_is_shown() -> None:
    file, _ = with_profile("CMYK", "TIFF")
    reports: list[Any] = []
    for format_ in ("PNG8", "KMQ"):
        saved(opened(file), format_, report=reports.append)
        saved(opened(png(picture("RGB"), KINDS["iCCP"])), format_, report=reports.append, srgb=True)
    assert [report.psnr for report in reports] == [float("inf")] * 4


@pytest.mark.parametrize("mode", ["I", "F"])
def test_modes_that_cannot_be_quantised_are_refused_as_ever(mode: str) -> None:
    im = Image.new(mode, (3, 3))
    im.info["gamma"] = 1.0
    for options in ({}, {"srgb": True}):
        with pytest.raises(OSError, match=f"mode {mode}"):
            saved(im, "PNG8", **options)


def test_an_empty_image_is_refused_as_ever() -> None:
    im = Image.new("CMYK", (0, 3))
    im.info["icc_profile"] = CMYK
    with pytest.raises(OSError, match="empty image"):
        saved(im, "KMQ")


def test_large_images_are_converted_in_stripes(monkeypatch: pytest.MonkeyPatch) -> None:
    im = picture("RGBA")
    im.info["icc_profile"] = P3
    whole = color_profile.as_shown(im, srgb=True)
    monkeypatch.setattr(color_profile, "_STRIPE_PIXELS", 65)
    assert color_profile.as_shown(im, srgb=True).tobytes() == whole.tobytes()


# Animations


def film(mode: str, chunks: dict[str, bytes]) -> bytes:
    frames = [picture(mode), picture(mode).transpose(Image.Transpose.ROTATE_180)]
    stream = BytesIO()
    frames[0].save(stream, "PNG", save_all=True, append_images=frames[1:], duration=50)
    file = stream.getvalue()
    still = png(picture(mode), chunks)
    return file[:33] + still[33 : still.index(b"IDAT") - 4] + file[33:]


def shown_frames(file: bytes) -> list[np.ndarray]:
    """What is shown of each frame, as of a PNG or KMQ file of its own."""
    im: Any = opened(file)
    chunks = {name: data for name, data in chunks_of(file).items() if name in KNOWN} if file[1:4] == b"PNG" else {}
    if "icc_profile" in im.info:
        chunks["iCCP"] = iccp(im.info["icc_profile"])
    stills = []
    for number in range(im.n_frames):
        im.seek(number)
        still = Image.frombytes(im.mode, im.size, im.tobytes())
        if im.mode == "P":
            still = im.convert("RGBA")
        stills.append(shown(png(still, chunks)))
    return stills


KNOWN = ("cICP", "iCCP", "sRGB", "gAMA", "cHRM")


@pytest.mark.parametrize("options", [[], ["--strip"]])
@pytest.mark.parametrize(
    ("mode", "chunks"),
    [("RGB", KINDS["gAMA, cHRM"]), ("RGB", KINDS["cICP Display P3"]), ("L", {"iCCP": iccp(GREY)})],
    ids=["gAMA, cHRM", "cICP", "grey iCCP"],
)
def test_frames_of_animations_are_shown_alike(
    tmp_path: Any, mode: str, chunks: dict[str, bytes], options: list[str]
) -> None:
    file = film(mode, chunks)
    result, said = command(tmp_path, file, "kmq", *options)
    before, after = shown_frames(file), shown_frames(result)
    assert len(before) == len(after) == 2
    for one, other in zip(before, after, strict=True):
        assert_shown_alike(one, other, levels=2)
    converted = mode == "L" or bool(options)
    assert ("exact" in said) != converted
    assert ("icc_profile" in opened(result).info) != converted


# Profiles


RAMPS = np.array([[v, w, x] for v in range(0, 256, 15) for w in range(0, 256, 51) for x in (0, 128, 255)], np.uint8)[
    None
]


def through(own: bytes) -> np.ndarray:
    return managed(Image.fromarray(RAMPS), own)[..., :3]


@pytest.mark.parametrize("gamma", [1.0, 1.8, 2.2, 2.6])
@pytest.mark.parametrize("chromaticity", [BT709, DISPLAY_P3, BT2020, WIDE_D50], ids=["709", "P3", "2020", "D50"])
def test_littlecms_reads_a_gamma_and_primaries_as_they_were_meant(
    gamma: float, chromaticity: tuple[float, ...]
) -> None:
    expected = in_srgb(RAMPS, chromaticity, lambda v: v**gamma)
    assert abs(through(icc.matrix_profile(chromaticity, icc.Curve(gamma))) - expected).max() <= 1


def test_white_stays_white_whatever_the_white_point() -> None:
    for chromaticity in (BT709, WIDE_D50, (0.314, 0.351, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06)):
        assert (through(icc.matrix_profile(chromaticity, icc.Curve(2.2)))[0, -1] == 255).all()


@pytest.mark.parametrize(
    ("transfer", "to_linear"),
    [(1, bt709_to_linear), (4, lambda v: v**2.2), (8, lambda v: v), (13, srgb_to_linear), (15, bt709_to_linear)],
)
@pytest.mark.parametrize("full_range", [0, 1])
def test_code_points_become_the_profile_of_their_curve_and_range(
    transfer: int, to_linear: Any, full_range: int
) -> None:
    own = icc.profile_of_codes(bytes([9, transfer, 0, full_range]))
    values = RAMPS if full_range else (RAMPS - 16.0) * 255 / 219
    inside = ((values >= 0) & (values <= 255)).all(axis=2)
    assert abs(through(own) - in_srgb(values.clip(0, 255), BT2020, to_linear))[inside].max() <= 1


def test_a_built_profile_is_small_and_always_the_same() -> None:
    assert len(P3) < 600
    assert icc.matrix_profile(DISPLAY_P3, P3_CURVE) == P3


@pytest.mark.parametrize("chromaticity", [(0.0,) * 8, (1.0,) * 8, (0.3127, 0.0, *BT709[2:]), (*BT709[:4], *BT709[2:6])])
def test_impossible_chromaticities_are_refused_and_srgb_stands_in(chromaticity: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="chromaticities"):
        icc.matrix_profile(chromaticity, icc.Curve(2.2))
    assert icc.profile_of_gamma(0.5, chromaticity) == icc.profile_of_gamma(0.5, None) != b""
    assert icc.profile_of_gamma(None, chromaticity) == b""
