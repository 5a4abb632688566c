"""`python -m pillow_kmq`: the same as the command `kmq`."""

from .cli import main

if __name__ == "__main__":
    main()
