"""The sample images are there, small, of the stated kinds, and made by the committed script."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PIL import Image, ImageChops, features

KINDS = {
    "photo.png": ("RGB", (512, 512)),
    "gradient.png": ("RGBA", (480, 320)),
    "screenshot.png": ("RGB", (960, 600)),
    "sprite.png": ("RGBA", (320, 320)),
    "pixel-art.png": ("RGBA", (448, 352)),
    "sixteen.png": ("P", (384, 240)),
}


def test_the_folder_holds_exactly_the_listed_images(samples: Path) -> None:
    assert {path.name for path in samples.glob("*.png")} == set(KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_an_image_has_the_stated_mode_and_size(samples: Path, name: str) -> None:
    with Image.open(samples / name) as image:
        assert (image.mode, image.size) == KINDS[name]


@pytest.mark.parametrize("name", KINDS)
def test_the_readme_credits_every_image(samples: Path, name: str) -> None:
    assert f"`{name}`" in (samples / "README.md").read_text(encoding="utf-8")


def test_all_images_together_stay_below_three_megabytes(samples: Path) -> None:
    assert sum((samples / name).stat().st_size for name in KINDS) < 3_000_000


def test_pixel_art_is_opaque_or_fully_transparent_and_has_few_colours(samples: Path) -> None:
    image = Image.open(samples / "pixel-art.png")
    colours = image.getcolors(256)
    assert colours is not None
    assert {colour[3] for _, colour in colours} == {0, 255}


def test_gradient_and_sprite_have_many_levels_of_alpha(samples: Path) -> None:
    for name in ("gradient.png", "sprite.png"):
        alphas = Image.open(samples / name).getchannel("A").getcolors(256)
        assert alphas is not None
        assert len(alphas) > 200, name


def test_sixteen_uses_each_of_sixteen_colours(samples: Path) -> None:
    colours = Image.open(samples / "sixteen.png").getcolors(256)
    assert colours is not None
    assert sorted(index for _, index in colours) == list(range(16))


@pytest.mark.skipif(not features.check("freetype2"), reason="letters need FreeType")
def test_the_script_draws_the_committed_images(samples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(samples))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    import make

    for name, draw in make.DRAWINGS.items():
        committed = Image.open(samples / name).convert("RGBA")
        difference = ImageChops.difference(draw().convert("RGBA"), committed)
        # Rounding and glyph shapes may differ with the versions of NumPy and FreeType; the picture may not.
        mean = sum(sum(i * n for i, n in enumerate(band.histogram())) for band in difference.split())
        assert mean / (4 * committed.width * committed.height) < 1, name
