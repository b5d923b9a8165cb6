"""No writer of this program touches what was there before its new content is on the disk."""

import errno
import io
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import numpy as np
import plotly.graph_objects as go
import pyarrow as pa
import pytest
import torch
from PIL import Image

from lxmert_viz import traces, whole_files
from lxmert_viz.analysis.probes import FittedProbe, ProbeResult
from lxmert_viz.detector.network import FasterRCNN
from lxmert_viz.detector.weights import save_detector
from lxmert_viz.errors import LxmertVizError
from lxmert_viz.experiments import tuned_lens
from lxmert_viz.figures import files
from lxmert_viz.figures.stage_page import StagePage
from lxmert_viz.miniature.world.study import write_study
from lxmert_viz.model.lxmert import LxmertForPreTraining
from lxmert_viz.model.tokenizer import LxmertTokenizerFast
from lxmert_viz.region_files.opening import write_rows
from lxmert_viz.region_files.rows import RegionRow
from lxmert_viz.results.run_folder import write_table
from lxmert_viz.runs import probing
from tests.conftest import DETECTOR
from tests.helpers.fixed_trace import fixed_trace
from tests.helpers.small_networks import small_network
from tests.region_files.test_lxmert_tsv import regions

Write = Callable[[Path, int], object]  # a folder, and a number that shows in what is written
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a"]


def network(seed: int) -> LxmertForPreTraining:
    return small_network(LxmertForPreTraining, seed)


def detector(seed: int) -> FasterRCNN:
    torch.manual_seed(seed)
    return FasterRCNN(DETECTOR)


def png(number: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), (number, 0, 0)).save(file, "PNG")
    return file.getvalue()


def rows(number: int) -> list[RegionRow]:
    return [RegionRow.of(f"picture_{number}", regions(3, seed=number))]


def maps(number: int) -> tuned_lens.TunedLens:
    return tuned_lens.TunedLens(*(np.full(2, number, np.float32) for _ in range(6)))


def probe(number: int) -> probing.ProbeRun:
    zeros = np.zeros(2, np.float32)
    fitted = FittedProbe(zeros, zeros + 1, (np.zeros((2, 2)),), (zeros,))
    counts = np.zeros((2, 2), np.int64)
    layer = ProbeResult(*([number / 10] * 6), counts, counts[0], counts[0], fitted)
    names = ("model", "weights", "data", "target", "region", "vision", "cls", "linear")
    about = probing.About(*names, 0, ("a", "b"), ("embeddings",), 2, 2, 0)
    return probing.ProbeRun(about, (layer,), (float(number),))


WRITERS: dict[str, Write] = {
    "model": lambda folder, n: network(n).save_pretrained(folder),
    "model for TensorFlow": lambda folder, n: network(n).save_for_tensorflow(folder),
    "model for the authors": lambda folder, n: network(n).save_for_authors(folder / "m.pth"),
    "detector": lambda folder, n: save_detector(detector(n), folder),
    "tokenizer": lambda folder, n: LxmertTokenizerFast(
        [*PIECES, str(n)], model_max_length=n
    ).save_pretrained(folder),
    "trace": lambda folder, n: traces.save(folder, fixed_trace(n), png(n)),
    "figure": lambda folder, n: files.write(go.Figure(go.Bar(y=[n])), folder / "f.html"),
    "stage": lambda folder, n: StagePage(bytes([n]), "title").save(folder / "stage.html"),
    "tuned lens": lambda folder, n: tuned_lens.save(maps(n), folder / "l.safetensors", {}),
    "probe": lambda folder, n: probing.save(probe(n), folder / "p.safetensors"),
    "study": lambda folder, n: write_study(folder, n, 1),
    "table": lambda folder, n: write_table(folder / "t.parquet", pa.table({"n": [n]})),
} | {
    f"regions, {layout}": lambda folder, n, layout=layout: write_rows(
        folder / "regions", layout, rows(n)
    )
    for layout in ("lxmert", "bottom-up", "reference", "parquet", "safetensors")
}


def content(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_leaves_the_old_files(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = WRITERS[name]
    write(tmp_path, 1)
    old = content(tmp_path)

    def full(place: int) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(whole_files.os, "fsync", full)
        with pytest.raises((OSError, LxmertVizError), match="No space left"):
            write(tmp_path, 2)
    assert old and content(tmp_path) == old
    write(tmp_path, 2)
    assert content(tmp_path) != old  # the second content would have shown
