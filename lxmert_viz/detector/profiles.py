"""A profile with a person's own numbers, as one text: "trained", or "trained, regions=50".

regions=N                    exactly so many
score=S,least=N,most=N       those above a score, but at least and at most so many
proposals=N                  places that are looked at closely, which takes nearly all the time
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from lxmert_viz.config import RegionProfile
from lxmert_viz.errors import OptionError

REGIONS = (10, 100)
PROPOSALS = (100, 1000)
LEAST = (1, 100)
SCORES = (0.0, 1.0)
LONGEST_TOLD = 40  # letters of what is not understood
OPTIONS: dict[str, tuple[float, float]] = {
    "regions": REGIONS,
    "proposals": PROPOSALS,
    "score": SCORES,
    "least": LEAST,
    "most": REGIONS,
}


@dataclass(frozen=True, slots=True)
class Rules:
    """How regions are looked for, and how many there should be."""

    profile: RegionProfile
    proposals: int


def rules_of(asked: str, profiles: Mapping[str, RegionProfile], proposals: int) -> Rules:
    """What a text asks for; proposals: as many as the detector has without being told.

    Raises OptionError for an unknown profile or option, and for numbers out of their limits.
    """
    name, numbers = parted(asked)
    if name not in profiles:
        raise OptionError(f"There is no profile {name!r}; choose one of {', '.join(profiles)}.")
    if "regions" in numbers and {"least", "most"} & numbers.keys():
        raise OptionError(f"{asked!r} asks for exactly so many regions and for a range; ask once.")
    profile = _changed(profiles[name], numbers)
    if profile.min_regions > profile.max_regions:
        raise OptionError(
            f"{asked!r} asks for at least {profile.min_regions} and at most "
            f"{profile.max_regions} regions; the first number must not exceed the second."
        )
    # the limits leave at least as many proposals as regions
    return Rules(profile, int(numbers.get("proposals", max(proposals, profile.max_regions))))


def parted(asked: str) -> tuple[str, dict[str, float]]:
    """The profile's name, and the numbers by their names in OPTIONS. Raises OptionError."""
    name, *options = (part.strip() for part in asked.split(","))
    return name, _numbers(options)


def joined(name: str, numbers: Mapping[str, float]) -> str:
    """The text that `parted` takes apart."""
    return ", ".join([name, *(f"{option}={number:g}" for option, number in numbers.items())])


def _numbers(options: list[str]) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for option in options:
        name, _, text = option.partition("=")
        option = option[:LONGEST_TOLD]
        if name not in OPTIONS or name in numbers:
            raise OptionError(
                f"{option!r} is not understood; after the profile's name may stand "
                f"{', '.join(f'{known}=' for known in OPTIONS)}, each once."
            )
        numbers[name] = _number(option, text, OPTIONS[name], whole=name != "score")
    return numbers


def _number(option: str, text: str, limits: tuple[float, float], whole: bool) -> float:
    try:
        value = int(text) if whole else float(text)
    except ValueError as error:
        raise OptionError(f"{option!r} does not end in a number.") from error
    low, high = limits
    if not low <= value <= high:
        raise OptionError(f"{option!r} is outside of what can be asked for, {low} to {high}.")
    return value


def _changed(profile: RegionProfile, numbers: dict[str, float]) -> RegionProfile:
    exactly = numbers.get("regions")
    return replace(
        profile,
        min_regions=int(exactly or numbers.get("least", profile.min_regions)),
        max_regions=int(exactly or numbers.get("most", profile.max_regions)),
        min_score=numbers.get("score", profile.min_score),
    )
