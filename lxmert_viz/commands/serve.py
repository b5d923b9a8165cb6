"""Open the laboratory in a browser."""

import argparse
import os
from pathlib import Path

from lxmert_viz.checkpoints.folder import MODELS_VARIABLE, models_folder
from lxmert_viz.commands.options import add_models_option, number, whole
from lxmert_viz.errors import DatasetError
from lxmert_viz.places import (
    BACKEND_VARIABLE,
    DATA_VARIABLE,
    KEEP_PICTURES_VARIABLE,
    PRECISION_VARIABLE,
)

EXAMPLE = "serve --data runs --port 8600"


def add_options(parser: argparse.ArgumentParser) -> None:
    add_models_option(parser)
    parser.add_argument(
        "--data",
        type=Path,
        metavar="FOLDER",
        help="where datasets and runs lie (default: LXMERT_VIZ_DATA, or data in the cache folder)",
    )
    parser.add_argument(
        "--keep-pictures",
        type=number(0, 24),
        metavar="HOURS",
        help="how long an uploaded picture is found again after a reload (default: 24; 0: never)",
    )
    parser.add_argument(
        "--precision",
        choices=("full", "mixed"),
        help="of the detector; mixed is faster where the processor computes in bfloat16, and moves "
        "features by about 0.5 %% (default: full)",
    )
    parser.add_argument(
        "--backend",
        choices=("own", "detectron2"),
        help="whose modules the detector runs on (default: own)",
    )
    _add_visitor_options(parser)


def _add_visitor_options(parser: argparse.ArgumentParser) -> None:
    """Who may come, and where."""
    parser.add_argument(
        "--host", default="localhost", help="address to listen on (default: this machine only)"
    )
    parser.add_argument(
        "--port", type=whole(1, 65535), help="port to listen on (default: 8501, or the next free)"
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a name that browsers may know this server by, besides localhost and its addresses; "
        "may be given several times",
    )
    parser.add_argument(
        "--log-texts",
        action="store_true",
        help="log errors with their messages, which may quote what visitors typed",
    )


def run(options: argparse.Namespace) -> None:
    if options.models is not None:
        os.environ[MODELS_VARIABLE] = str(models_folder(options.models))
    if options.data is not None:
        if not options.data.is_dir():
            raise DatasetError(f"There is no folder {options.data}; create it or name another.")
        os.environ[DATA_VARIABLE] = str(options.data.resolve())
    if options.keep_pictures is not None:
        os.environ[KEEP_PICTURES_VARIABLE] = str(options.keep_pictures)
    if options.precision is not None:
        from lxmert_viz.detector.speed import check_precision  # torch takes seconds
        from lxmert_viz.model.devices import find_device

        check_precision(options.precision, find_device("auto"))
        os.environ[PRECISION_VARIABLE] = options.precision
    if options.backend is not None:
        if options.backend == "detectron2":
            from lxmert_viz.detector.detectron2 import check_is_here

            check_is_here()
        os.environ[BACKEND_VARIABLE] = options.backend
    from lxmert_viz.serving import logs  # libraries that --help should not wait for

    logs.structured(options.log_texts)
    from lxmert_viz.serving.application import serve

    serve(options.host, options.port, options.allow_host)
