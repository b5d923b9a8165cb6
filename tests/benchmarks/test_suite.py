"""`make bench` at toy size: every comparison runs, agrees first, and says what it measured."""

import json

import numpy as np
import pytest
import torch

from benchmarks import compiled, network
from benchmarks.__main__ import TOY, main
from benchmarks.comparing import Case, Disagreement, compare
from benchmarks.network import Both


def test_every_comparison_runs_at_toy_size(capsys: pytest.CaptureFixture[str]) -> None:
    threads = torch.get_num_threads()
    main(["--toy", "--rounds", "2", "--threads", str(threads)])
    lines = capsys.readouterr().out.splitlines()
    results = [json.loads(line) for line in lines if line.startswith("{")]
    assert len(results) >= 7
    for result in results:
        assert result["ratio"] > 0 and result["rounds"] == 2 and result["peak_megabytes"] > 50
        assert result["apart"] <= 1e-4
        assert any(line.startswith(f"| {result['measured']} |") for line in lines)
    assert "torch" in results[0]["versions"] and results[0]["machine"]["threads"] == threads


@pytest.mark.parametrize("name", compiled.PEERS)
def test_compiled_peers_compute_the_same(name: str) -> None:
    if name not in compiled.installed():
        pytest.skip(f"{name} is not installed: {compiled.HOW}")
    found = [compare(case, 1) for case in compiled.cases(Both(TOY, 5, 4)) if name in case.of]
    assert len(found) == 2 and found[0].apart < 1e-5


def test_what_is_not_installed_is_left_out_and_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(compiled, "find_spec", lambda name: None)
    monkeypatch.setattr(network, "cases", lambda both: iter(()))
    main(["--toy", "--rounds", "1", "--threads", str(torch.get_num_threads())])
    assert "not compared: onnxruntime, openvino; pip install onnx" in capsys.readouterr().out


def test_what_disagrees_is_not_timed() -> None:
    case = Case("halves", lambda: [np.ones(2)], lambda: [np.full(2, 1.5)], "wrong", within=0.1)
    with pytest.raises(Disagreement, match="halves: 0.5 apart"):
        compare(case, 3)


def test_the_ratio_is_how_often_ours_fits_into_theirs() -> None:
    def work(size: int) -> list[np.ndarray]:
        for _ in range(5):
            np.sort(np.arange(size)[::-1].copy() * 0.5)
        return [np.zeros(1)]

    found = compare(Case("sorting", lambda: work(1_000), lambda: work(2_000_000), "more"), 3)
    assert found.ratio > 2 and found.spread[0] <= found.ratio <= found.spread[1]
