"""Writes fixtures/tensorflow_outputs.npz: what transformers' own TensorFlow LXMERT computes.

from tests.helpers.files import FIXTURES
TensorFlow is neither needed by this project nor by its tests, so this runs in an environment of
its own, with Python 3.11, from the root of the repository:

    python3.11 -m venv ../tensorflow
    ../tensorflow/bin/pip install transformers==4.37.2 tensorflow-cpu==2.15.1 \
        tf-keras==2.15.1 numpy==1.26.4 h5py
    ../tensorflow/bin/python tests/helpers/write_tensorflow_fixtures.py

With a folder that `save_for_tensorflow` or `save_tensorflow_safetensors` wrote, it only opens that
with TensorFlow's class and compares its outputs with those of the fixture's own weights:

    ../tensorflow/bin/python tests/helpers/write_tensorflow_fixtures.py FOLDER
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

FIXTURES = Path(__file__).parent.parent / "fixtures"  # run by itself, without this package
TINY = FIXTURES / "tiny_network"
OUTPUTS = FIXTURES / "tensorflow_outputs.npz"
BATCH, WORDS, REGIONS = 2, 6, 6  # as many regions as words: TensorFlow's visual mask needs that
OTHER_EPS = 0.05


def inputs() -> dict[str, np.ndarray]:
    draw = np.random.RandomState(0)
    return {
        "input_ids": draw.randint(0, 60, (BATCH, WORDS)).astype(np.int32),
        "visual_feats": draw.rand(BATCH, REGIONS, 12).astype(np.float32),
        "visual_pos": draw.rand(BATCH, REGIONS, 4).astype(np.float32),
    }


def masks() -> dict[str, np.ndarray]:
    words, regions = np.ones((BATCH, WORDS), np.int32), np.ones((BATCH, REGIONS), np.int32)
    words[1, 4:] = regions[0, 2:5] = 0
    types = np.zeros((BATCH, WORDS), np.int32)
    types[:, 3:] = 1
    return {
        "attention_mask": words,
        "visual_attention_mask": regions,
        "token_type_ids": types,
    }


def labels() -> dict[str, Any]:
    """Region weights are all alike: with others, TensorFlow's region loss is wrong."""
    draw = np.random.RandomState(1)
    weights = np.full((BATCH, REGIONS), 0.5, np.float32)
    feats = (draw.rand(BATCH, REGIONS, 12) * 4).astype(np.float32)
    return {
        "masked_lm_labels": draw.randint(0, 60, (BATCH, WORDS)).astype(np.int32),
        "obj_labels": {
            "obj": (draw.randint(0, 9, (BATCH, REGIONS)).astype(np.int32), weights),
            "attr": (draw.randint(0, 5, (BATCH, REGIONS)).astype(np.int32), weights),
            "feat": (feats, weights),
        },
        "matched_label": np.array([0, 1], np.int32),
        "ans": np.array([3, 6], np.int32),
    }


def flat(output: Any, prefix: str) -> dict[str, np.ndarray]:
    """Each tensor of an output under prefix/field, or prefix/field/place for the tuples."""
    arrays = {}
    for name, value in output.items():
        if isinstance(value, tuple):
            arrays |= {f"{prefix}/{name}/{i}": np.asarray(v) for i, v in enumerate(value)}
        else:
            arrays[f"{prefix}/{name}"] = np.asarray(value)
    return arrays


def folder_of(file: str, name: str, **config: Any) -> Path:
    """A new folder with one of the tiny network's files under the name that TensorFlow expects."""

    folder = Path(tempfile.mkdtemp())
    values = json.loads((TINY / "config.json").read_text()) | config
    (folder / "config.json").write_text(json.dumps(values))
    shutil.copy(TINY / file, folder / name)
    return folder


def main() -> None:
    from transformers import TFLxmertForPreTraining, TFLxmertModel

    everything = {"output_attentions": True, "output_hidden_states": True}
    own = folder_of("tf_model.h5", "tf_model.h5")
    full = TFLxmertForPreTraining.from_pretrained(own)
    if sys.argv[1:]:
        other = TFLxmertForPreTraining.from_pretrained(sys.argv[1])
        ours = flat(other(**inputs(), **masks(), **everything), "masked")
        theirs = flat(full(**inputs(), **masks(), **everything), "masked")
        print(max(float(np.abs(ours[name] - array).max()) for name, array in theirs.items()))
        return
    base = TFLxmertModel.from_pretrained(folder_of("tf_model_base.h5", "tf_model.h5"))
    eps = TFLxmertModel.from_pretrained(
        folder_of("tf_model_base.h5", "tf_model.h5", layer_norm_eps=OTHER_EPS)
    )
    arrays = flat(full(**inputs(), **everything), "plain")
    arrays |= flat(full(**inputs(), **masks(), **everything), "masked")
    arrays |= flat(full(**inputs(), **labels()), "labelled")
    arrays |= flat(base(**inputs(), **masks()), "base")
    arrays |= flat(eps(**inputs()), "other_eps")
    np.savez_compressed(OUTPUTS, **arrays)
    print(len(arrays), OUTPUTS.stat().st_size)


if __name__ == "__main__":
    main()
