"""What heads write on average over a set, to stand where a head is off; as a file and in files.

A word or region of any example counts as much as any other. The digest is of the numbers, so that
an experiment says which mean it used, and damage is seen.
"""

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from lxmert_viz.errors import LxmertVizError, OptionError
from lxmert_viz.experiments import head_slots
from lxmert_viz.experiments import target as targets
from lxmert_viz.experiments.atlas import Means, context_of
from lxmert_viz.experiments.kept_run import Kept
from lxmert_viz.pipeline import Pipeline
from lxmert_viz.records import Regions

KIND = "head means"


@dataclass(frozen=True, eq=False)
class HeadMeans:
    """Mean output of every head over a set."""

    model: str  # digest of the checkpoint
    set: str  # what it is called
    examples: int
    values: Means  # (H, d) each

    @property
    def digest(self) -> str:
        told = hashlib.sha256(self.model.encode())
        for (family, layer), value in sorted(self.values.items()):
            told.update(f"{family}.{layer}".encode())
            told.update(_plain(value).tobytes())
        return told.hexdigest()

    def of(self, pipeline: Pipeline) -> Means:
        """For this network. Raises OptionError where they are another's."""
        if self.model != pipeline.digest:
            raise OptionError(
                f"The means over {self.set} were made with another checkpoint ("
                f"{self.model[:12]}) than {pipeline.name} ({pipeline.digest[:12]}): make them with "
                "it, by `cause DATASET --view means`."
            )
        return self.values

    def told(self) -> dict[str, Any]:
        """For JSON."""
        values = {
            f"{family}.{layer}": {
                "shape": list(value.shape),
                "base64": b64encode(_plain(value).tobytes()).decode(),
            }
            for (family, layer), value in self.values.items()
        }
        about = {"model": self.model, "set": self.set, "examples": self.examples}
        return {"kind": KIND, **about, "digest": self.digest, "values": values}


def over(pipeline: Pipeline, asked: Iterable[tuple[Regions, str]], name: str) -> HeadMeans:
    """Raises OptionError for a set without any example."""
    config = pipeline.network.config
    keys = head_slots.layer_keys(config)
    sums, counts, examples = dict.fromkeys(keys, 0.0), dict.fromkeys(keys, 0), 0
    for seen, text in asked:
        (scores,) = pipeline.exact.score_many([(seen, text)])
        kept = Kept(pipeline, seen, text, targets.top_answer(pipeline, scores))
        examples += 1
        with torch.inference_mode():
            for key in keys:
                context = context_of(kept, *key)[0].double()  # (N, D)
                sums[key] = sums[key] + context.sum(0)
                counts[key] += len(context)
    if not examples:
        raise OptionError(f"{name} has no example that a mean could be taken over.")
    heads = config.num_attention_heads
    values = {
        key: (sums[key] / max(counts[key], 1)).float().cpu().clone().unflatten(0, (heads, -1))
        for key in keys
    }
    return HeadMeans(pipeline.digest, name, examples, values)


def read(told: Mapping[str, Any]) -> HeadMeans:
    """What `told` gave. Raises OptionError for anything else."""
    try:
        if told["kind"] != KIND:
            raise OptionError(f"This is a file of {told['kind']!r}, not of {KIND}.")
        values = {}
        for name, value in told["values"].items():
            family, layer = name.rsplit(".", 1)
            numbers = np.frombuffer(b64decode(value["base64"], validate=True), "<f4")
            values[family, int(layer)] = torch.tensor(numbers.reshape(value["shape"]))
        found = HeadMeans(str(told["model"]), str(told["set"]), int(told["examples"]), values)
        digest = told["digest"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, LxmertVizError):
            raise
        raise OptionError(
            f"This is no file of {KIND}, or it is damaged ({type(error).__name__}: {error})."
        ) from error
    if found.digest != digest:
        raise OptionError(f"The means over {found.set} are damaged: their digest is another.")
    return found


def _plain(value: torch.Tensor) -> np.ndarray:
    return np.ascontiguousarray(value.numpy(), "<f4")
