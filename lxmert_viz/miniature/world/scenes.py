"""Tabletop scenes: what stands where. `drawing.py` makes the picture, `questions.py` the texts.

World frame: x to the right, y away from the viewer, z up; the table is z = 0.
"""

from dataclasses import dataclass

import numpy as np

SHAPES = ("cube", "sphere", "cylinder", "cone", "ring")
COLORS = ("red", "orange", "yellow", "green", "cyan", "blue", "purple", "gray")
SIZES = ("small", "large")
MATERIALS = ("matte", "shiny")
RADIUS = {"small": 0.42, "large": 0.72}
MOST_OBJECTS = 8
PICTURE_SIZE = (480, 360)  # width, height in pixels
GAP = 0.22  # least distance between two footprints
MOST_COVERED = 0.35  # of an object's box by the boxes of nearer objects
TRIES = 400


def attribute_names() -> list[str]:
    """The joint attribute labels of the detector, in label order."""
    return [f"{s} {c} {m}" for s in SIZES for c in COLORS for m in MATERIALS]


@dataclass(frozen=True)
class SceneObject:
    shape: str
    color: str
    size: str
    material: str
    x: float
    y: float
    turn: float  # radians about z

    @property
    def radius(self) -> float:
        return RADIUS[self.size]

    @property
    def shape_label(self) -> int:
        return SHAPES.index(self.shape)

    @property
    def attribute_label(self) -> int:
        return attribute_names().index(f"{self.size} {self.color} {self.material}")


@dataclass(frozen=True)
class Camera:
    distance: float
    height: float
    side: float
    target_y: float
    focal: float  # in picture widths

    @property
    def position(self) -> np.ndarray:
        return np.array([self.side, -self.distance, self.height], np.float32)

    def axes(self) -> np.ndarray:
        """Rows: right, down, forward, unit length, in the world frame."""
        forward = np.array([0.0, self.target_y, 0.2], np.float32) - self.position
        forward /= np.linalg.norm(forward)
        right = np.cross(forward, [0.0, 0.0, 1.0])
        right /= np.linalg.norm(right)
        return np.stack([right, np.cross(forward, right), forward]).astype(np.float32)

    def project(self, points: np.ndarray) -> np.ndarray:
        """World points (N, 3) to picture points (N, 2) in pixels."""
        width, height = PICTURE_SIZE
        right, down, forward = (self.axes() @ (points - self.position).T).astype(np.float32)
        scale = self.focal * width / forward
        return np.stack([width / 2 + right * scale, height / 2 + down * scale], axis=1)


@dataclass(frozen=True)
class Scene:
    seed: int
    objects: tuple[SceneObject, ...]
    camera: Camera
    light: tuple[float, float, float]  # direction towards the light, unit length
    table: int  # which of drawing.TABLES
    clutter: int  # how many flat things lie between the objects


def make_scene(seed: int, count: int | None = None) -> Scene:
    """The scene of a seed: `count` objects, else 3 to 8, apart and none mostly hidden."""
    random = np.random.default_rng(seed)
    count = int(random.integers(3, MOST_OBJECTS + 1)) if count is None else count
    camera = Camera(
        distance=random.uniform(6.6, 7.4),
        height=random.uniform(4.3, 5.2),
        side=random.uniform(-0.6, 0.6),
        target_y=random.uniform(0.15, 0.45),
        focal=random.uniform(1.08, 1.2),
    )
    angle, steepness = random.uniform(-2.6, -0.5), random.uniform(0.85, 1.15)
    light = np.array([np.cos(angle), np.sin(angle), steepness * 1.4])
    light /= np.linalg.norm(light)
    objects: list[SceneObject] = []
    while len(objects) < count:
        objects = _place(random, count, camera)
    return Scene(
        seed=seed,
        objects=tuple(objects),
        camera=camera,
        light=tuple(float(v) for v in light),
        table=int(random.integers(0, 5)),
        clutter=int(random.integers(0, 4)),
    )


def _place(random: np.random.Generator, count: int, camera: Camera) -> list[SceneObject]:
    """Up to `count` objects; fewer when the table got too full for the next one."""
    objects: list[SceneObject] = []
    for _ in range(TRIES):
        if len(objects) == count:
            break
        candidate = SceneObject(
            shape=str(random.choice(SHAPES)),
            color=str(random.choice(COLORS)),
            size=str(random.choice(SIZES)),
            material=str(random.choice(MATERIALS)),
            x=random.uniform(-3.0, 3.0),
            y=random.uniform(-2.1, 2.3),
            turn=random.uniform(0, np.pi / 2),
        )
        if fits(candidate, objects, camera):
            objects.append(candidate)
    return objects


def fits(candidate: SceneObject, others: list[SceneObject], camera: Camera) -> bool:
    """Whether an object stands apart from others, in the picture, and none hides another mostly."""
    for other in others:
        apart = np.hypot(candidate.x - other.x, candidate.y - other.y)
        if apart < candidate.radius + other.radius + GAP:
            return False
    box = outline_box(candidate, camera)
    width, height = PICTURE_SIZE
    if (box[:2] < 4).any() or box[2] > width - 4 or box[3] > height - 4:
        return False
    everything = [*others, candidate]
    boxes = np.stack([outline_box(o, camera) for o in everything])
    for far, far_box in zip(everything, boxes, strict=True):
        covered = sum(
            _covered_share(far_box, near_box)
            for near, near_box in zip(everything, boxes, strict=True)
            if near.y < far.y
        )
        if covered > MOST_COVERED:
            return False
    return True


def outline_box(thing: SceneObject, camera: Camera) -> np.ndarray:
    """Box (4,) xyxy in pixels around an object's bounding cylinder, hidden parts included."""
    r = thing.radius * 0.9
    corners = np.array(
        [
            [thing.x + dx * r, thing.y + dy * r, dz * thing.radius]
            for dx in (-1, 1)
            for dy in (-0.7, 0.7)
            for dz in (0, 1.7)
        ],
        np.float32,
    )
    points = camera.project(corners)
    return np.concatenate([points.min(0), points.max(0)])


def _covered_share(box: np.ndarray, by: np.ndarray) -> float:
    width = min(box[2], by[2]) - max(box[0], by[0])
    height = min(box[3], by[3]) - max(box[1], by[1])
    area = (box[2] - box[0]) * (box[3] - box[1])
    return float(max(width, 0) * max(height, 0) / area)
