"""Images of tiles, each with one of several small palettes, as consoles show them."""
