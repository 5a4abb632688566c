"""Shell completion: scripts for bash, zsh and fish, and what the arguments of the command complete to."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem, get_completion_class

from .verbs import VERBS


def print_completion(ctx: click.Context, _: click.Parameter, shell: str | None) -> None:
    """Print the script for a shell, and end the command."""
    if shell is None or ctx.resilient_parsing:
        return
    kind = get_completion_class(shell)
    assert kind is not None
    script = kind(ctx.command, {}, "kmq", "_KMQ_COMPLETE")
    click.echo(script.source_template % script.source_vars())  # source() would run bash to learn its version
    ctx.exit()


def complete_input(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return file names, and verbs for the first argument."""
    verbs = [] if ctx.params.get("inputs") else [verb for verb in VERBS if verb.startswith(incomplete)]
    return [*(CompletionItem(verb, help=VERBS[verb]) for verb in verbs), CompletionItem(incomplete, type="file")]


def complete_palette(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return names of palettes, and file names."""
    from ..quant.named_palettes import HARDWARE_NAMES

    names = [CompletionItem(name) for name in HARDWARE_NAMES if name.startswith(incomplete)]
    return [*names, CompletionItem(incomplete, type="file")]
