"""From the options of the command line to the keywords of `Image.save`, and contradictions between them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from ..errors import OptionError
from . import values

# Names of parameters. What the quantiser would ignore is refused, because it was given for a reason.
_CONTRADICTIONS = (
    ("effort", "speed"),
    ("transbug", "transparent_index"),
    ("palette", "quality"),
    ("palette", "posterize"),
    ("palette", "fixed"),
    ("palette", "order"),
    ("palette", "transbug"),
    ("palette", "transparent_index"),
    ("max_bytes", "shared_palette"),
    ("strict", "lossy"),
    ("importance", "shared_palette"),
    ("skip_if_larger", "allow_larger"),
    ("quiet", "verbose"),
)


def refuse_contradictions(given: dict[str, Any]) -> None:
    """Raise OptionError for options that exclude each other.

    Args:
        given: Parameters of the command that have a value.
    """
    for one, other in _CONTRADICTIONS:
        if one in given and other in given:
            raise OptionError(f"{_option(one)} and {_option(other)} cannot be combined: drop one of them")
    if "shared_palette" in given and given.get("order") == "popularity":
        raise OptionError("--shared-palette and --order popularity cannot be combined: choose another order")
    if "shared_palette" in given and given.get("palettes") in ("per-frame", "exact"):
        raise OptionError("--shared-palette gives all frames one palette: leave it or --palettes out")
    ways = [(_option(name), _dithering(name, given[name])) for name in _DITHERING if name in given]
    for (one, way), (other, another) in pairwise(ways):
        if way != another:
            raise OptionError(f"{one} and {other} cannot be combined: drop one of them")


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


_DITHERING = ("dither", "floyd", "nofs", "ordered")


def _dithering(name: str, value: Any) -> Any:
    """Return the keyword `dither` for one of the options above. As in pngquant, --ordered means none."""
    if name in ("nofs", "ordered"):
        return "none"
    way = values.dither(value) if name == "dither" else value
    return "none" if way == 0 else 1.0 if way == "floyd-steinberg" else way


def save_options(given: dict[str, Any]) -> dict[str, Any]:
    """Return the keywords of `Image.save` for options that have a value and do not contradict each other.

    Raises:
        OptionError: A value is invalid.
        OptionTypeError: A value has a wrong type.
    """
    save = {name: value for name, value in given.items() if name not in (*_DITHERING, "speed", "transbug")}
    if "speed" in given:
        save["effort"] = "best" if given["speed"] <= 2 else "default" if given["speed"] <= 9 else "fast"
    for name in _DITHERING:
        if name in given:
            save["dither"] = _dithering(name, given[name])
    for name in ("palette", "fixed"):
        if name in given:
            save[name] = values.colors(_option(name), given[name])
    if "importance" in given:
        save["importance"] = values.importance(given["importance"])
    if given.get("optimize", "max") != "max":
        save["optimize"] = int(given["optimize"])
    if "transbug" in given:
        save["transparent_index"] = -1
    _check(save)
    return save


def _check(save: dict[str, Any]) -> None:
    """Raise OptionError for values that do not fit each other."""
    if "strict" in save and "palette" not in save:
        raise OptionError("--strict needs --palette: name the colours that pixels may have")
    most = save.get("colors", 256)
    for name in ("palette", "fixed"):
        if name in save and len(save[name]) > most:
            raise OptionError(f"{_option(name)} has {len(save[name])} colours, more than --colors {most} allows")
    if isinstance(save.get("dither"), list) and "max_bytes" not in save:
        raise OptionError("several ways of dithering need --max-bytes, which chooses among them: name one")
