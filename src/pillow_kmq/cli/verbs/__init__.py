"""Verbs of the command line: `kmq info` and the like. A file of such a name is written `./info`."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

import click

from ..arguments import Command, status_of_wrong_usage

VERBS = {
    "info": "Show size, frames, colours, chunks and compression of image files.",
    "verify": "Check that image files are whole.",
    "decode": "Convert .kmq files to PNG, GIF, APNG or WebP.",
    "palette": "Extract, show and convert palettes.",
    "compare": "Compare numbers of colours, dithering and formats, in a page or a contact sheet.",
    "warmup": "Compile everything ahead of time.",
}
"""What each verb does; the module of the same name holds its `command`."""


def verb(name: str) -> click.Command:
    """Import a verb, and return its command."""
    command: click.Command = import_module(f"{__name__}.{name}").command
    return command


class CommandWithVerbs(Command):
    """A command whose first argument may be a verb, which is then imported and has options of its own."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Return the context of the verb, or of the command itself."""
        with status_of_wrong_usage():
            if not args or args[0] not in VERBS:
                _refuse_misspelt_verb(args)
                return super().make_context(info_name, args, parent, **extra)
            return verb(args[0]).make_context(f"{info_name} {args[0]}", args[1:], parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command or the verb that the context was made for."""
        with status_of_wrong_usage():
            return super().invoke(ctx) if ctx.command is self else ctx.command.invoke(ctx)


def _refuse_misspelt_verb(args: list[str]) -> None:
    """Raise UsageError for a first argument that looks like a verb, and is no file."""
    word = args[0] if args else ""
    if not word.isalpha() or os.path.lexists(word):
        return
    from difflib import get_close_matches

    for name in get_close_matches(word.lower(), VERBS, n=1):
        raise click.UsageError(f"no such file: {word}; did you mean the verb {name}?")
