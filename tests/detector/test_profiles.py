import io

import numpy as np
import pytest
from PIL import Image

from lxmert_viz.config import RegionProfile
from lxmert_viz.detector.profiles import joined, parted, rules_of
from lxmert_viz.errors import OptionError
from lxmert_viz.pipeline import Pipeline

PROFILES = {
    "trained": RegionProfile(600, 1000, "per_class"),
    "demo": RegionProfile(800, 1333, "agnostic"),
}
QUESTION = "what is it?"


def rules(asked: str, proposals: int = 300) -> tuple[int, int, float, int]:
    found = rules_of(asked, PROFILES, proposals)
    profile = found.profile
    return profile.min_regions, profile.max_regions, profile.min_score, found.proposals


def test_a_name_alone_is_the_profile_as_it_is() -> None:
    assert rules_of("demo", PROFILES, 300).profile == PROFILES["demo"]
    assert rules("trained") == (36, 36, 0.2, 300)


def test_numbers_change_what_they_name_and_nothing_else() -> None:
    assert rules("trained,regions=50") == (50, 50, 0.2, 300)
    assert rules("trained,proposals=100") == (36, 36, 0.2, 100)
    assert rules("demo, score=0.35, least=10, most=100") == (10, 100, 0.35, 300)
    changed = rules_of("demo,regions=10", PROFILES, 300).profile
    assert (changed.min_size, changed.max_size, changed.rule) == (800, 1333, "agnostic")


def test_a_small_detector_looks_at_enough_places_for_the_regions_asked_for() -> None:
    assert rules("trained,regions=80", proposals=60) == (80, 80, 0.2, 80)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("sharp", "no profile 'sharp'; choose one of trained, demo"),
        ("trained,regions=9", "'regions=9' is outside of what can be asked for, 10 to 100"),
        ("trained,regions=101", "10 to 100"),
        ("trained,proposals=99", "100 to 1000"),
        ("trained,proposals=1001", "100 to 1000"),
        ("trained,score=1.5", "0.0 to 1.0"),
        ("trained,score=nan", "0.0 to 1.0"),
        ("trained,regions=ten", "does not end in a number"),
        ("trained,regions=10.5", "does not end in a number"),
        ("trained,size=4", "'size=4' is not understood"),
        ("trained,regions=10,regions=20", "each once"),
        ("trained,regions=20,least=10", "ask once"),
        ("trained,least=50,most=20", "at least 50 and at most 20"),
    ],
)
def test_what_cannot_be_asked_for_is_said_in_a_sentence(asked: str, sentence: str) -> None:
    with pytest.raises(OptionError, match=sentence.replace("(", r"\(")):
        rules(asked)


@pytest.mark.parametrize("profile", ["trained", "demo"])
@pytest.mark.parametrize("count", [10, 17, 23])
def test_a_picture_has_exactly_the_regions_asked_for(
    tiny_pipeline: Pipeline, photograph: bytes, profile: str, count: int
) -> None:
    regions = tiny_pipeline.look(photograph, f"{profile},regions={count},proposals=100")
    assert (len(regions), regions.missing) == (count, 0)
    assert regions.profile == f"{profile},regions={count},proposals=100"
    assert regions.profile in tiny_pipeline.ask(regions, QUESTION).notes[-1]


def test_proposals_bound_what_is_looked_at(tiny_pipeline: Pipeline, photograph: bytes) -> None:
    shares: list[float] = []
    tiny_pipeline.look(photograph, "trained", lambda stage, share: shares.append(share))
    few = len(shares)
    shares.clear()
    tiny_pipeline.look(
        photograph, "trained,proposals=100", lambda stage, share: shares.append(share)
    )
    assert len(shares) > few  # more rounds of a few regions at once


@pytest.mark.parametrize("profile", ["trained", "demo"])
def test_too_few_regions_are_told_and_never_filled_with_copies(
    tiny_pipeline: Pipeline, photograph: bytes, profile: str
) -> None:
    """A strip is so few cells high that there are no 100 places to propose."""
    image, written = Image.open(io.BytesIO(photograph)).resize((200, 8)), io.BytesIO()
    image.save(written, "PNG")
    regions = tiny_pipeline.look(written.getvalue(), f"{profile},regions=100,proposals=1000")
    assert 0 < len(regions) < 100
    assert len(regions) + regions.missing == 100
    assert len(np.unique(regions.boxes_unit, axis=0)) == len(regions)
    note = next(n for n in tiny_pipeline.ask(regions, QUESTION).notes if "100 were asked for" in n)
    assert f"found {len(regions)} regions" in note


def test_places_that_stay_empty_change_nothing(tiny_pipeline: Pipeline, photograph: bytes) -> None:
    """Padded in a batch with a picture of more regions, and alone."""
    few = tiny_pipeline.look(photograph, "trained")
    many = tiny_pipeline.look(photograph, "trained,regions=20,proposals=100")
    alone = tiny_pipeline.ask(few, QUESTION)
    together, _ = tiny_pipeline.ask_many([(few, QUESTION), (many, QUESTION)])
    for before, after in zip(alone.answers, together.answers, strict=True):
        assert after.probability == pytest.approx(before.probability, abs=1e-5)
    assert together.attention["lang_from_vision"].shape[-1] == len(few)


@pytest.mark.parametrize(
    "text",
    ["demo", "trained, regions=50", "trained, score=0.35, least=3, most=100, proposals=1000"],
)
def test_a_text_is_taken_apart_and_joined_again(text: str) -> None:
    assert joined(*parted(text)) == text
