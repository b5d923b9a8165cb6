"""Draws a scene: each object is sphere-traced as a signed distance field in its own window."""

from dataclasses import dataclass

import numpy as np

from lxmert_viz.miniature.world.scenes import PICTURE_SIZE, Camera, Scene, SceneObject

# Colours are linear light, 0..1.
PAINT = {
    "red": (0.62, 0.030, 0.030),
    "orange": (0.80, 0.22, 0.015),
    "yellow": (0.80, 0.58, 0.02),
    "green": (0.03, 0.30, 0.045),
    "cyan": (0.03, 0.48, 0.52),
    "blue": (0.02, 0.07, 0.52),
    "purple": (0.24, 0.03, 0.42),
    "gray": (0.17, 0.175, 0.18),
}
TABLES = (  # table, wall
    ((0.52, 0.36, 0.23), (0.60, 0.58, 0.54)),
    ((0.60, 0.57, 0.52), (0.42, 0.46, 0.50)),
    ((0.40, 0.28, 0.20), (0.66, 0.63, 0.57)),
    ((0.48, 0.50, 0.47), (0.62, 0.60, 0.60)),
    ((0.63, 0.55, 0.43), (0.38, 0.43, 0.45)),
)
CLUTTER = ((0.72, 0.70, 0.64), (0.45, 0.40, 0.33), (0.60, 0.52, 0.42), (0.30, 0.30, 0.29))
WALL_Y = 4.6
STEPS = 26
SHADOW_STEPS = 16
PENUMBRA = 7.0  # larger is harder


@dataclass(frozen=True)
class Drawing:
    picture: np.ndarray  # (H, W, 3) uint8 RGB
    boxes_px: np.ndarray  # (N, 4) float32 xyxy around what can be seen of each object
    visible: np.ndarray  # (N,) share of each object that no other object hides


def draw(scene: Scene) -> Drawing:
    """The picture of a scene with the true box of every object."""
    rays = _rays(scene.camera)
    light = np.asarray(scene.light, np.float32)
    image, points = _background(scene, rays)
    _shade_table(image, points, scene, light)
    order = np.argsort([-o.y for o in scene.objects], kind="stable")  # far to near
    masks = np.zeros((len(scene.objects), *image.shape[:2]), np.float32)
    whole = np.zeros(len(scene.objects))
    for index in order:
        rows, columns = _window(scene.objects[index], scene.camera)
        color, alpha = _trace(scene, int(index), rays[rows, columns], light)
        patch = image[rows, columns]
        patch += alpha[..., None] * (color - patch)
        masks[:, rows, columns] *= 1 - alpha
        masks[index, rows, columns] = alpha
        whole[index] = alpha.sum()
    boxes = np.stack([_mask_box(m > 0.5) for m in masks])
    return Drawing(_develop(image, scene.seed), boxes, masks.sum((1, 2)) / whole)


def _rays(camera: Camera) -> np.ndarray:
    """(H, W, 3) unit directions through the pixel centres."""
    width, height = PICTURE_SIZE
    across = (np.arange(width, dtype=np.float32) + 0.5 - width / 2) / (camera.focal * width)
    down = (np.arange(height, dtype=np.float32) + 0.5 - height / 2) / (camera.focal * width)
    grid = np.stack(np.broadcast_arrays(across[None], down[:, None], np.float32(1)), axis=-1)
    rays = grid @ camera.axes()
    return rays / np.linalg.norm(rays, axis=-1, keepdims=True)


def _background(scene: Scene, rays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Table and wall without shadows, and the table point (H, W, 2) behind every pixel."""
    random = np.random.default_rng([scene.seed, 1])
    table, wall = (np.asarray(c, np.float32) for c in TABLES[scene.table])
    eye = scene.camera.position
    reach = -eye[2] / np.minimum(rays[..., 2], -1e-3)
    points = eye[:2] + rays[..., :2] * reach[..., None]
    phases = random.uniform(0, 6.28, 6).astype(np.float32)
    grain = np.zeros(points.shape[:2], np.float32)
    for octave, phase in enumerate(phases):
        f = 1.7**octave
        wave = np.sin(points[..., 0] * 0.55 * f + phase + 0.8 * np.sin(points[..., 1] * 0.5 * f))
        grain += np.sin(points[..., 1] * 4.1 * f + 2.2 * wave) / (f + 1)
    image = table * (1 + 0.045 * grain[..., None])
    for _ in range(scene.clutter):
        _lay_flat(image, points, random)
    behind = points[..., 1] > WALL_Y
    behind |= rays[..., 2] > -1e-3
    height = eye[2] + rays[..., 2] * ((WALL_Y - eye[1]) / np.maximum(rays[..., 1], 1e-3))
    shade = 0.55 + 0.45 * np.clip(height / 1.2, 0, 1) ** 0.5
    image[behind] = (wall * shade[..., None])[behind]
    points[behind] = 1e3
    return image.astype(np.float32), points


def _lay_flat(image: np.ndarray, points: np.ndarray, random: np.random.Generator) -> None:
    """A strip of paper, a coaster or a pencil-like thing that lies flat and is no object."""
    centre = random.uniform([-3.4, -2.4], [3.4, 3.0])
    half = random.uniform([0.25, 0.04], [0.9, 0.3])
    turn = random.uniform(0, np.pi)
    color = np.asarray(CLUTTER[random.integers(len(CLUTTER))], np.float32)
    along, across = _turned(points - centre.astype(np.float32), turn)
    outside = np.maximum(np.abs(along) - half[0], np.abs(across) - half[1])
    shadow = np.clip(1 - outside / 0.06, 0, 1)[..., None]
    cover = np.clip(0.5 - outside / 0.02, 0, 1)[..., None]
    image *= 1 - 0.25 * shadow
    image += cover * (color - image)


def _turned(xy: np.ndarray, turn: float) -> tuple[np.ndarray, np.ndarray]:
    c, s = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    return xy[..., 0] * c + xy[..., 1] * s, xy[..., 1] * c - xy[..., 0] * s


def _shade_table(image: np.ndarray, points: np.ndarray, scene: Scene, light: np.ndarray) -> None:
    """Light falling off over the table, soft shadows, and darkness where things touch it."""
    pool = np.exp(-((points - light[:2] * 1.5) ** 2).sum(-1) / 60)
    lit = np.ones(points.shape[:2], np.float32)
    open_sky = np.ones(points.shape[:2], np.float32)
    for thing in scene.objects:
        tip = np.array([thing.x, thing.y]) - light[:2] / light[2] * thing.radius * 2
        low = np.minimum(tip, [thing.x, thing.y]) - thing.radius * 1.7
        high = np.maximum(tip, [thing.x, thing.y]) + thing.radius * 1.7
        near = ((points > low) & (points < high)).all(-1)
        ground = np.zeros((int(near.sum()), 3), np.float32)
        ground[:, :2] = points[near]
        ground[:, 2] = 0.004
        lit[near] *= _shadow(thing, ground, light)
        touch = np.exp(-np.maximum(_distance(thing, ground), 0) / (0.28 * thing.radius))
        open_sky[near] *= 1 - 0.55 * touch
    on_table = points[..., 0] < 500
    brightness = 0.42 * open_sky + 0.68 * lit * (0.75 + 0.25 * pool)
    image[on_table] *= brightness[on_table][:, None]


def _window(thing: SceneObject, camera: Camera) -> tuple[slice, slice]:
    """The part of the picture that an object can touch."""
    reach = thing.radius * 1.15
    corners = np.array(
        [
            [thing.x + i * reach, thing.y + j * reach, k * thing.radius * 2.1]
            for i in (-1, 1)
            for j in (-1, 1)
            for k in (0, 1)
        ],
        np.float32,
    )
    points = camera.project(corners)
    (left, top), (right, bottom) = points.min(0) - 3, points.max(0) + 3
    width, height = PICTURE_SIZE
    return (
        slice(max(int(top), 0), min(int(bottom) + 1, height)),
        slice(max(int(left), 0), min(int(right) + 1, width)),
    )


def _distance(thing: SceneObject, points: np.ndarray) -> np.ndarray:
    """Signed distance, outside a lower bound of it, from world points (..., 3) to an object."""
    s, edge = np.float32(thing.radius), np.float32(0.07 * thing.radius)
    x, y = _turned(points[..., :2] - np.array([thing.x, thing.y], np.float32), thing.turn)
    z = points[..., 2]
    if thing.shape == "sphere":
        return np.sqrt(x * x + y * y + (z - s * 0.92) ** 2) - s * np.float32(0.92)
    if thing.shape == "cube":
        half = s * np.float32(0.78) - edge
        x, y, z = np.abs(x) - half, np.abs(y) - half, np.abs(z - half - edge) - half
        outside = np.maximum(x, 0) ** 2 + np.maximum(y, 0) ** 2 + np.maximum(z, 0) ** 2
        return np.sqrt(outside) + np.minimum(np.maximum(np.maximum(x, y), z), 0) - edge
    radial = np.sqrt(x * x + y * y)
    if thing.shape == "ring":
        tube = s * np.float32(0.30)
        return np.sqrt((radial - s * np.float32(0.68)) ** 2 + (z - tube) ** 2) - tube
    if thing.shape == "cylinder":
        sides = radial - (s * np.float32(0.76) - edge)
        caps = np.abs(z - s * np.float32(0.85)) - (s * np.float32(0.85) - edge)
        corner = np.sqrt(np.maximum(sides, 0) ** 2 + np.maximum(caps, 0) ** 2)
        return corner + np.minimum(np.maximum(sides, caps), 0) - edge
    base, top = s * np.float32(0.92), s * np.float32(1.85)
    slope = np.hypot(base, top)
    side = (radial * top + (z - top) * base) / slope
    return np.maximum(np.maximum(side, -z), z - top * np.float32(0.96))


def _march(thing: SceneObject, eye: np.ndarray, rays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where rays (N, 3) meet the object: depth, and coverage 0..1 with a smooth silhouette."""
    centre = np.array([thing.x, thing.y, thing.radius * 0.9], np.float32)
    start = np.float32(np.linalg.norm(centre - eye) - thing.radius * 1.6)
    depth = np.full(len(rays), start, np.float32)
    nearest = depth.copy()  # where the ray came closest, so that soft edges are shaded as skin
    closest = np.full(len(rays), np.inf, np.float32)  # in pixels
    pixel = np.float32(1 / (1.14 * PICTURE_SIZE[0]))
    active = np.arange(len(rays))
    for _ in range(STEPS):
        gap = _distance(thing, eye + rays[active] * depth[active, None])
        pixels_off = gap / (depth[active] * pixel)
        nearer = pixels_off < closest[active]
        closest[active[nearer]] = pixels_off[nearer]
        nearest[active[nearer]] = depth[active[nearer]]
        depth[active] += np.maximum(gap, 0)
        active = active[(gap > 1e-3) & (depth[active] < start + thing.radius * 3.2)]
        if not len(active):
            break
    return nearest, np.clip(1 - closest, 0, 1)


def _shadow(thing: SceneObject, points: np.ndarray, light: np.ndarray) -> np.ndarray:
    """0 in full shadow of an object .. 1 in full light, for world points (N, 3)."""
    along = np.full(len(points), 0.02, np.float32)
    open_share = np.ones(len(points), np.float32)
    active = np.arange(len(points))
    for _ in range(SHADOW_STEPS):
        gap = _distance(thing, points[active] + light * along[active, None])
        open_share[active] = np.minimum(open_share[active], PENUMBRA * gap / along[active])
        along[active] += np.clip(gap, 0.03, 0.5)
        above = points[active, 2] + light[2] * along[active] > thing.radius * 2
        active = active[(open_share[active] > 0) & ~above]
        if not len(active):
            break
    open_share = np.clip(open_share, 0, 1)
    return open_share * open_share * (3 - 2 * open_share)


def _trace(
    scene: Scene, index: int, rays: np.ndarray, light: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Colour and coverage of one object in its window."""
    thing, eye = scene.objects[index], scene.camera.position
    shape, rays = rays.shape[:-1], rays.reshape(-1, 3)
    depth, alpha = _march(thing, eye, rays)
    hit = alpha > 0
    points = (eye + rays * depth[:, None])[hit]
    normals = _normals(thing, points)
    lit = np.ones(len(points), np.float32)
    for other_index, other in enumerate(scene.objects):
        apart = np.hypot(thing.x - other.x, thing.y - other.y)
        if other_index != index and apart < 2.6 * (thing.radius + other.radius):
            lit *= _shadow(other, points + normals * 0.02, light)
    color = np.zeros((len(rays), 3), np.float32)
    table = np.asarray(TABLES[scene.table][0], np.float32)
    color[hit] = _surface(thing, points, normals, rays[hit], lit, light, table)
    return color.reshape(*shape, 3), alpha.reshape(shape)


def _normals(thing: SceneObject, points: np.ndarray) -> np.ndarray:
    step = np.float32(2e-3)
    gradient = np.stack(
        [
            _distance(thing, points + step * axis) - _distance(thing, points - step * axis)
            for axis in np.eye(3, dtype=np.float32)
        ],
        -1,
    )
    return gradient / np.maximum(np.linalg.norm(gradient, axis=-1, keepdims=True), 1e-9)


def _surface(
    thing: SceneObject,
    points: np.ndarray,
    normals: np.ndarray,
    rays: np.ndarray,
    lit: np.ndarray,
    light: np.ndarray,
    table: np.ndarray,
) -> np.ndarray:
    """Light (N, 3) that leaves the surface towards the eye."""
    paint = np.asarray(PAINT[thing.color], np.float32)
    facing = np.clip(normals @ light, 0, 1) * lit
    sky = 0.5 + 0.5 * normals[:, 2]
    low = np.clip(points[:, 2] / (0.8 * thing.radius), 0, 1)
    ambient = (0.22 + 0.38 * sky)[:, None] * (0.45 + 0.55 * low)[:, None]
    bounce = (np.clip(-normals[:, 2], 0, 1) * 0.35 + 0.06)[:, None] * table
    diffuse = paint * (ambient + 0.95 * facing[:, None] + bounce)
    mirror = rays - 2 * (rays * normals).sum(-1, keepdims=True) * normals
    towards = np.clip(mirror @ light, 0, 1)
    grazing = (1 - np.clip(-(rays * normals).sum(-1), 0, 1)) ** 4
    if thing.material == "matte":
        return diffuse + (0.05 * lit * towards**8 + 0.05 * grazing)[:, None]
    around = _surroundings(mirror, table)
    tint = 0.25 + 0.75 * paint / paint.max()
    strength = (0.62 + 0.38 * grazing)[:, None]
    glint = (1.6 * lit * towards**90 + 0.35 * lit * towards**14)[:, None]
    return 0.36 * diffuse + strength * around * tint + glint


def _surroundings(directions: np.ndarray, table: np.ndarray) -> np.ndarray:
    """What a mirror sees: the table below, a dim room above with two bright windows."""
    up = directions[:, 2:3]
    room = 0.16 + 0.34 * np.clip(up, 0, 1)
    for window in ((-0.55, -0.45, 0.70), (0.75, 0.1, 0.65)):
        toward = directions @ (np.asarray(window, np.float32) / np.linalg.norm(window))
        room = room + 0.9 * np.clip((toward[:, None] - 0.90) / 0.04, 0, 1)
    below = table * (0.32 + 0.25 * np.clip(-up, 0, 1))
    blend = np.clip(up * 6 + 0.5, 0, 1)
    return room * blend + below * (1 - blend)


def _mask_box(mask: np.ndarray) -> np.ndarray:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return np.zeros(4, np.float32)
    box = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
    return np.array(box, np.float32)


def _develop(image: np.ndarray, seed: int) -> np.ndarray:
    """Linear light to 8-bit sRGB with lens shading and sensor noise."""
    random = np.random.default_rng([seed, 2])
    height, width = image.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    exposure = random.uniform(1.05, 1.3) * (1 - 0.16 * (x * x + y * y))[..., None]
    tone = 1 - np.exp(-1.25 * np.maximum(image * exposure, 0))
    display = np.clip(tone, 0, 1) ** (1 / 2.2) * 255
    display += random.normal(0, 1.8, image.shape)
    return np.clip(display + 0.5, 0, 255).astype(np.uint8)
