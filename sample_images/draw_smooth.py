"""The sample images with smooth edges: a gradient, a sprite and a screenshot."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

# gradient.png: nothing but smooth changes, of colour and of alpha


def gradient() -> Image.Image:
    """Dusk colours with a glow, fading out towards the lower right corner."""
    width, height = 480, 320
    y, x = np.mgrid[0:height, 0:width]
    along = (0.75 * y / height + 0.25 * x / width) * 1.0
    stops = [0.0, 0.28, 0.52, 0.74, 1.0]
    colours = np.array([[18, 24, 84], [92, 48, 148], [226, 84, 122], [255, 170, 92], [255, 236, 178]])
    rgb = np.stack([np.interp(along, stops, colours[:, channel]) for channel in range(3)], axis=2)
    distance = np.hypot(x - 0.3 * width, y - 0.62 * height)
    glow = np.exp(-((distance / 70) ** 2))[..., None]
    rgb = rgb + (np.array([255, 250, 225]) - rgb) * 0.85 * glow
    fade = np.clip(1.62 - np.hypot(x / width, y / height) * 1.05, 0, 1)
    alpha = 255 * fade * fade * (3 - 2 * fade)
    return Image.fromarray(np.dstack([rgb, alpha]).round().clip(0, 255).astype(np.uint8))


# sprite.png: shaded, with anti-aliased edges and a soft shadow

SCALE = 4  # drawn larger and reduced, which smooths every edge


def shape(size: tuple[int, int], draw: Callable[[ImageDraw.ImageDraw], None]) -> Image.Image:
    """A mask of what `draw` paints with 255."""
    mask = Image.new("L", size)
    draw(ImageDraw.Draw(mask))
    return mask


def shaded(mask: Image.Image, stops: list[tuple[float, tuple[int, ...]]], angle: float) -> Image.Image:
    """The masked area filled with a linear gradient across its box, in the direction `angle` (degrees)."""
    left, top, right, bottom = mask.getbbox() or (0, 0, 1, 1)
    y, x = np.mgrid[0 : mask.height, 0 : mask.width]
    u = (x - (left + right) / 2) / (right - left)
    v = (y - (top + bottom) / 2) / (bottom - top)
    radians = np.deg2rad(angle)
    along = 0.5 + u * np.cos(radians) + v * np.sin(radians)
    places = [place for place, _ in stops]
    channels = [np.interp(along, places, [colour[c] for _, colour in stops]) for c in range(4)]
    image = Image.fromarray(np.dstack(channels).round().astype(np.uint8))
    image.putalpha(ImageChops.multiply(image.getchannel("A"), mask))
    return image


def sprite() -> Image.Image:
    """A toy rocket in flight with a translucent flame and its shadow."""
    size = (320 * SCALE, 320 * SCALE)
    s = SCALE

    def polygon(*points: tuple[float, float]) -> Image.Image:
        return shape(size, lambda draw: draw.polygon([(x * s, y * s) for x, y in points], fill=255))

    def ellipse(x: float, y: float, rx: float, ry: float | None = None) -> Image.Image:
        ry = rx if ry is None else ry
        box = [(x - rx) * s, (y - ry) * s, (x + rx) * s, (y + ry) * s]
        return shape(size, lambda draw: draw.ellipse(box, fill=255))

    def curve(f: Callable[[np.ndarray], np.ndarray], top: float, bottom: float, middle: float) -> Image.Image:
        t = np.linspace(0, 1, 120)
        y = top + (bottom - top) * t
        half = f(t)
        right = list(zip(middle + half, y, strict=True))
        left = list(zip(middle - half, y, strict=True))
        return polygon(*right, *left[::-1])

    hull = curve(lambda t: 46 * np.sin(np.pi * 0.82 * t) ** 0.72, 26, 208, 160)
    nose = ImageChops.multiply(hull, polygon((0, 0), (320, 0), (320, 84), (0, 84)))
    band = ImageChops.multiply(hull, polygon((0, 178), (320, 178), (320, 192), (0, 192)))
    outer = curve(lambda t: 27 * np.sin(np.pi * (0.28 + 0.72 * t)), 214, 300, 160)
    inner = curve(lambda t: 15 * np.sin(np.pi * (0.28 + 0.72 * t)), 214, 268, 160)
    left_fin = polygon((122, 150), (88, 190), (80, 236), (92, 232), (136, 210))
    right_fin = polygon((198, 150), (232, 190), (240, 236), (228, 232), (184, 210))
    middle_fin = polygon((154, 168), (166, 168), (168, 232), (160, 240), (152, 232))
    nozzle = polygon((138, 206), (182, 206), (188, 220), (132, 220))

    white, grey = (250, 252, 255, 255), (120, 134, 160, 255)
    metal = [(0.0, (196, 206, 222, 255)), (0.22, white), (0.45, (228, 234, 243, 255)), (1.0, grey)]
    dark_red, light_red = (122, 14, 34, 255), (255, 138, 120, 255)
    red = [(0.0, (226, 68, 60, 255)), (0.25, light_red), (0.5, (222, 52, 50, 255)), (1, dark_red)]
    glass = [(0, (20, 44, 96, 255)), (0.6, (38, 120, 196, 255)), (1, (150, 226, 255, 255))]
    layers = [
        shaded(outer, [(0, (255, 150, 30, 235)), (0.5, (255, 92, 20, 170)), (1, (255, 40, 10, 0))], 90),
        shaded(inner, [(0, (255, 252, 214, 255)), (0.5, (255, 226, 92, 230)), (1, (255, 160, 20, 0))], 90),
        shaded(nozzle, [(0, (70, 76, 92, 255)), (0.3, (150, 158, 176, 255)), (1, (34, 36, 48, 255))], 0),
        shaded(left_fin, red, 20),
        shaded(right_fin, [(0, (200, 40, 44, 255)), (1, (104, 8, 30, 255))], 20),
        shaded(hull, metal, 0),
        shaded(nose, red, 0),
        shaded(band, red, 0),
        shaded(middle_fin, [(0, (255, 120, 104, 255)), (1, (150, 20, 38, 255))], 60),
        shaded(ellipse(160, 122, 24), [(0, (92, 102, 124, 255)), (1, (236, 240, 248, 255))], 45),
        shaded(ellipse(160, 122, 18), glass, 55),
        shaded(ellipse(153, 114, 7, 5), [(0, (255, 255, 255, 230)), (1, (255, 255, 255, 60))], 50),
    ]
    rocket = Image.new("RGBA", size)
    for layer in layers:
        rocket.alpha_composite(layer)
    rocket = rocket.rotate(-32, Image.Resampling.BICUBIC, center=(160 * s, 160 * s))

    shadow = Image.new("RGBA", size, (16, 18, 44, 0))
    cast = ImageChops.offset(rocket.getchannel("A"), -6 * s, 14 * s).filter(ImageFilter.GaussianBlur(9 * s))
    shadow.putalpha(cast.point([round(0.5 * level) for level in range(256)]))
    shadow.alpha_composite(rocket)
    return shadow.resize((320, 320), Image.Resampling.BOX)


# screenshot.png: flat areas, thin lines, small anti-aliased text, one photo-like chart


def screenshot() -> Image.Image:
    """The window of an imagined weather program."""
    width, height = 960, 600
    ink, soft, line, blue = (32, 38, 50), (112, 120, 136), (222, 226, 233), (36, 110, 220)
    canvas = Image.new("RGB", (width, height), (244, 246, 250))

    def box(x0: float, y0: float, x1: float, y1: float, radius: float, fill: tuple[int, ...]) -> None:
        """A rounded rectangle with smooth corners."""
        size = (round((x1 - x0) * SCALE), round((y1 - y0) * SCALE))
        corners = (0, 0, size[0] - 1, size[1] - 1)
        mask = shape(size, lambda draw: draw.rounded_rectangle(corners, radius * SCALE, fill=255))
        mask = mask.resize((round(x1 - x0), round(y1 - y0)), Image.Resampling.BOX)
        canvas.paste(fill[:3], (round(x0), round(y0)), mask)

    def disc(x: float, y: float, radius: float, fill: tuple[int, ...]) -> None:
        box(x - radius, y - radius, x + radius, y + radius, radius, fill)

    def text(x: float, y: float, words: str, size: float, fill: tuple[int, ...] = ink, anchor: str = "ls") -> None:
        ImageDraw.Draw(canvas).text((x, y), words, fill, ImageFont.load_default(size), anchor=anchor)

    def stroke(points: list[tuple[float, float]], thick: float, fill: tuple[int, ...]) -> None:
        scaled = [(x * SCALE, y * SCALE) for x, y in points]
        mask = shape(
            (width * SCALE, height * SCALE),
            lambda draw: draw.line(scaled, fill=255, width=round(thick * SCALE), joint="curve"),
        )
        canvas.paste(fill, (0, 0), mask.resize(canvas.size, Image.Resampling.BOX))

    def cloud(x: float, y: float, size: float, fill: tuple[int, ...]) -> None:
        for dx, dy, radius in [(-0.5, 0.12, 0.36), (0, -0.12, 0.5), (0.5, 0.1, 0.38)]:
            disc(x + dx * size, y + dy * size, radius * size, fill)
        box(x - 0.86 * size, y, x + 0.88 * size, y + 0.48 * size, 0.24 * size, fill)

    # Title bar and side bar.
    box(0, 0, width, 38, 0, (230, 233, 240))
    for x, colour in [(20, (255, 95, 87)), (40, (254, 188, 46)), (60, (40, 200, 64))]:
        disc(x, 19, 6, colour)
    text(width / 2, 24, "Barometer - Harbour Station", 14, soft, "ms")
    box(0, 38, 208, height, 0, (34, 40, 54))
    text(24, 78, "Stations", 20, (245, 247, 250))
    stations = {
        "Harbour": "17°",
        "Lighthouse": "15°",
        "Old Mill": "19°",
        "Pass Road": "8°",
        "Airfield": "16°",
    }
    for row, (name, degrees) in enumerate(stations.items()):
        y = 100 + 40 * row
        if row == 0:
            box(12, y, 196, y + 34, 7, blue)
        disc(32, y + 17, 4, (255, 206, 84) if row in (0, 2) else (150, 166, 190))
        text(48, y + 22, name, 14, (240, 243, 248) if row == 0 else (184, 192, 206))
        text(184, y + 22, degrees, 14, (240, 243, 248) if row == 0 else (140, 150, 168), "rs")
    for row, words in enumerate(["Map", "Alerts (2)", "History", "Settings"]):
        text(24, 350 + 32 * row, words, 14, (150, 160, 178))
    box(12, 540, 196, 580, 8, (48, 56, 74))
    text(104, 565, "+  Add a station", 14, (206, 214, 228), "ms")

    # The card with a picture of the sky.
    sky = np.linspace([58, 130, 222], [176, 218, 250], 176)[:, None, :].repeat(340, axis=1)
    picture = Image.fromarray(sky.round().astype(np.uint8))
    rounded = shape((340 * 4, 176 * 4), lambda draw: draw.rounded_rectangle((0, 0, 1359, 703), 48, fill=255))
    canvas.paste(picture, (232, 62), rounded.resize((340, 176), Image.Resampling.BOX))
    disc(500, 118, 30, (255, 226, 120))
    disc(500, 118, 25, (255, 206, 70))
    cloud(462, 160, 40, (255, 255, 255))
    cloud(524, 188, 24, (232, 242, 252))
    text(254, 98, "Now", 14, (228, 240, 255))
    text(252, 164, "17.4°", 58, (255, 255, 255))
    text(254, 194, "Fair, a few clouds", 16, (255, 255, 255))
    text(254, 218, "Feels like 16°   Wind 11 km/h NW", 13, (236, 245, 255))

    # Four small cards.
    facts = [
        ("Pressure", "1016.2", "hPa", "rising"), ("Humidity", "64", "%", "steady"),
        ("Rain today", "0.4", "mm", "until 06:30"), ("Visibility", "28", "km", "very good"),
    ]  # fmt: skip
    for number, (name, value, unit, remark) in enumerate(facts):
        x, y = 588 + 176 * (number % 2), 62 + 92 * (number // 2)
        box(x, y, x + 168, y + 84, 9, line)
        box(x + 1, y + 1, x + 167, y + 83, 8, (255, 255, 255))
        text(x + 14, y + 24, name, 12, soft)
        text(x + 14, y + 52, value, 24)
        text(x + 18 + ImageFont.load_default(24).getlength(value), y + 52, unit, 13, soft)
        text(x + 14, y + 72, remark, 11, (34, 150, 94) if number % 2 == 0 else soft)

    # The chart.
    box(232, 254, 936, 448, 9, line)
    box(233, 255, 935, 447, 8, (255, 255, 255))
    text(250, 280, "Temperature, next 24 hours", 15)
    for row, degrees in enumerate([20, 16, 12]):
        y = 306 + 48 * row
        ImageDraw.Draw(canvas).line((280, y, 916, y), fill=(236, 239, 244))
        text(270, y + 4, f"{degrees}°", 11, soft, "rs")
    hours = np.linspace(0, 24, 97)
    curve = 15.4 + 3.7 * np.cos((hours - 1.5) / 24 * 2 * np.pi) + 0.4 * np.sin(hours * 1.1)
    points = [(280 + 636 * h / 24, 306 + (20 - t) * 12) for h, t in zip(hours, curve, strict=True)]
    fill = np.linspace([36, 110, 220, 96], [36, 110, 220, 0], 130)[:, None, :].repeat(636, axis=1)
    area = Image.fromarray(fill.round().astype(np.uint8))
    below = [((x - 280) * 4, (y - 290) * 4) for x, y in points]
    under = shape((636 * 4, 130 * 4), lambda draw: draw.polygon([*below, (2544, 520), (0, 520)], fill=255))
    under = ImageChops.multiply(area.getchannel("A"), under.resize((636, 130), Image.Resampling.BOX))
    canvas.paste(area.convert("RGB"), (280, 290), under)
    stroke(points, 2.2, blue)
    for hour in range(0, 25, 3):
        anchor = "ms" if 0 < hour < 24 else "ls" if hour == 0 else "rs"
        text(280 + 636 * hour / 24, 438, f"{(14 + hour) % 24:02}:00", 11, soft, anchor)
    disc(*points[14], 6, (255, 255, 255))
    disc(*points[14], 4, blue)

    # The days.
    days = [
        ("Sat", "rain", 14, 9), ("Sun", "cloud", 16, 10), ("Mon", "sun", 19, 11),
        ("Tue", "sun", 21, 13), ("Wed", "cloud", 18, 12), ("Thu", "rain", 15, 10),
    ]  # fmt: skip
    for number, (day, weather, high, low) in enumerate(days):
        x = 232 + 118.4 * number
        box(x, 464, x + 112, 580, 9, line)
        box(x + 1, 465, x + 111, 579, 8, (255, 255, 255))
        text(x + 56, 487, day, 13, soft, "ms")
        if weather != "rain":
            disc(x + 56 + 10 * (weather == "cloud"), 512 - 6 * (weather == "cloud"), 12, (255, 196, 60))
        if weather != "sun":
            cloud(x + 54, 514, 18, (164, 176, 194) if weather == "rain" else (196, 208, 224))
        for drop in range(3 * (weather == "rain")):
            stroke([(x + 46 + 9 * drop, 526), (x + 43 + 9 * drop, 534)], 1.8, blue)
        text(x + 50, 562, f"{high}°", 16, ink, "rs")
        text(x + 62, 562, f"{low}°", 16, (160, 168, 182), "ls")
    return canvas
