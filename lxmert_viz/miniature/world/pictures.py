"""Rendered scenes on disk: drawn once, in parallel, and found again by a later call."""

from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lxmert_viz.miniature.world.drawing import draw
from lxmert_viz.miniature.world.scenes import PICTURE_SIZE, Scene, make_scene
from lxmert_viz.whole_files import written_whole

CHUNK = 100  # scenes a file


@dataclass(frozen=True)
class ScenePictures:
    """`len(scenes)` scenes with what was drawn of them."""

    scenes: list[Scene]
    pictures: list[np.ndarray]  # (H, W, 3) uint8 RGB, memory-mapped
    boxes_px: list[np.ndarray]  # (N, 4) float32 xyxy

    def __len__(self) -> int:
        return len(self.scenes)


def render(folder: Path, first_seed: int, count: int, workers: int = 2) -> ScenePictures:
    """The scenes of `count` seeds from `first_seed` on; chunks already in `folder` are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    starts = range(first_seed, first_seed + count, CHUNK)
    missing = [(folder, range(s, s + CHUNK)) for s in starts if not _boxes_file(folder, s).exists()]
    if missing:
        _draw_all(missing, workers)
    return _load(folder, starts, first_seed + count)


def _draw_all(missing: list[tuple[Path, range]], workers: int) -> None:
    # told to end, not killed: where something caught SIGTERM before, its forks catch it too
    with ProcessPoolExecutor(workers) as pool:
        for done, _ in enumerate(pool.map(_draw_chunk, missing), start=1):
            print(f"\rdrawn {done * CHUNK} of {len(missing) * CHUNK} scenes", end="", flush=True)
    print()


def _draw_chunk(job: tuple[Path, range]) -> None:
    folder, seeds = job
    start, drawings = seeds.start, [draw(make_scene(seed)) for seed in seeds]
    with written_whole(_pictures_file(folder, start)) as unfinished, unfinished.open("wb") as file:
        np.save(file, np.stack([d.picture for d in drawings]))
    boxes = {str(seed): d.boxes_px for seed, d in zip(seeds, drawings, strict=True)}
    # last: its presence says that the chunk is whole
    with written_whole(_boxes_file(folder, start)) as unfinished, unfinished.open("wb") as file:
        np.savez(file, **boxes)


def _load(folder: Path, starts: Iterable[int], end: int) -> ScenePictures:
    scenes: list[Scene] = []
    pictures: list[np.ndarray] = []
    boxes_px: list[np.ndarray] = []
    for start in starts:
        chunk = np.load(_pictures_file(folder, start), mmap_mode="r")
        boxes = np.load(_boxes_file(folder, start))
        for seed in range(start, min(start + CHUNK, end)):
            scenes.append(make_scene(seed))
            pictures.append(chunk[seed - start])
            boxes_px.append(boxes[str(seed)])
    if pictures and pictures[0].shape != (PICTURE_SIZE[1], PICTURE_SIZE[0], 3):
        raise ValueError(f"{folder} holds pictures of {pictures[0].shape}; delete it")
    return ScenePictures(scenes, pictures, boxes_px)


def _pictures_file(folder: Path, start: int) -> Path:
    return folder / f"pictures-{start}.npy"


def _boxes_file(folder: Path, start: int) -> Path:
    return folder / f"boxes-{start}.npz"
