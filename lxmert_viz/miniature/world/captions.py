"""Captions: claims that are true of a scene, and foils: one word changed, and false."""

from dataclasses import dataclass, replace
from random import Random

from lxmert_viz.miniature.world.views import (
    RELATIONS,
    VALUES,
    Kind,
    View,
    kind_of,
    other_value,
    pick,
)
from lxmert_viz.miniature.world.wording import NUMBERS, say, sentence

TRIES = 40
OPPOSITE = {"left of": "right of", "in front of": "behind"}
OPPOSITE |= {v: k for k, v in OPPOSITE.items()}


@dataclass(frozen=True)
class Claim:
    """What a caption says: some `first`, or `count` of them, or in `relation` to some `second`."""

    form: str
    first: Kind
    second: Kind | None = None
    relation: str = ""
    count: int = -1

    def say(self, random: Random) -> str:
        slots = {"z": self.first.say(random), "x": self.first.say(random)}
        slots["zs"] = self.first.say(random, plural=self.count != 1)
        slots["y"] = self.second.say(random) if self.second else ""
        slots["r"] = say(self.relation, random)
        slots["n"] = NUMBERS[self.count]
        form = "caption one" if self.count == 1 else self.form
        return sentence(form, random, **slots)

    def holds(self, view: View) -> bool:
        first = self.first.among(view)
        if self.count >= 0:
            return len(first) == self.count
        if self.second is None:
            return bool(first)
        second = self.second.among(view)
        pairs = [(a, b) for a in first for b in second if a != b]
        if not self.relation:
            return bool(pairs)
        return any(view.stands(a, self.relation, b) is not False for a, b in pairs)

    def surely_holds(self, view: View) -> bool:
        """As `holds`, but a relation must be clear to the eye."""
        if not self.relation or self.second is None:
            return self.holds(view)
        first, second = self.first.among(view), self.second.among(view)
        return any(view.stands(a, self.relation, b) for a in first for b in second if a != b)


def caption(view: View, random: Random) -> Claim:
    """A claim that is true of the scene."""
    for _ in range(TRIES):
        form = random.choice(("exists", "exists", "count", "placed", "placed", "both"))
        first = kind_of(pick(view, random), random)
        claim = Claim(f"caption {form}", first)
        if form == "count":
            claim = replace(claim, count=len(first.among(view)))
        elif form in ("placed", "both"):
            claim = replace(claim, second=kind_of(pick(view, random), random))
        if form == "placed":
            claim = replace(claim, relation=random.choice(RELATIONS))
        if claim.surely_holds(view):
            return claim
    return Claim("caption exists", kind_of(pick(view, random), random))


def foil(claim: Claim, view: View, random: Random) -> Claim | None:
    """The claim with one word changed so that it is false here; None when no change was found."""
    for _ in range(TRIES):
        changed = _change_one_word(claim, random)
        if changed != claim and not changed.holds(view):
            return changed
    return None


def _change_one_word(claim: Claim, random: Random) -> Claim:
    options = [("first", name) for name in VALUES if getattr(claim.first, name)]
    if claim.second is not None:
        options += [("second", name) for name in VALUES if getattr(claim.second, name)]
    options += [("relation", "")] if claim.relation else []
    options += [("count", "")] if claim.count >= 0 else []
    part, name = random.choice(options)
    if part == "relation":
        return replace(claim, relation=OPPOSITE[claim.relation])
    if part == "count":
        return replace(claim, count=random.randrange(1, len(NUMBERS)))
    return replace(claim, **{part: other_value(getattr(claim, part), name, random)})
