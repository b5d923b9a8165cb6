"""One number a head. Letters: L layers, H heads, Q queries, K keys, N tokens of one kind."""

import numpy as np

from lxmert_viz.records import HeadStatistic, Regions, Trace

MOST = 0.9  # the share of a row's weight that k90 asks for
ROUNDING = 1e-5  # float32 rows sum to 1 only nearly
SPECIAL = ("[CLS]", "[SEP]", "[PAD]")
ACROSS = {"lang_from_vision": "lang", "vision_from_lang": "vision"}
WORD_KEYS = ("lang", "vision_from_lang", "cross_lang")
WORDS_TO_REGIONS = ("lang_from_vision",)
WORDS_TO_WORDS = ("lang", "cross_lang")
REGIONS_TO_REGIONS = ("vision", "cross_vision")


def entropy(family: np.ndarray) -> np.ndarray:
    """How widely each head looks: 0 is one key, 1 is all keys alike.

    family: (L, H, Q, K), rows sum to 1. Returns (L, H): mean over queries, in units of log K.
    """
    keys = family.shape[-1]
    logs = np.log(family, where=family > 0, out=np.zeros_like(family))
    bits = -(family * logs).sum(axis=-1).mean(axis=-1)  # (L, H)
    return bits / np.log(keys) if keys > 1 else np.zeros_like(bits)


def k90(family: np.ndarray) -> np.ndarray:
    """The share of keys that 90% of the weight needs: near 0 is sparse, 0.9 is all keys alike.

    family: (L, H, Q, K), rows sum to 1. Returns (L, H): mean over queries.
    """
    held = np.sort(family, axis=-1)[..., ::-1].cumsum(axis=-1)  # (L, H, Q, K)
    needed = (held < MOST - ROUNDING).sum(axis=-1) + 1  # (L, H, Q)
    return (needed / family.shape[-1]).mean(axis=-1)


def largest(family: np.ndarray) -> np.ndarray:
    """(L, H): the largest weight of each map. family: (L, H, Q, K)."""
    return family.max(axis=(-2, -1))


def mass_on(family: np.ndarray, keys: list[int]) -> np.ndarray:
    """(L, H): the weight that these keys get together, mean over queries. family: (L, H, Q, K)."""
    return family[..., keys].sum(axis=-1).mean(axis=-1)


def mean_distance(family: np.ndarray, places: np.ndarray) -> np.ndarray:
    """How far each head looks from where it stands, in units of `places`.

    family: (L, H, N, N), rows sum to 1. places: (N, axes). Returns (L, H): mean over queries.
    """
    apart = np.linalg.norm(places[:, None] - places[None], axis=-1)  # (N, N)
    return (family * apart).sum(axis=-1).mean(axis=-1)


def box_centres(boxes_unit: np.ndarray, size_px: tuple[int, int]) -> np.ndarray:
    """(R, 2): centres in units of the picture's diagonal. boxes_unit: (R, 4) xyxy in 0..1."""
    middle_px = (boxes_unit[:, :2] + boxes_unit[:, 2:]) / 2 * size_px
    return middle_px / np.hypot(*size_px)


def share_across(entering: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """How much of a cross-modality layer's attention update comes from the other stream.

    entering: (N, D), the states that enter the first layer. steps: (L, 3, N, D), the states after
    cross-attention, self-attention and feed-forward. Returns (L,) in 0..1: the length of the change
    by cross-attention over the summed lengths of both changes, mean over tokens.
    """
    before = np.concatenate([entering[None], steps[:-1, 2]])  # (L, N, D)
    across = np.linalg.norm(steps[:, 0] - before, axis=-1)  # (L, N)
    within = np.linalg.norm(steps[:, 1] - steps[:, 0], axis=-1)  # (L, N)
    return (across / np.maximum(across + within, np.finfo(np.float32).tiny)).mean(axis=-1)


def spatial_entropy(family: np.ndarray, boxes_unit: np.ndarray) -> np.ndarray:
    """At how many places of the picture each head looks: 0 is one place.

    Regions with more than the mean weight of their row count; those whose boxes overlap, one by
    one, are one place. family: (L, H, Q, R), rows sum to 1; boxes_unit: (R, 4) xyxy. Returns
    (L, H): entropy of the places' shares in units of log R, mean over queries.
    Source: Kang et al. 2025 (localisation heads), there over connected pixels.
    """
    layers, heads, _, count = family.shape
    if count < 2:
        return np.zeros((layers, heads))
    rows = family.reshape(-1, count)
    counts = rows > rows.mean(axis=1, keepdims=True)
    low = np.maximum(boxes_unit[:, None, :2], boxes_unit[None, :, :2])
    high = np.minimum(boxes_unit[:, None, 2:], boxes_unit[None, :, 2:])
    overlap = (low < high).all(axis=-1) | np.eye(count, dtype=bool)  # (R, R)
    reach = (counts[:, :, None] & counts[:, None] & overlap).astype(np.float32)  # (N, R, R)
    for _ in range(int(np.ceil(np.log2(count)))):
        reach = (reach @ reach > 0).astype(np.float32)
    place = np.where(counts, reach.argmax(axis=-1), count)  # the first region of each one's place
    held = np.zeros((len(rows), count + 1))
    np.add.at(held, (np.arange(len(rows))[:, None], place), np.where(counts, rows, 0))
    shares = held[:, :count] / np.maximum(held[:, :count].sum(axis=1, keepdims=True), 1e-12)
    logs = np.log(shares, where=shares > 0, out=np.zeros_like(shares))
    spread = -(shares * logs).sum(axis=1) / np.log(count)
    return spread.reshape(layers, heads, -1).mean(axis=-1)


def carried(family: np.ndarray, norms: np.ndarray) -> np.ndarray:
    """How much each head carries: weight times the length of the value, summed over keys.

    The most that it can add to a state: values that point apart cancel.

    family: (L, H, Q, K). norms: (L, H, K), each value's length once projected into the state.
    Returns (L, H): mean over queries. Source: Kobayashi et al. 2020, a head at a time.
    """
    return (family * norms[:, :, None]).sum(axis=-1).mean(axis=-1)


def carried_statistic(trace: Trace, norms: dict[str, np.ndarray]) -> HeadStatistic:
    """One scale for all families, because lengths of states can be compared."""
    values = {n: carried(family, norms[n]) for n, family in trace.attention.items() if family.size}
    top = max((float(v.max()) for v in values.values()), default=1.0) or 1.0
    return HeadStatistic(
        "carried",
        "Attention × value norm",
        "How much a head carries: each weight times the length of the value that it carries, "
        "summed over keys; mean over queries. What it adds to a state is less where values cancel. "
        "The scale ends at the model's largest for this picture and text.",
        values,
        tops=dict.fromkeys(values, top),
    )


def all_statistics(trace: Trace) -> tuple[HeadStatistic, ...]:
    """Every statistic, for the families that have maps: without regions only the words' own."""
    maps = {name: family for name, family in trace.attention.items() if family.size}
    return (
        HeadStatistic(
            "entropy",
            "Entropy",
            "How widely a head looks: 0 is one key only, 1 is all keys alike; mean over queries.",
            {name: entropy(family) for name, family in maps.items()},
        ),
        HeadStatistic(
            "k90",
            "Keys for 90% (k90)",
            "The share of keys that hold 90% of the weight: small is sparse; mean over queries.",
            {name: k90(family) for name, family in maps.items()},
        ),
        _update(trace, maps),
        _special_mass(trace, maps),
        HeadStatistic(
            "largest",
            "Largest weight",
            "The largest single weight in a head's map.",
            {name: largest(family) for name, family in maps.items()},
        ),
        _distance(trace, maps),
        HeadStatistic(
            "spatial",
            "Spatial entropy",
            "At how many places of the picture words look: 0 is one place, however many boxes "
            "overlap there; of regions with more than the mean weight; mean over words.",
            {
                name: spatial_entropy(maps[name], trace.regions.boxes_unit)
                for name in WORDS_TO_REGIONS
                if name in maps
            },
        ),
    )


def _update(trace: Trace, maps: dict[str, np.ndarray]) -> HeadStatistic:
    """One number for all heads of a layer, since heads are summed before the state changes."""
    shares = {
        name: share_across(trace.states[stream][-1], trace.states[f"{stream}_cross"])
        for name, stream in ACROSS.items()
        if name in maps
    }
    return HeadStatistic(
        "update",
        "Update from the other stream",
        "How far cross-attention moves the states, as a share of that plus the move by the "
        "self-attention after it; one number for all heads of a layer.",
        {n: np.repeat(share[:, None], maps[n].shape[1], axis=1) for n, share in shares.items()},
    )


def _special_mass(trace: Trace, maps: dict[str, np.ndarray]) -> HeadStatistic:
    special = [place for place, piece in enumerate(trace.tokens.pieces) if piece in SPECIAL]
    return HeadStatistic(
        "special",
        "Weight on [CLS] and [SEP]",
        "How much of the weight rests on the two marks that frame every text; mean over queries.",
        {name: mass_on(maps[name], special) for name in WORD_KEYS if name in maps},
    )


def _distance(trace: Trace, maps: dict[str, np.ndarray]) -> HeadStatistic:
    words, regions = len(trace.tokens.pieces), trace.regions
    places = dict.fromkeys(WORDS_TO_WORDS, np.arange(words, dtype=np.float32)[:, None])
    places |= dict.fromkeys(REGIONS_TO_REGIONS, _centres(regions))
    tops = dict.fromkeys(WORDS_TO_WORDS, float(max(words - 1, 1)))
    return HeadStatistic(
        "distance",
        "Mean distance",
        "How far from itself a query looks: between words in positions, between box centres in "
        "shares of the picture's diagonal; mean over queries. Colours end at the longest distance "
        "in the text, and at the diagonal.",
        {name: mean_distance(maps[name], places[name]) for name in places if name in maps},
        tops=tops,
        units=dict.fromkeys(WORDS_TO_WORDS, "positions")
        | dict.fromkeys(REGIONS_TO_REGIONS, "of the diagonal"),
    )


def _centres(regions: Regions) -> np.ndarray:
    return box_centres(regions.boxes_unit, regions.size_px)
