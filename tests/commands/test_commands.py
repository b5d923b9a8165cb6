import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from unittest.mock import Mock

import pytest

from lxmert_viz.__main__ import main, parser
from lxmert_viz.detector import detectron2, speed
from lxmert_viz.places import ROOT
from lxmert_viz.serving import application, logs
from lxmert_viz.serving.sockets import FIRST_PORT, listening

REPOSITORY = ROOT
QUESTION = "what color is the large cube?"


@pytest.fixture
def picture(tmp_path: Path, photograph: bytes) -> Path:
    path = tmp_path / "photograph.jpg"
    path.write_bytes(photograph)
    return path


@pytest.fixture
def ask(tiny_folder: Path, picture: Path) -> list[str]:
    return ["ask", str(picture), QUESTION, "--model", str(tiny_folder), "--device", "cpu"]


def test_asking_prints_ranked_answers_in_two_columns(
    ask: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*ask, "--top", "3"]) == 0
    answers, match, regions = (
        (lines := capsys.readouterr().out.splitlines())[:3],
        lines[3],
        lines[4],
    )
    shares = [float(re.fullmatch(r"\S+ +([\d.]+)%", line)[1]) for line in answers]
    assert shares == sorted(shares, reverse=True)
    assert len({line.index("%") for line in (*answers, match)}) == 1
    assert re.match(r"\d regions: \w+ \w+", regions)


def test_asking_for_json_gives_one_complete_object(
    ask: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*ask, "--json", "--profile", "demo"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["model"], found["device"], found["profile"]) == ("tiny", "cpu", "demo")
    assert len(found["answers"]) == 5
    assert found["answers"][0].keys() == {"text", "probability", "kind"}
    assert 0 < found["match"] < 1
    assert found["tokens"][0] == "[CLS]"
    words, seen = len(found["tokens"]), len(found["regions"])
    assert found["attention_shapes"]["lang_from_vision"] == [2, 4, words, seen]
    assert found["state_shapes"]["vision_cross"] == [2, 3, seen, 16]
    assert found["seconds"].keys() == {"open", "look", "ask"}
    assert any("demo" in note for note in found["notes"])


def test_boxes_in_json_agree_in_both_units(
    ask: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    main([*ask, "--json"])
    for region in json.loads(capsys.readouterr().out)["regions"]:
        for unit, px, side in zip(
            region["box_unit"], region["box_px"], (160, 120) * 2, strict=True
        ):
            assert px == pytest.approx(unit * side, abs=0.01)


def test_a_model_is_found_by_name_in_the_models_folder(
    ask: list[str], tiny_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [*ask, "--model", tiny_folder.name, "--models", str(tiny_folder.parent), "--json"]
    assert main(arguments) == 0
    assert json.loads(capsys.readouterr().out)["model"] == "tiny"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({1: "no-such-file.png"}, "no-such-file.png cannot be read"),
        ({1: "/"}, "/ cannot be read"),
        ({1: __file__}, "not a picture"),
        ({2: "  "}, "no words"),
        ({2: "is " * 5000}, "5002 word pieces"),
        ({4: "vilbert"}, "no model 'vilbert'"),
        ({6: "tpu"}, "'tpu'"),
    ],
)
def test_what_a_person_can_mend_is_one_sentence_and_code_2(
    ask: list[str], change: dict[int, str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [change.get(place, argument) for place, argument in enumerate(ask)]
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert sentence in shown.err
    assert shown.err.startswith("lxmert-viz: ")
    assert shown.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["dance"],
        ["ask"],
        ["ask", "a.png", "what?", "--top", "0"],
        ["serve", "--port", "x"],
        ["serve", "--port", "70000"],
    ],
)
def test_a_wrong_call_is_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(arguments)
    assert raised.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_our_own_fault_is_code_1_with_a_traceback() -> None:
    broken = (
        "import sys, lxmert_viz.__main__ as m; from lxmert_viz.commands import ask;"
        "ask.run = lambda _: 1 / 0; sys.exit(m.main(['ask', 'a.png', 'what?']))"
    )
    ran = subprocess.run([sys.executable, "-c", broken], cwd=REPOSITORY, capture_output=True)
    assert ran.returncode == 1
    assert b"ZeroDivisionError" in ran.stderr


def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    assert "ask" in shown
    assert "serve" in shown


def test_serving_a_models_folder_that_does_not_exist_is_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--models", str(tmp_path / "nowhere")]) == 2
    assert "nowhere" in capsys.readouterr().err


def test_the_server_listens_on_this_machine_only_unless_told_otherwise() -> None:
    assert parser().parse_args(["serve"]).host == "localhost"
    for host, place in (("localhost", "127.0.0.1"), ("0.0.0.0", "0.0.0.0")):
        with listening(host, None) as here, listening(host, None) as next_to_it:
            assert here.getsockname()[0] == place
            assert next_to_it.getsockname()[1] > here.getsockname()[1] >= FIRST_PORT


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("localhost", 0))
        return free.getsockname()[1]


def test_serve_works_from_any_folder_and_stops_when_told(tmp_path: Path, port: int) -> None:
    serving = subprocess.Popen(
        [sys.executable, "-m", "lxmert_viz", "serve", "--port", str(port)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert _healthy(f"http://localhost:{port}/_stcore/health", serving)
        serving.send_signal(signal.SIGTERM)
        said, _ = serving.communicate(timeout=30)
        assert serving.returncode in (0, -signal.SIGTERM)
        # nothing of the machine's outer address, which nobody looks up
        assert said == f"lxmert-viz: http://localhost:{port} (Ctrl-C ends it)\n"
    finally:
        serving.kill()


def test_a_busy_port_is_one_sentence_and_code_2(
    port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as busy:
        busy.bind(("localhost", port))
        busy.listen()
        assert main(["serve", "--host", "127.0.0.1", "--port", str(port)]) == 2
    shown = capsys.readouterr().err
    assert f"port {port}" in shown
    assert shown.count("\n") == 1


def test_a_host_that_is_not_this_machine_is_one_sentence_and_code_2(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["serve", "--host", "192.0.2.1"]) == 2
    assert "192.0.2.1" in capsys.readouterr().err


def _healthy(address: str, serving: subprocess.Popen[str]) -> bool:
    for _ in range(120):
        if serving.poll() is not None:
            return False
        try:
            with urllib.request.urlopen(address) as answer:
                return answer.read() == b"ok"
        except urllib.error.URLError:
            time.sleep(0.5)
    return False


def test_regions_that_were_found_are_kept_until_they_are_cleared(
    ask: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setenv("LXMERT_VIZ_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(speed, "has_bfloat16", lambda device: True)
    for precision in ("full", "full", "mixed"):
        assert main([*ask, "--precision", precision]) == 0
    assert len(list((tmp_path / "cache" / "regions").iterdir())) == 2
    assert main(["cache", "--models", str(tmp_path)]) == 0
    assert "regions of pictures that were looked at" in capsys.readouterr().out
    assert main(["cache", "--models", str(tmp_path), "--clear-regions"]) == 0
    assert list((tmp_path / "cache" / "regions").iterdir()) == []


def test_mixed_precision_that_would_be_slower_is_refused(
    ask: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(speed, "has_bfloat16", lambda device: False)
    for call in (ask, ["serve"]):
        assert main([*call, "--precision", "mixed"]) == 2
        assert "does not compute in bfloat16 itself" in capsys.readouterr().err


def test_what_serve_is_told_of_the_detector_reaches_the_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from lxmert_viz.pipeline import Pipeline
    from lxmert_viz.ui.server import models

    for name in ("PRECISION", "BACKEND", "KEEP_PICTURES", "DEVICE", "PACKED"):
        monkeypatch.setenv(f"LXMERT_VIZ_{name}", "")  # so that what serve sets is taken back
    monkeypatch.setattr(application, "serve", lambda *told: None)
    monkeypatch.setattr(logs, "structured", lambda quotes_visitors: None)
    monkeypatch.setattr(detectron2, "is_here", lambda: True)
    monkeypatch.setattr(speed, "has_bfloat16", lambda device: True)
    opened = []
    made = Mock()
    monkeypatch.setattr(Pipeline, "open", lambda name, **given: opened.append(given) or made)
    call = ["serve", "--precision", "mixed", "--backend", "detectron2", "--device", "cpu"]
    call.append("--keep-pictures")
    assert main([*call, "0"]) == 0
    models.load_pipeline("miniature")
    told = {"device": "cpu", "precision": "mixed", "backend": "detectron2"}
    assert opened == [told | {"cache": None}]
    made.inputs.lay_out.assert_not_called()
    assert main([*call, "1", "--packed"]) == 0
    models.load_pipeline("miniature")
    made.inputs.lay_out.assert_called_once_with()
    assert opened[1]["cache"].folder.name == "regions"
