"""Verbs of the command line: `kmq warmup` and the like. A file of such a name is written `./warmup`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from ..arguments import Command

VERBS = {
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
        if not args or args[0] not in VERBS:
            return super().make_context(info_name, args, parent, **extra)
        return verb(args[0]).make_context(f"{info_name} {args[0]}", args[1:], parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command or the verb that the context was made for."""
        return super().invoke(ctx) if ctx.command is self else ctx.command.invoke(ctx)
