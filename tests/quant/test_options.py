"""All options together: whatever is asked of whatever image, there is a good result or a clear error."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from pillow_kmq import PSNR, DeltaE, errors, quantize, quantize_all
from pillow_kmq.quant.posterize import representable, to_bits

pytestmark = pytest.mark.jit

COLORS = st.lists(st.tuples(*[st.sampled_from([0, 255])] * 3), max_size=4)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "colors": st.integers(1, 256),
        "dither": st.sampled_from([None, "none", 0.5, 1.0, Image.Dither.FLOYDSTEINBERG]),
        "quality": st.sampled_from([0, 50, 100, (0, 90), (10, 70), PSNR(30.0), DeltaE(2.0)]),
        "space": st.sampled_from(["srgb", "linear", "oklab"]),
        "effort": st.sampled_from(["fast", "default", "best"]),
        "seed": st.integers(0, 9),
        "max_iter": st.sampled_from([None, 0, 3]),
        "fixed": COLORS,
        "posterize": st.sampled_from([None, "rgb565", "rgb111", "rgba4444", "rgba5551", (3, 3, 2)]),
        "order": st.sampled_from([None, "luminance", "popularity", "compression"]),
        "transparent_index": st.sampled_from([None, -1, 0, 7, 255]),
        "palette": st.sampled_from([None, None, None, "cga", "web-safe", [(0, 0, 0, 0), (9, 9, 9)]]),
    },
)
PIXELS = arrays(
    np.uint8,
    st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(4)),
    elements=st.sampled_from([0, 1, 100, 128, 254, 255]),
)


@settings(max_examples=150, deadline=None)
@given(pixels=PIXELS, options=OPTIONS, mapped=st.booleans(), mode=st.sampled_from(["RGBA", "RGB", "LA", "L", "1"]))
def test_any_options_give_a_good_image_or_a_clear_error(pixels, options, mapped, mode):
    im = Image.fromarray(pixels).convert(mode)
    if mapped:
        options["importance"] = np.ascontiguousarray(pixels[..., 0])
    try:
        out = quantize(im, **options)
    except (errors.OptionError, errors.QualityError):
        return
    assert (out.mode, out.size) == ("P", im.size)
    palette = np.array(out.getpalette("RGBA"), np.uint8).reshape(-1, 4)
    assert int(np.asarray(out).max()) < len(palette)
    if options.get("palette") is not None:
        return
    padded = options.get("transparent_index") or 0
    assert len(palette) <= max(options.get("colors", 256), padded + 1)
    np.testing.assert_array_equal(palette, representable(palette, to_bits(options.get("posterize"))))
    assert {(*color, 255) for color in options.get("fixed", ())} <= set(map(tuple, palette.tolist()))
    before, after = np.asarray(im.convert("RGBA")), np.asarray(out.convert("RGBA"))
    assert (after[before[..., 3] == 0][:, 3] == 0).all()
    if options.get("colors", 256) > 1:
        assert (after[before[..., 3] == 255][:, 3] == 255).all()


@settings(max_examples=60, deadline=None)
@given(
    pixels=PIXELS,
    options=OPTIONS,
    limit=st.one_of(st.none(), st.integers(1, 900)),
    format_=st.sampled_from(["PNG8", "KMQ"]),
)
def test_saving_with_any_options_writes_what_quantize_gives_or_nothing(pixels, options, limit, format_):
    im = Image.fromarray(pixels)
    file = BytesIO()
    try:
        im.save(file, format=format_, max_bytes=limit, **options)
    except errors.KmqError:
        assert not file.getvalue()
        return
    reopened = Image.open(file)
    if limit is not None:
        assert len(file.getvalue()) <= limit
    else:
        given = {name: value for name, value in options.items() if value is not None}
        dither = {} if "max_iter" in given else {"dither": "auto"}  # the default of saving
        expected = quantize(im, **{**dither, **given})
        assert reopened.convert("RGBA").tobytes() == expected.convert("RGBA").tobytes()


@pytest.mark.parametrize("name", ["report", "max_bytes"])
def test_an_option_that_quantize_all_does_not_have_is_named(name: str) -> None:
    with pytest.raises(errors.OptionTypeError, match=f"{name} is not a valid option here"):
        quantize_all([Image.new("RGB", (2, 2))], 4, **{name: 1})
