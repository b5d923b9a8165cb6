"""Open the laboratory in a browser."""

import argparse
import os
import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

from lxmert_viz.checkpoints.folder import MODELS_VARIABLE, models_folder
from lxmert_viz.commands.options import add_models_option, number, whole
from lxmert_viz.errors import DatasetError, OptionError
from lxmert_viz.places import (
    AUTH_VARIABLE,
    BACKEND_VARIABLE,
    DATA_VARIABLE,
    DEVICE_VARIABLE,
    KEEP_PICTURES_VARIABLE,
    PACKED_VARIABLE,
    PRECISION_VARIABLE,
    PUBLIC_VARIABLE,
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
    parser.add_argument("--device", help="auto, cpu or cuda (default: auto)")
    parser.add_argument(
        "--precision",
        choices=("full", "mixed"),
        help="of detector and network; mixed is faster where the processor computes in bfloat16, "
        "moves features by about 0.5 %% and probabilities by less than 0.005 for 99 questions of "
        "100 (default: full)",
    )
    parser.add_argument(
        "--packed",
        action="store_true",
        help="lay a full-size network's weights out for this processor: answers come sooner, for "
        "0.8 GB more",
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
        "--public",
        action="store_true",
        help="for strangers: examples and uploaded pictures only, no folders, no downloads, limits "
        "for each address, nothing kept",
    )
    parser.add_argument(
        "--auth",
        type=Path,
        metavar="FILE.toml",
        help="visitors log in with OpenID Connect; deploy/auth.example.toml says how",
    )
    parser.add_argument(
        "--operator-port",
        type=whole(1, 65535),
        metavar="PORT",
        help="also answer whoever runs the server, on this machine only: how it is (/), "
        "OpenMetrics (/metrics), and whether the network answers (/healthz)",
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
    _check(options)
    from lxmert_viz.serving import logs  # libraries that --help should not wait for

    logs.structured(options.log_texts)
    from lxmert_viz.serving.application import serve
    from lxmert_viz.serving.identity import secrets_of

    secrets = secrets_of(options.auth) if options.auth is not None else None
    _tell_page(options)
    signal.signal(signal.SIGTERM, _end)
    with ExitStack() as stack:
        if options.public:
            passing = TemporaryDirectory(prefix="lxmert-viz-public-")
            os.environ[DATA_VARIABLE] = stack.enter_context(passing)
        serve(options.host, options.port, options.allow_host, secrets, options.operator_port)


def _check(options: argparse.Namespace) -> None:
    """Raises the error of what cannot be done."""
    if options.public and options.data is not None:
        raise OptionError("--public offers no folder of datasets; leave --data out.")
    if options.public and options.keep_pictures:
        raise OptionError("--public keeps no pictures; leave --keep-pictures out.")
    if options.data is not None and not options.data.is_dir():
        raise DatasetError(f"There is no folder {options.data}; create it or name another.")
    if options.precision is not None or options.device is not None:
        from lxmert_viz.detector.speed import FULL, check_precision  # torch takes seconds
        from lxmert_viz.model.devices import find_device

        check_precision(options.precision or FULL, find_device(options.device or "auto"))
    if options.backend == "detectron2":
        from lxmert_viz.detector.detectron2 import check_is_here

        check_is_here()


def _tell_page(options: argparse.Namespace) -> None:
    """By the environment, where it reads what it was not told."""
    told = {
        MODELS_VARIABLE: options.models and models_folder(options.models),
        DATA_VARIABLE: options.data and options.data.resolve(),
        KEEP_PICTURES_VARIABLE: 0 if options.public else options.keep_pictures,
        DEVICE_VARIABLE: options.device,
        PRECISION_VARIABLE: options.precision,
        PACKED_VARIABLE: "1" if options.packed else None,
        BACKEND_VARIABLE: options.backend,
        PUBLIC_VARIABLE: "1" if options.public else None,
        AUTH_VARIABLE: "1" if options.auth else None,
    }
    os.environ |= {name: str(value) for name, value in told.items() if value is not None}


def _end(signal_number: int, frame: FrameType | None) -> None:
    """What was made for this server alone is removed on the way out."""
    sys.exit(0)
