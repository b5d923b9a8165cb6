"""A scene as its viewer sees it, and kinds of objects in it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from random import Random

import numpy as np

from lxmert_viz.miniature.world.scenes import (
    COLORS,
    MATERIALS,
    PICTURE_SIZE,
    SHAPES,
    SIZES,
    Scene,
    SceneObject,
)
from lxmert_viz.miniature.world.wording import say

VALUES = {"size": SIZES, "color": COLORS, "material": MATERIALS, "shape": SHAPES}
RELATIONS = ("left of", "right of", "in front of", "behind")
CLEARLY = 0.05  # of the picture's width or height: less apart is neither left nor right


@dataclass(frozen=True)
class View:
    """A scene as its viewer sees it: its objects, and where each touches the table."""

    objects: tuple[SceneObject, ...]
    spots: tuple[tuple[float, float], ...]  # right and down, 0..1 of the picture

    @classmethod
    def of(cls, scene: Scene) -> "View":
        feet = np.array([[o.x, o.y, 0.0] for o in scene.objects], np.float32)
        spots = scene.camera.project(feet) / np.array(PICTURE_SIZE, np.float32)
        return cls(scene.objects, tuple((float(x), float(y)) for x, y in spots))

    def part(self, indices: Sequence[int]) -> "View":
        return View(tuple(self.objects[i] for i in indices), tuple(self.spots[i] for i in indices))

    def mirrored(self) -> "View":
        return View(self.objects, tuple((1 - x, y) for x, y in self.spots))

    def stands(self, first: int, relation: str, second: int) -> bool | None:
        """Whether `first` is in a relation to `second`; None when it is too close to call."""
        axis = 0 if relation in ("left of", "right of") else 1
        apart = self.spots[first][axis] - self.spots[second][axis]
        if abs(apart) < CLEARLY:
            return None
        return apart < 0 if relation in ("left of", "behind") else apart > 0


@dataclass(frozen=True)
class Kind:
    """A kind of object: the attributes that are named; an empty one is left open."""

    size: str = ""
    color: str = ""
    material: str = ""
    shape: str = ""

    def fits(self, thing: SceneObject) -> bool:
        return (
            self.color in ("", thing.color)
            and self.shape in ("", thing.shape)
            and self.size in ("", thing.size)
            and self.material in ("", thing.material)
        )

    def among(self, view: View) -> tuple[int, ...]:
        return tuple(i for i, thing in enumerate(view.objects) if self.fits(thing))

    @classmethod
    def named(cls, words: str) -> "Kind":
        """The kind that `str` wrote."""
        by_value = {value: name for name, values in VALUES.items() for value in values}
        return cls(**{by_value[word]: word for word in words.split() if word != "thing"})

    def __str__(self) -> str:
        words = (self.size, self.color, self.material, self.shape or "thing")
        return " ".join(word for word in words if word)

    def say(self, random: Random, plural: bool = False) -> str:
        adjectives = [say(w, random) for w in (self.size, self.color, self.material) if w]
        noun = say(self.shape or "thing", random)
        ending = ("es" if noun == "box" else "s") if plural else ""
        return " ".join([*adjectives, noun + ending])


def pick_index(view: View, random: Random) -> int:
    return random.randrange(len(view.objects))


def pick(view: View, random: Random) -> SceneObject:
    return view.objects[pick_index(view, random)]


def two_indices(view: View, random: Random) -> tuple[int, int]:
    """Two different objects of a view that has at least two."""
    first, second = random.sample(range(len(view.objects)), 2)
    return first, second


def kind_of(thing: SceneObject, random: Random, without: str = "", most: int = 4) -> Kind:
    """A kind that the object belongs to, naming 1 to `most` of its attributes but not `without`."""
    names = [n for n in VALUES if n != without]
    share = {"shape": 0.75, "color": 0.6, "size": 0.3, "material": 0.3}
    chosen = [n for n in names if random.random() < share[n]] or [random.choice(names)]
    if len(chosen) > most:
        chosen = random.sample(chosen, most)
    return Kind(**{n: getattr(thing, n) for n in chosen})


def any_kind(random: Random, most: int) -> Kind:
    names = random.sample(list(VALUES), random.randint(1, most))
    return Kind(**{n: random.choice(VALUES[n]) for n in names})


def unique_kind(view: View, target: int, random: Random, without: str = "") -> Kind | None:
    """A kind that only the target belongs to, mostly in few words."""
    names = [n for n in VALUES if n != without]
    if random.random() < 0.8 and without != "shape":
        names.remove("shape")
        fixed = {"shape": view.objects[target].shape}
    else:
        fixed = {}
    patience = int(random.expovariate(0.8))
    found = None
    for chosen in _subsets(names):
        kind = Kind(**fixed, **{n: getattr(view.objects[target], n) for n in chosen})
        if kind != Kind() and kind.among(view) == (target,):
            found, patience = kind, patience - 1
            if patience < 0:
                break
    return found


def _subsets(names: list[str]) -> list[tuple[str, ...]]:
    """Few names first."""
    return [c for size in range(len(names) + 1) for c in combinations(names, size)]


def other_value(kind: Kind, name: str, random: Random) -> Kind:
    """The kind with another value of one of the attributes that it names."""
    return replace(
        kind, **{name: random.choice([v for v in VALUES[name] if v != getattr(kind, name)])}
    )
