"""Palettes that hold all colours of all tiles exactly, if a greedy search finds them."""

from __future__ import annotations

from collections.abc import Iterable


def pack_sets(sets: Iterable[frozenset[int]], capacity: int, bins: int) -> list[frozenset[int]] | None:
    """Pack sets into bins, so that every set is part of one bin.

    Largest sets first, each into the bin that it enlarges least; of equals, into the fullest, then the first. A set
    that has nothing in common with that bin gets one of its own while there are any. Whether any packing exists is an
    NP-hard question, so one can be missed; but not if each bin of one is among the sets.

    Args:
        sets: sets of integers, such as the colours of each tile.
        capacity: maximum number of elements of a bin.
        bins: maximum number of bins.

    Returns:
        At most `bins` sets of at most `capacity` integers, or None if none were found.
    """
    different = sorted(set(sets), key=lambda each: (-len(each), sorted(each)))
    if different and len(different[0]) > capacity:
        return None
    packed: list[frozenset[int]] = []
    for each in different:
        fitting = [number for number, bin_ in enumerate(packed) if len(bin_ | each) <= capacity]
        if fitting:
            best = min(fitting, key=lambda number: (len(each - packed[number]), -len(packed[number])))
        if fitting and (len(packed) == bins or each & packed[best]):
            packed[best] |= each
        elif len(packed) < bins:
            packed.append(each)
        else:
            return None
    return packed
