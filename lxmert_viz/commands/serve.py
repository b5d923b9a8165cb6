"""Open the laboratory in a browser."""

import argparse
import os
from pathlib import Path

from lxmert_viz.checkpoints import MODELS_VARIABLE, models_folder
from lxmert_viz.places import APP


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--models", type=Path, metavar="FOLDER", help="where model folders lie")
    parser.add_argument(
        "--host", default="localhost", help="address to listen on (default: this machine only)"
    )
    parser.add_argument(
        "--port", type=int, help="port to listen on (default: 8501, or the next free)"
    )


def run(options: argparse.Namespace) -> None:
    from streamlit.web import cli  # half a second that --help should not wait for

    if options.models is not None:
        os.environ[MODELS_VARIABLE] = str(models_folder(options.models))
    cli.main(["run", str(APP), *streamlit_options(options.host, options.port)])


def streamlit_options(host: str, port: int | None) -> list[str]:
    options = ["--server.address", host]
    if port is not None:
        options += ["--server.port", str(port)]
    return options
