"""A new question with a full-size network, on the page What if? against the page Answers.

python -m benchmarks.full_size_page [--rounds N]

The network has the published sizes and random weights, a small detector gives it 2048 features a
region. Prints a JSON object: seconds from Enter until the answer's page is still, on both pages in
turn, medians and each round's, and their ratio.
"""

import argparse
import json
import os
import platform
import shutil
import tempfile
from pathlib import Path
from statistics import median

import torch
from playwright.sync_api import Page, sync_playwright
from safetensors.torch import save_file

from benchmarks.pages import STOPWATCH, settle, turn
from benchmarks.second_question import TINY_DETECTOR, random_detector
from lxmert_viz.checkpoints.folder import MODELS_VARIABLE
from lxmert_viz.config import LxmertConfig
from lxmert_viz.model.lxmert import LxmertForPreTraining
from lxmert_viz.places import APP, ASSETS
from lxmert_viz.ui.frame.navigation import ANSWERS, EDIT
from tests.helpers import chromium
from tests.helpers.served_page import WIDE, opened, served

NAME = "full-size"
QUESTIONS = [
    f"is the {size} {color} {shape} left of the other one?"
    for size in ("large", "small")
    for color in ("red", "green", "blue", "yellow")
    for shape in ("cube", "ring", "cone")
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as models, sync_playwright() as playwright:
        write_checkpoint(Path(models) / NAME)
        os.environ[MODELS_VARIABLE] = models
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=["--no-sandbox"])
        with served(APP) as address:
            page, _ = opened(browser, f"{address}/?model={NAME}", WIDE)
            page.add_init_script(STOPWATCH)
            page.reload()
            print(json.dumps(measured(page, rounds)), flush=True)
        browser.close()


def write_checkpoint(folder: Path) -> None:
    torch.manual_seed(0)
    LxmertForPreTraining(LxmertConfig()).save_pretrained(folder)
    detector = folder / "detector"
    detector.mkdir()
    save_file(random_detector(TINY_DETECTOR).state_dict(), detector / "model.safetensors")
    TINY_DETECTOR.to_file(detector / "config.json")
    shutil.copy(ASSETS / "miniature" / "vocab.txt", folder)
    answers = [f"answer {number}" for number in range(LxmertConfig().num_qa_labels)]
    (folder / "answers.json").write_text(json.dumps(answers))
    for kind, count in (("object", 1600), ("attribute", 400)):
        names = "\n".join(f"{kind} {number}" for number in range(count))
        (detector / f"{kind}s.txt").write_text(names)


def measured(page: Page, rounds: int) -> dict[str, object]:
    questions, times = iter(QUESTIONS), {ANSWERS: [], EDIT: []}
    for listed in [ANSWERS, EDIT] * (rounds + 1):
        turn(page, listed)
        settle(page)
        page.get_by_label("Question or caption").fill(next(questions))
        page.get_by_role("button", name="Ask", exact=True).click()
        settle(page)
        times[listed].append(page.evaluate("stopwatch.last - stopwatch.begun") / 1000)
    told = {listed.title: found[1:] for listed, found in times.items()}  # the first warms up
    middle = {title: median(found) for title, found in told.items()}
    return {
        "seconds": middle,
        "rounds": told,
        "ratio": middle[EDIT.title] / middle[ANSWERS.title],
        "python": platform.python_version(),
        "torch": torch.__version__,
        "cores": os.cpu_count(),
    }


if __name__ == "__main__":
    main()
