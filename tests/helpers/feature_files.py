"""Feature files as other tools write them, from rows of ours."""

import base64
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import lmdb
import numpy as np

from lxmert_viz.region_files.rows import RegionRow

ROOM = 1 << 28  # bytes that an LMDB file may grow to


def labels(row: RegionRow) -> dict[str, np.ndarray]:
    regions = row.regions
    return {
        "objects_id": regions.object_ids,
        "objects_conf": regions.scores,
        "attrs_id": regions.attribute_ids,
        "attrs_conf": regions.attribute_scores,
    }


def npz_folder(folder: Path, rows: Sequence[RegionRow]) -> Path:
    """bottom-up-attention.pytorch: labels count the background as 0."""
    folder.mkdir()
    for row in rows:
        width, height = row.regions.size_px
        counted = {n: v + 1 if n.endswith("_id") else v for n, v in labels(row).items()}
        info = {"image_id": row.picture, "image_h": height, "image_w": width, **counted}
        np.savez_compressed(
            folder / f"{row.picture}.npz",
            x=row.regions.feats,
            bbox=row.boxes_px,
            num_bbox=len(row.regions),
            image_h=height,
            image_w=width,
            info=info,
        )
    return folder


def _mmf_info(row: RegionRow) -> dict[str, Any]:
    width, height = row.regions.size_px
    return {
        "bbox": row.boxes_px,
        "num_boxes": len(row.regions),
        "objects": row.regions.object_ids,
        "image_width": width,
        "image_height": height,
        "cls_prob": np.zeros((len(row.regions), 7), np.float32),
    }


def npy_folder(folder: Path, rows: Sequence[RegionRow]) -> Path:
    """mmf: features, and all else in a dictionary beside them."""
    folder.mkdir()
    for row in rows:
        np.save(folder / f"{row.picture}.npy", row.regions.feats)
        np.save(folder / f"{row.picture}_info.npy", _mmf_info(row))
    return folder


def npy_dictionaries(folder: Path, rows: Sequence[RegionRow]) -> Path:
    """ViLBERT's extraction: one dictionary a picture."""
    folder.mkdir()
    for row in rows:
        np.save(folder / f"{row.picture}.npy", _mmf_info(row) | {"features": row.regions.feats})
    return folder


def hdf5_groups(path: Path, rows: Sequence[RegionRow]) -> Path:
    """VL-T5: a group a picture."""
    with h5py.File(path, "w") as file:
        for row in rows:
            width, height = row.regions.size_px
            parts = {"obj_id": row.regions.object_ids, "obj_conf": row.regions.scores}
            parts |= {"attr_id": row.regions.attribute_ids}
            parts |= {"attr_conf": row.regions.attribute_scores}
            parts |= {"features": row.regions.feats, "boxes": row.boxes_px}
            parts |= {"img_w": width, "img_h": height}
            for name, part in parts.items():
                file[f"{row.picture}/{name}"] = part
    return path


def hdf5_tables(path: Path, rows: Sequence[RegionRow]) -> Path:
    """bottom-up-attention-vqa: all pictures' regions one after the other, ids in a pickle."""
    ends = np.cumsum([0, *(len(row.regions) for row in rows)])
    unit = np.concatenate([row.regions.boxes_unit for row in rows])
    with h5py.File(path, "w") as file:
        file["image_features"] = np.concatenate([row.regions.feats for row in rows])
        file["image_bb"] = np.concatenate([row.boxes_px for row in rows])
        file["spatial_features"] = np.concatenate([unit, unit[:, 2:] - unit[:, :2]], axis=1)
        file["pos_boxes"] = np.stack([ends[:-1], ends[1:]], axis=1)
    places = {row.picture: place for place, row in enumerate(rows)}
    path.with_name(f"{path.stem}_imgid2idx.pkl").write_bytes(pickle.dumps(places, protocol=2))
    return path


def lmdb_folder(folder: Path, rows: Sequence[RegionRow], protocol: int, coded: bool) -> Path:
    """VOLTA. coded: arrays in base64, as ViLBERT has them; else arrays."""
    with (
        lmdb.open(str(folder), map_size=ROOM) as environment,
        environment.begin(write=True) as transaction,
    ):
        for row in rows:
            width, height = row.regions.size_px
            arrays = {**labels(row), "boxes": row.boxes_px, "features": row.regions.feats}
            if coded:
                arrays = {name: base64.b64encode(part.tobytes()) for name, part in arrays.items()}
            count = len(row.regions)
            item = {"img_id": row.picture, "img_h": height, "img_w": width, "num_boxes": count}
            value = pickle.dumps(item | arrays, protocol=protocol)
            transaction.put(row.picture.encode(), value)
        keys = [row.picture.encode() for row in rows]
        transaction.put(b"keys", pickle.dumps(keys, protocol=protocol))
    return folder


WRITERS = {
    "npz": lambda folder, rows: npz_folder(folder / "npz", rows),
    "npy and info": lambda folder, rows: npy_folder(folder / "npy", rows),
    "npy of a dictionary": lambda folder, rows: npy_dictionaries(folder / "dictionaries", rows),
    "hdf5 groups": lambda folder, rows: hdf5_groups(folder / "groups.h5", rows),
    "hdf5 tables": lambda folder, rows: hdf5_tables(folder / "tables.hdf5", rows),
    "lmdb in base64": lambda folder, rows: lmdb_folder(folder / "a.lmdb", rows, 2, True),
    "lmdb of arrays": lambda folder, rows: lmdb_folder(folder / "b.lmdb", rows, 5, False),
}
WITH_LABELS = ("npz", "hdf5 groups", "lmdb in base64", "lmdb of arrays")
