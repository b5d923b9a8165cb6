"""Where downloaded checkpoints lie, how large they are, and how to remove them."""

import argparse

from lxmert_viz.checkpoints.fetching import in_words
from lxmert_viz.checkpoints.folder import models_folder
from lxmert_viz.checkpoints.record import kept, remove
from lxmert_viz.commands.options import add_models_option
from lxmert_viz.region_files.cache import RegionCache, usual_folder

EXAMPLE = "cache --clear lxmert-base"


def add_options(parser: argparse.ArgumentParser) -> None:
    add_models_option(parser)
    parser.add_argument(
        "--clear",
        nargs="*",
        metavar="NAME",
        help="remove these downloaded checkpoints; all of them where none is named",
    )
    parser.add_argument(
        "--clear-regions", action="store_true", help="remove the regions that are kept of pictures"
    )


def run(options: argparse.Namespace) -> None:
    if options.clear is not None:
        for name in options.clear or [entry.name for entry in kept(options.models)]:
            print(f"{name}: {in_words(remove(name, options.models))} removed")
    if options.clear_regions:
        print(f"{usual_folder()}: {in_words(RegionCache(usual_folder()).clear())} removed")
    found = kept(options.models)
    total = in_words(sum(entry.size_bytes for entry in found))
    print(f"{models_folder(options.models)}: {len(found)} downloaded checkpoints, {total}")
    width = max((len(entry.name) for entry in found), default=0)
    for entry in found:
        state = "" if entry.complete else "  not complete: fetch it again to go on"
        print(f"{entry.name:<{width}}  {in_words(entry.size_bytes):>9}{state}")
    size = in_words(RegionCache(usual_folder()).size())
    print(f"{usual_folder()}: regions of pictures that were looked at, {size}")
