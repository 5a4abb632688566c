"""Values of options: files that say how much pixels count."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from pillow_kmq.cli.values import importance
from pillow_kmq.errors import OptionError

GREY = Image.linear_gradient("L")


@pytest.mark.parametrize("mode", ["1", "L", "LA", "RGB", "RGBA", "P"])
def test_a_grey_image_of_any_mode_of_8_bits_is_a_map(mode: str, tmp_path: Path) -> None:
    GREY.convert(mode).save(tmp_path / "map.png")
    found = importance(str(tmp_path / "map.png"))
    assert found.mode in ("1", "L")
    assert found.tobytes() == (GREY.convert("1") if mode == "1" else GREY).tobytes()


def test_16_bits_and_other_files_are_refused(tmp_path: Path) -> None:
    GREY.convert("I;16").save(tmp_path / "deep.png")
    with pytest.raises(OptionError, match="has mode I;16: use a grey image of 8 bits"):
        importance(str(tmp_path / "deep.png"))
    (tmp_path / "words.png").write_text("words")
    with pytest.raises(OptionError, match=r"words\.png cannot be read"):
        importance(str(tmp_path / "words.png"))
