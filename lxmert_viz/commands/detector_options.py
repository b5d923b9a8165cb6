"""Options of the commands that look at pictures."""

import argparse
from pathlib import Path


def add_models_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--models",
        type=Path,
        metavar="FOLDER",
        help="where model folders lie (default: LXMERT_VIZ_MODELS, or ~/.cache/lxmert-viz/models)",
    )


def add_detector_options(parser: argparse.ArgumentParser) -> None:
    """Where models lie, and how their detector looks."""
    add_models_option(parser)
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda (default: auto)")
    parser.add_argument(
        "--precision",
        choices=("full", "mixed"),
        default="full",
        help="of the detector; mixed is faster where the processor computes in bfloat16 "
        "(default: full)",
    )
    parser.add_argument(
        "--backend",
        choices=("own", "detectron2"),
        default="own",
        help="whose modules the detector runs on (default: own)",
    )
    parser.add_argument(
        "--profile",
        default="trained",
        help="how regions are found: trained or demo, with numbers such as "
        "'trained, regions=50, proposals=200' or 'demo, score=0.3, least=10, most=60' "
        "(default: trained)",
    )
