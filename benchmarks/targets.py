"""What pillow-kmq wants to reach, checked against the CSV files of a run: met, or not yet.

    python benchmarks/targets.py                  # of the committed results
    python benchmarks/targets.py results/local    # of a quick run

quantisers.py runs this at its end; memory.py writes the one table that it does not.
"""

from __future__ import annotations

import csv
import math
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
COLORS = (16, 64, 256)
KODAK = {f"{number:02}" for number in range(1, 25)}
Check = tuple[str, float, str, float]
"""What, value, "<=", "<", ">=" or ">", limit."""


class Results:
    """The rows of a folder of CSV files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tables: dict[str, list[dict[str, str]]] = {}

    def rows(self, name: str) -> list[dict[str, str]]:
        """Rows of a table; none where it was not run. Rows of reported.csv come from elsewhere: "reported"."""
        if name not in self.tables:
            path = HERE / "reported.csv" if name == "reported" else self.folder / f"{name}.csv"
            self.tables[name] = []
            if path.exists():
                with path.open(newline="") as file:
                    self.tables[name] = list(csv.DictReader(file))
        return self.tables[name]

    def values(self, name: str, field: str, **wanted: object) -> list[float]:
        """A field of the rows that have the wanted values."""
        return [
            float(row[field])
            for row in self.rows(name)
            if all(row.get(key) == str(value) for key, value in wanted.items()) and row.get(field)
        ]

    def mean(self, name: str, field: str, **wanted: object) -> float:
        """Mean of a field, NaN without rows."""
        values = self.values(name, field, **wanted)
        return statistics.fmean(values) if values else float("nan")

    def median(self, name: str, field: str, **wanted: object) -> float:
        """Median of a field, NaN without rows."""
        values = self.values(name, field, **wanted)
        return statistics.median(values) if values else float("nan")

    def photos(self, name: str) -> int:
        """How many Kodak photos a table has."""
        known = {row["image"] for row in self.rows(name) if row["image"] in KODAK}
        return len(known)

    def rivals(self, name: str) -> list[str]:
        """Candidates that are not ours."""
        return sorted({row["candidate"] for row in self.rows(name) if not row["candidate"].startswith("kmq")})


def error_checks(results: Results) -> Iterator[Check]:
    """RGB error and its price, space="srgb", no dithering."""
    limits = {16: 1.015, 64: 1.012, 256: 1.02}
    for k in COLORS:
        for effort, limit in (("fast", 1.08), ("default", limits[k]), ("best", 1.003)):
            ratio = results.mean("plain", "ratio", k=k, candidate=f"kmq {effort} srgb")
            yield f"K={k} srgb {effort}: mse3 over best known", ratio, "<=", limit
        mine = results.mean("plain", "mse3", k=k, candidate="kmq default srgb")
        others = [results.mean("plain", "mse3", k=k, candidate=rival) for rival in results.rivals("plain")]
        if results.photos("plain") == 24:  # the reported ones are means of the whole set
            others += results.values("reported", "mse3", table="plain", k=k)
        yield f"K={k} srgb default: mse3 below every rival", mine, "<", min(others, default=float("nan"))
        fast = results.median("plain", "ms", k=k, candidate="kmq fast srgb")
        default = results.median("plain", "ms", k=k, candidate="kmq default srgb")
        yield f"K={k} srgb fast: time over default's", fast / default, "<=", 1 / 3
    time = results.median("plain", "relative", k=256, candidate="kmq default srgb")
    yield "K=256 srgb default: time over imagequant's", time, "<=", 1 / 2


def scale_checks(results: Results) -> Iterator[Check]:
    """Time on large images, and memory."""
    sizes = dict.fromkeys(row["size"] for row in results.rows("scale"))
    for size in sizes:
        width, height = (int(part) for part in size.split("x"))
        limit = 1 / 6 if width * height < 20e6 else 1 / 10
        time = results.median("scale", "relative", size=size, candidate="kmq default srgb")
        yield f"{size}, K=256: time over imagequant's", time, "<=", limit
    for row in results.rows("memory"):
        if row["candidate"].startswith("kmq"):
            what = f"{row['input']}, {row['candidate']}: peak MB above input and indices"
            yield what, float(row["above"] or "nan"), "<=", 64.0


def eye_checks(results: Results) -> Iterator[Check]:
    """To the eye, on pictures that nothing was tuned to."""
    for k, limit in zip(COLORS, (2.22, 1.11, 0.66), strict=True):
        if results.photos("plain") == 24:
            error = results.mean("plain", "delta_e", k=k, candidate="kmq default oklab")
            yield f"K={k} oklab default: dE of Kodak", error, "<", limit
    for mode, mine in (("without dithering", "kmq defaults"), ("by default", "kmq saved defaults")):
        for kind in dict.fromkeys(row["kind"] for row in results.rows("eye")):
            for k in COLORS:
                yield from _seen(results, mine, {"mode": mode, "set": "held out", "kind": kind, "k": k})


NOT_BEHIND = ("pngquant", "pngquant --nofs --speed 1", "imagequant", "imagequant dithered")
FLAT_TOO = ("Pillow", "Pillow MEDIANCUT", "Pillow FASTOCTREE")
SEEN = {
    "ssimulacra2": ">=",
    "flip": "<=",
    "flip_worst": "<=",
    "chroma_worst": ">=",
    "blur_p99": "<=",
    "stray": "<=",
    "file": "<=",
}


def _seen(results: Results, mine: str, wanted: dict[str, object]) -> Iterator[Check]:
    """Compare with the best rival, measure by measure; Pillow counts for flat pictures only."""
    names = NOT_BEHIND if wanted["kind"] == "photos" else NOT_BEHIND + FLAT_TOO
    count = len(results.values("eye", "flip", candidate=mine, **wanted))
    for field, relation in SEEN.items():
        value = results.mean("eye", field, candidate=mine, **wanted)
        cells = [results.values("eye", field, candidate=name, **wanted) for name in names]
        others = [statistics.fmean(values) for values in cells if values and len(values) == count]
        limit = (max if relation == ">=" else min)(others, default=float("nan"))
        yield f"{wanted['kind']}, K={wanted['k']}, {wanted['mode']}: {field}", value, relation, limit


def dither_checks(results: Results) -> Iterator[Check]:
    """The plane of blurred PSNR and SSIM: no rival may be better in both."""
    modes = dict.fromkeys(row["candidate"] for row in results.rows("dither"))
    mine = [mode for mode in modes if mode.startswith("kmq")]
    for k in COLORS:
        places = {mode: _place(results, "dither", mode, k) for mode in modes}
        reported = [row for row in results.rows("reported") if row["table"] == "dither" and row["k"] == str(k)]
        if results.photos("dither") == 6:  # the reported ones are means of the first six
            places |= {row["candidate"]: (float(row["psnr2"]), float(row["ssim"])) for row in reported}
        for mode in mine:
            beaten = [rival for rival in places if rival not in mine and _dominates(places[rival], places[mode])]
            yield f"K={k} {mode}: rivals that dominate it ({', '.join(beaten) or 'none'})", len(beaten), "<=", 0
        yield from _full_and_selective(places, k)


def _place(results: Results, table: str, candidate: str, k: int) -> tuple[float, float]:
    wanted = {"k": k, "candidate": candidate}
    return results.mean(table, "psnr2", **wanted), results.mean(table, "ssim", **wanted)


def _dominates(a: tuple[float, float], b: tuple[float, float]) -> bool:
    return a[0] >= b[0] and a[1] >= b[1] and a != b


def _full_and_selective(places: dict[str, tuple[float, float]], k: int) -> Iterator[Check]:
    none = (float("nan"), float("nan"))
    full = places.get("kmq default srgb, dither=floyd-steinberg", none)
    for rival in ("ImageMagick FS", "ImageMagick 7 FS", "Pillow FASTOCTREE + FS"):
        if rival in places:
            yield f"K={k} full diffusion: blurred PSNR of {rival}", full[0], ">=", places[rival][0]
            yield f"K={k} full diffusion: SSIM above {rival}", full[1], ">", places[rival][1]
    selective = places.get("kmq default srgb, dither=selective", none)
    rival = "libimagequant 4.5 speed 4"
    if rival not in places:
        return
    yield f"K={k} selective: SSIM of {rival}", selective[1], ">=", places[rival][1]
    yield f"K={k} selective: blurred PSNR above {rival}", selective[0], ">", places[rival][0]


def alpha_checks(results: Results) -> Iterator[Check]:
    """Images with alpha."""
    for kind in dict.fromkeys(row["class"] for row in results.rows("alpha")):
        for k in COLORS:
            for space in ("srgb", "oklab"):
                wanted = {"class": kind, "k": k}
                mine = results.mean("alpha", "alpha", candidate=f"kmq default {space}", **wanted)
                other = results.mean("alpha", "alpha", candidate="imagequant", **wanted)
                yield f"{kind}, K={k} {space}: alpha error, not above imagequant's", mine, "<=", other
                broken = sum(results.values("alpha", "broken", candidate=f"kmq default {space}", **wanted))
                yield f"{kind}, K={k} {space}: pixels whose alpha left 0 or 255", broken, "<=", 0


def holds(check: Check) -> bool:
    """Whether a check is met."""
    _, value, relation, limit = check
    outcomes = {"<=": value <= limit + 1e-9, "<": value < limit, ">=": value >= limit - 1e-9, ">": value > limit}
    return outcomes[relation]


def report(folder: Path) -> str:
    """Markdown: a line for each check."""
    results = Results(folder)
    parts = []
    total = met = 0
    for checks in (error_checks, scale_checks, eye_checks, dither_checks, alpha_checks):
        lines = []
        for check in checks(results):
            what, value, relation, limit = check
            if math.isnan(value) or math.isnan(limit):  # not measured in this run
                continue
            done = holds(check)
            total, met = total + 1, met + done
            lines.append(f"| {'met' if done else '**not met**'} | {what} | {value:.4g} | {relation} {limit:.4g} |")
        if lines:
            title = (checks.__doc__ or "").splitlines()[0].rstrip(".")
            parts.append(f"## {title}\n\n| | target | value | limit |\n|---|---|---:|---:|\n" + "\n".join(lines))
    return f"# Targets: {met} of {total} met\n\n" + "\n\n".join(parts) + "\n"


def main() -> None:
    """Print the targets and write them beside the CSV files."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "results"
    if not list(folder.glob("*.csv")):
        raise SystemExit(f"no results in {folder}: run quantisers.py first")
    text = report(folder)
    print(text)
    (folder / "targets.md").write_text(text)


if __name__ == "__main__":
    main()
