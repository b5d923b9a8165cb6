"""The network against ONNX Runtime and OpenVINO on the same weights and inputs, with all 34 maps.

What is not installed is left out.
"""

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.comparing import Case
from benchmarks.network import IN_BFLOAT16, IN_FULL, KEEP, Both
from lxmert_viz.model.fast import fast

NAMES = ("input_ids", "visual_feats", "visual_pos")
HOW = "pip install onnx onnxscript onnxruntime openvino, or lxmert-viz[benchmarks]"
Peer = Callable[[], list[np.ndarray]]


class Everything(nn.Module):
    """What a trace holds of the heads and maps, as a tuple."""

    def __init__(self, both: Both) -> None:
        super().__init__()
        self.base, self.answers = both.ours.lxmert, both.ours.answer_head
        self.match = both.ours.cls.seq_relationship

    def forward(self, input_ids: Tensor, feats: Tensor, boxes: Tensor) -> tuple[Tensor, ...]:
        output = self.base(input_ids, feats, boxes, **KEEP)
        maps = (m for family in output.activations.attention.values() for m in family)
        pooled = output.pooled_output
        return self.answers(pooled), self.match(pooled), *maps


def installed() -> list[str]:
    """Of the two, those that can be measured here."""
    if any(find_spec(name) is None for name in ("onnx", "onnxscript")):
        return []
    return [name for name in PEERS if find_spec(name) is not None]


def cases(both: Both) -> Iterator[Case]:
    given = both.given(1)
    networks = {"laid out": fast(both.ours.lxmert), "mixed": fast(both.ours.lxmert, torch.bfloat16)}
    for name in installed():
        with TemporaryDirectory() as folder:
            path = Path(folder) / "network.onnx"
            torch.onnx.export(
                Everything(both).eval(),
                tuple(given[name] for name in NAMES),
                str(path),
                input_names=list(NAMES),
                dynamo=True,
                verbose=False,
            )
            peer = PEERS[name](path, {key: value.numpy() for key, value in given.items()})
        for kind, network in networks.items():
            yield Case(
                f"{kind}: a question about a picture",
                lambda network=network: both.without_words(network, **given),
                peer,
                f"{name}, with 34 maps",
                IN_BFLOAT16 if kind == "mixed" else IN_FULL,
            )


def _onnxruntime(path: Path, given: dict[str, np.ndarray]) -> Peer:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, given)[:2]


def _openvino(path: Path, given: dict[str, np.ndarray]) -> Peer:
    import openvino

    settings = {"INFERENCE_NUM_THREADS": torch.get_num_threads(), "PERFORMANCE_HINT": "LATENCY"}
    settings["INFERENCE_PRECISION_HINT"] = "f32"
    compiled = openvino.Core().compile_model(str(path), "CPU", settings)

    def run() -> list[np.ndarray]:
        found = compiled(given)
        return [found[place] for place in range(2)]

    return run


PEERS = {"onnxruntime": _onnxruntime, "openvino": _openvino}
