"""The sample images made of visible pixels: pixel art and a picture of sixteen colours."""

from __future__ import annotations

import numpy as np
from PIL import Image

# pixel-art.png: hard edges, few colours, binary transparency

ART_COLOURS = {
    "k": (34, 24, 42), "w": (250, 244, 230), "r": (208, 48, 56), "R": (136, 24, 50), "s": (246, 190, 140),
    "S": (204, 132, 92), "b": (60, 92, 196), "B": (38, 52, 130), "y": (252, 212, 84), "Y": (206, 138, 40),
    "n": (132, 82, 50), "N": (84, 50, 36), "h": (108, 60, 32), "g": (126, 200, 80), "c": (196, 214, 226),
    "C": (120, 142, 166),
}  # fmt: skip

HERO = """
....kkkkkk....
...kcccccck...
..kcwwccccCk..
..kCCyyyyCCk..
.khhsssssshhk.
.khsskssksshk.
..ksskssksssk.
..kssssssssk..
...kSsssSkk...
..kbbrrbbkkc..
.kbbbrrbbbkck.
.ksbbyybbskck.
.kskbbbbkskck.
..kkBBBBkkyky.
...kBkkBk.kn..
...kNk.kNk....
..kNNk.kNNk...
..kkkk.kkkk...
"""

MUSHROOM = """
...kkkkk...
..krrwrrk..
.krwrrrrwk.
krrrrwrrrrk
krwrrrrrwRk
kRRrrwrRRRk
.kkswwwskk.
..kswwwSk..
..kswwSSk..
...kkkkk...
"""

CHEST = """
..kkkkkkkkkk..
.knnYnnnnYnnk.
knnnYnnnnYnnnk
knnnYnnnnYnnnk
kNNNYNNNNYNNNk
kkkkkkyykkkkkk
kYYYYkyykYYYYk
knnnYkYYkYnnnk
knnnYnkknYnnnk
knnnYnnnnYnnnk
kNNNYNNNNYNNNk
kkkkkkkkkkkkkk
"""

COIN = """
..kkkk..
.kyywyk.
kyyYywyk
kyYyyYyk
kyYyyYyk
kyyYYyYk
.kyyYYk.
..kkkk..
"""


def stamp(canvas: np.ndarray, art: str, left: int, bottom: int) -> None:
    """Draw rows of letters, standing on row `bottom`; a dot is left as it is."""
    rows = art.strip().splitlines()
    for dy, row in enumerate(rows):
        for dx, letter in enumerate(row):
            if letter != ".":
                canvas[bottom - len(rows) + dy, left + dx] = (*ART_COLOURS[letter], 255)


def pixel_art() -> Image.Image:
    """A floating island with a tree and a small hero, each pixel four screen pixels wide."""
    width, height, ground = 112, 88, 50
    canvas = np.zeros((height, width, 4), np.uint8)
    random = np.random.RandomState(7)
    outline = ART_COLOURS["k"]
    earth = [(70, 42, 40), (102, 62, 46), (136, 86, 56), (164, 110, 70)]
    grass = [(44, 110, 62), (74, 156, 66), (126, 200, 80), (182, 228, 104)]
    leaves = [(26, 76, 62), (40, 112, 66), (72, 154, 66), (128, 198, 78), (190, 230, 110)]

    def put(x: int, y: int, colour: tuple[int, int, int]) -> None:
        canvas[y, x] = (*colour, 255)

    def blobs(centres: list[tuple[int, int, int]], ramp: list[tuple[int, int, int]]) -> None:
        """Overlapping lit balls, painted back to front, dithered between the steps of the ramp."""
        for cx, cy, radius in centres:
            for y in range(cy - radius - 1, cy + radius + 2):
                for x in range(cx - radius - 1, cx + radius + 2):
                    distance = np.hypot(x - cx, y - cy)
                    if distance <= radius - 0.5:
                        light = 0.5 - 0.5 * ((x - cx) * 0.45 + (y - cy) * 0.9) / radius
                        step = light * len(ramp) + (0.28 if (x + y) % 2 else -0.28)
                        put(x, y, ramp[int(np.clip(step, 0, len(ramp) - 1))])
                    elif distance <= radius + 0.4 and canvas[y, x, 3] == 0:
                        put(x, y, outline)

    # The island: a ragged wedge of earth under a lip of grass.
    depth = {}
    for x in range(5, width - 5):
        u = abs(x - width / 2 + 1) / (width / 2 - 5)
        depth[x] = max(3, int(34 * (1 - u**1.6) + 3 * np.sin(x * 0.9) + random.randint(-1, 2)))
    for x, deep in depth.items():
        for y in range(ground, ground + deep):
            light = (
                3.2 - 2.6 * (y - ground) / 36 - 1.3 * np.clip(3 * x / width - 1.3, 0, 1) + random.uniform(-0.45, 0.45)
            )
            put(x, y, earth[int(np.clip(light, 0, 3))])
        put(x, ground + deep, outline)
    for x, y in [(24, 60), (40, 70), (52, 63), (66, 74), (78, 61), (88, 66), (58, 80)]:
        if y < ground + depth[x] - 4:
            blobs([(x, y, 3)], [(92, 88, 104), (134, 130, 142), (182, 178, 180)])
    for x in depth:
        lip = 3 + (x * 7 % 5 in (0, 3)) + (x * 5 % 7 == 2)
        for y in range(lip):
            put(x, ground - 1 + y, grass[3 - min(3, y)] if y < lip - 1 else grass[0])
        if x * 11 % 6 == 1:
            put(x, ground - 2, grass[2])
    for side in (4, width - 5):
        for y in range(ground - 1, ground + 4):
            put(side, y, outline)

    # The tree.
    for y in range(26, ground):
        for x in range(26, 32 + (y > 46)):
            put(x - (y > 47), y, [(74, 44, 34), (112, 70, 44), (150, 98, 58)][2 - min(2, (x - 25) // 2)])
        put(25 - (y > 47), y, outline)
        put(32 + (y > 46) - (y > 47), y, outline)
    blobs([(17, 25, 9), (40, 25, 9), (29, 27, 10), (22, 15, 10), (37, 15, 10), (29, 9, 8), (30, 19, 9)], leaves)
    for x, y in [(18, 22), (36, 12), (41, 24), (27, 24), (24, 12)]:
        put(x, y, ART_COLOURS["r"])
        put(x + 1, y, (255, 120, 110))
        put(x, y + 1, ART_COLOURS["R"])
        put(x + 1, y + 1, ART_COLOURS["r"])

    stamp(canvas, HERO, 50, ground)
    stamp(canvas, MUSHROOM, 70, ground)
    stamp(canvas, CHEST, 86, ground)
    for left, bottom in [(66, 34), (78, 29), (90, 34)]:
        stamp(canvas, COIN, left, bottom)
    return Image.fromarray(canvas.repeat(4, axis=0).repeat(4, axis=1))


# sixteen.png: sixteen colours and ordered dithering, as on early home computers

SIXTEEN = [
    (10, 8, 32), (34, 18, 70), (74, 26, 104), (128, 36, 122), (190, 52, 120), (238, 88, 104), (255, 140, 92),
    (255, 196, 108), (255, 238, 168), (16, 30, 60), (22, 58, 92), (36, 98, 122), (84, 158, 156), (8, 14, 20),
    (30, 34, 48), (255, 255, 240),
]  # fmt: skip
BAYER = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]]) / 16


def sixteen() -> Image.Image:
    """A sun setting behind mountains and over water."""
    width, height, horizon = 384, 240, 150
    threshold = np.tile(BAYER, (height // 4, width // 4))
    y, x = np.mgrid[0:height, 0:width]

    def ramp(colours: list[int], value: np.ndarray) -> np.ndarray:
        """Indices along a list of colours for a value 0..1, dithered between neighbours."""
        step = np.clip(value, 0, 1) * (len(colours) - 1)
        return np.array(colours)[np.minimum((step + threshold).astype(int), len(colours) - 1)]

    sky = ramp([0, 1, 2, 3, 4, 5, 6, 7], (y / horizon) ** 1.25)
    image = sky
    random = np.random.RandomState(3)
    stars = random.randint(0, [width, 70], (90, 2))
    image[stars[:, 1], stars[:, 0]] = np.where(random.rand(90) < 0.3, 15, 12)

    sun = np.hypot(x - 246, y - 108)
    image = np.where(sun < 44, ramp([8, 8, 7, 6, 5], (y - 66) / 84), image)
    stripes = (y > 104) & ((y - 104) % 9 < (y - 100) // 9)
    image = np.where((sun < 44) & stripes, sky, image)

    def ridge(base: float, waves: list[tuple[float, float, float]]) -> np.ndarray:
        line = base + sum(a * np.abs(np.sin(x[0] * f + p)) for a, f, p in waves)
        return line + np.convolve(random.uniform(-3, 3, width + 8), np.ones(3) / 3, "same")[4 : width + 4]

    far = ridge(150, [(-34, 0.013, 0.4), (-16, 0.041, 1.0), (-7, 0.13, 0.2)])
    near = ridge(158, [(-22, 0.021, 2.1), (-14, 0.057, 0.3), (-5, 0.19, 0.9)])
    image = np.where((y > far) & (y < horizon), ramp([4, 3, 2, 1], (y - far) / 40), image)
    image = np.where((y > near) & (y < horizon), ramp([2, 1, 9, 0], (y - near) / 24), image)

    depth = np.maximum(0, y - horizon) / (height - horizon)
    ripple = 0.16 * np.sin(60 * depth**0.7 + 0.06 * x) * (1 - 0.5 * depth)
    water = ramp([12, 11, 10, 9, 0], depth * 0.95 + ripple)
    glint = np.abs(x - 246 + 6 * np.sin(y * 0.9)) < 34 - 22 * depth + 8 * np.sin(y * 1.7)
    lit = glint & (np.sin(y * 1.25 + 0.02 * x) > -0.1 + 0.5 * depth)
    water = np.where(lit, ramp([8, 7, 6, 5, 4], depth * 1.1 + 0.4 * ripple), water)
    image = np.where(y >= horizon, water, image)

    # Pines on the shore.
    pines = [(6, 240, 108), (34, 236, 84), (60, 240, 64), (352, 240, 96), (330, 238, 62), (376, 240, 72)]
    for left, foot, tall in pines:
        up = (foot - y) / tall
        reach = tall * 0.23 * (1 - up) * (0.62 + 0.38 * ((up * 9) % 1))
        tree = (up > 0) & (up < 1) & (np.abs(x - left) < reach)
        image = np.where(tree, np.where((x - left) > reach * 0.25, ramp([13, 14], up), 13), image)
    shore = 228 + 5 * np.sin(x * 0.03) + 3 * np.sin(x * 0.11)
    image = np.where(y > shore, ramp([14, 13, 13], (y - shore) / 12), image)

    indexed = Image.fromarray(image.astype(np.uint8))
    indexed.putpalette([channel for colour in SIXTEEN for channel in colour])
    return indexed
