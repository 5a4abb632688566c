"""Shell completion: scripts for bash, zsh and fish, and what the arguments of the command complete to."""

from __future__ import annotations

import click
from click.shell_completion import BashComplete, CompletionItem, ShellComplete, get_completion_class

from .verbs import VERBS

SHELLS = ("bash", "zsh", "fish")


class _BashComplete(BashComplete):
    """Completion in bash 4.4 or newer, where click's own script offers no files besides other words."""

    source_template = """\
%(complete_func)s() {
    local IFS=$'\\n' kind value
    COMPREPLY=()
    while IFS=, read -r kind value; do
        if [[ $kind == file ]]; then
            compopt -o filenames
            COMPREPLY+=($(compgen -f -- "$value"))
        else
            COMPREPLY+=("$value")
        fi
    done < <(COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD %(complete_var)s=bash_complete "$1" 2>/dev/null)
}
complete -F %(complete_func)s %(prog_name)s
"""


def completion_script(command: click.Command, shell: str) -> str:
    """Return a script that makes a shell, one of SHELLS, complete the arguments of `kmq`."""
    kind: type[ShellComplete] | None = _BashComplete if shell == "bash" else get_completion_class(shell)
    assert kind is not None
    complete = kind(command, {}, "kmq", "_KMQ_COMPLETE")
    return complete.source_template % complete.source_vars()  # source() would run bash to learn its version


def print_completion(ctx: click.Context, _: click.Parameter, shell: str | None) -> None:
    """Print the script for a shell, and end the command."""
    if shell is not None and not ctx.resilient_parsing:
        click.echo(completion_script(ctx.command, shell))
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
