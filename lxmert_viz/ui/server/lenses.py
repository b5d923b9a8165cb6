"""What lenses and planes show, kept for all sessions. Keys are contents."""

from collections import OrderedDict
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import streamlit as st

from lxmert_viz.analysis.projection import project, trust
from lxmert_viz.analysis.states import STREAMS, by_depth, side_by_side
from lxmert_viz.checkpoints import contents
from lxmert_viz.checkpoints.contents import RegionNames
from lxmert_viz.checkpoints.folder import find
from lxmert_viz.checkpoints.known import SHIPPED
from lxmert_viz.errors import DatasetError
from lxmert_viz.picture import PICTURE_ENDINGS, crop
from lxmert_viz.places import ASSETS, data_folder
from lxmert_viz.region_files.bank import FeatureBank, read_bank
from lxmert_viz.region_files.opening import READ_ENDINGS as REGION_ENDINGS
from lxmert_viz.region_files.picture_ids import PictureIndex
from lxmert_viz.ui.server import catalogue, models, own_data

if TYPE_CHECKING:  # torch takes seconds, in which the page should already stand
    from lxmert_viz.experiments.lenses import Lens, LensGrid
    from lxmert_viz.pipeline import Pipeline

States = dict[str, np.ndarray]  # as in Trace
STUDY = ASSETS / "study"
STUDY_REGIONS = STUDY / "regions.tsv"
KEPT_SECONDS = 60  # a list of pictures beside a file, which may change
LENS_LABELS = 8  # of each state
LENSES_KEPT = 8  # of each open model: its heads, and some files of stored regions


class Head(NamedTuple):
    """Which head reads states."""

    model: str
    content: str  # of the checkpoint, and of the bank: a head of others is another head
    name: str  # of analysis.states.LENSES
    bank: str = ""  # of features: the file of stored regions


def head(model: str, name: str, bank: str = "") -> Head:
    """A head as checkpoint and bank are now."""
    digest = models.pipeline(model).digest
    return Head(model, f"{digest} {changed(bank)}" if bank else digest, name, bank)


# of each open pipeline: a lens holds a part of its network, and leaves memory with it
_of_open: "WeakKeyDictionary[Pipeline, OrderedDict[Head, Lens]]" = WeakKeyDictionary()
_changing = Lock()


def lens(head: Head) -> "Lens":
    """Raises CheckpointError where the checkpoint lacks the head, DatasetError as read_bank."""
    pipeline = models.pipeline(head.model)
    with _changing:
        kept = _of_open.setdefault(pipeline, OrderedDict())
        found = kept.get(head)
    if found is None:
        found = _lens(pipeline, head)
        with _changing:
            kept[head] = found
            while len(kept) > LENSES_KEPT:
                kept.popitem(last=False)
    return found


def _lens(pipeline: "Pipeline", head: Head) -> "Lens":
    from lxmert_viz.experiments import lenses

    if head.name != "features":
        return lenses.lens(pipeline, head.name)
    stored = bank(head.model, head.bank)
    return lenses.feature_lens(pipeline, stored.feats, stored.labels)


@st.cache_data(max_entries=32, show_spinner=False)
def lens_grid(key: str, head: Head, _layers: np.ndarray) -> "LensGrid":
    """key: which states they are, (P, N, D)."""
    from lxmert_viz.experiments import lenses

    return lenses.grid(lens(head), _layers, LENS_LABELS)


@st.cache_data(max_entries=64, show_spinner=False)
def lens_history(key: str, head: Head, row: int, ids: bytes, _layers: np.ndarray) -> np.ndarray:
    """Shares (P, k) of the labels `ids` (int64) for one word or region."""
    from lxmert_viz.experiments import lenses

    labels = np.frombuffer(ids, np.int64).copy()
    return lenses.history(lens(head), _layers[:, row], labels)[0]


@st.cache_data(max_entries=16, show_spinner=False)
def planes(
    key: str, method: str, fit: str, _states: States
) -> tuple[list[np.ndarray], list[str], str]:
    """Points of words, then regions (n, 2), one array a layer; the layers; how far to trust it.

    fit: "one" plane for all layers or one for "each".
    """
    frames = side_by_side(_states)
    both = {stream: by_depth(_states, stream) for stream in STREAMS}
    layers = [np.concatenate([both["lang"][w], both["vision"][r]]) for _, w, r in frames]
    names = [name for name, _, _ in frames]
    if fit == "one":
        found = project(np.concatenate(layers), method)
        return np.split(found.points, len(layers)), names, trust(found)
    each = [project(layer, method) for layer in layers]
    worst = min(each, key=lambda plane: plane.trustworthiness)
    return [plane.points for plane in each], names, f"worst layer: {trust(worst)}"


def banks(model: str) -> dict[str, str]:
    """Files of stored regions that can be looked in: path -> what to call it."""
    found = {str(STUDY_REGIONS): "study set (shipped)"} if reads_study_regions(model) else {}
    folder = data_folder()
    own = {folder / own_data.FOLDER, *(folder / name for name in catalogue.run_names())}
    patterns = ("*/" * depth + "*" for depth in range(catalogue.DEPTH))
    for path in sorted(path for pattern in patterns for path in folder.glob(pattern)):
        if path.suffix in REGION_ENDINGS and path.is_file() and not own & set(path.parents):
            found[str(path)] = path.relative_to(folder).as_posix()
    return found


def bank(model: str, path: str) -> "FeatureBank":
    """Raises DatasetError for features that are not this model's."""
    return _bank(models.pipeline(model).digest, path, changed(path), model)


@st.cache_resource(max_entries=4, show_spinner=False)
def _bank(content: str, path: str, written: int, _model: str) -> "FeatureBank":
    names = region_names(_model, Path(path))
    size = models.pipeline(_model).network.config.visual_feat_dim
    return read_bank(Path(path), size, names.of)


def changed(path: str) -> int:
    """When, in nanoseconds; 0 for a file that is gone, which read_bank tells about."""
    file = Path(path)
    return file.stat().st_mtime_ns if file.exists() else 0


def region_names(model: str, path: Path) -> RegionNames:
    """Of the labels of a file."""
    if path == STUDY_REGIONS:
        return contents.read_region_names(find(SHIPPED))
    return models.pipeline(model).region_names


def reads_study_regions(model: str) -> bool:
    """Whether the study set's regions fit the model; else its own detector must look."""
    try:
        bank(model, str(STUDY_REGIONS))
    except DatasetError:
        return False
    return True


def stored_region(head: Head, label: int) -> tuple[bytes | None, str]:
    """A stored region's part of its picture, None where that is not at hand, and its name."""
    stored = bank(head.model, head.bank)
    picture = picture_beside(head.bank, stored.pictures[label])
    box = stored.boxes_unit[label]
    return picture and crop(picture.read_bytes(), box), stored.names[label]


def picture_beside(bank: str, name: str) -> Path | None:
    """A picture by its id, in the folder of a file of stored regions; None where it is not."""
    try:
        found = _pictures_beside(bank).find(name)
    except DatasetError:  # several have its name
        return None
    return Path(found) if found else None


@st.cache_resource(max_entries=4, ttl=KEPT_SECONDS, show_spinner=False)
def _pictures_beside(bank: str) -> PictureIndex:
    """Those in the folder of a file of stored regions, and in its `images`."""
    folder = Path(bank).parent
    places = (path for part in ("images", ".") for path in (folder / part).glob("*.*"))
    return PictureIndex(str(path) for path in places if path.suffix.lower() in PICTURE_ENDINGS)
