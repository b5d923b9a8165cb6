"""A trace that no network made: the same numbers for ever, whatever is trained."""

import numpy as np

from lxmert_viz.records import Answer, Regions, Tokens, Trace

PIECES = ("[CLS]", "is", "the", "red", "cube", "left", "of", "the", "ball", "?", "[SEP]")
BOXES = ((0.2, 0.2, 0.5, 0.6), (0.55, 0.3, 0.9, 0.7), (0.05, 0.6, 0.3, 0.95), (0.6, 0.05, 0.8, 0.2))
NAMES = ("red cube", "blue ball", "green cone", "small ring")
SIZE_PX = (320, 240)
HEADS, HIDDEN = 4, 8
LAYERS = {"lang": 3, "vision": 2, "cross": 2}


def fixed_trace(seed: int) -> Trace:
    numbers = np.random.default_rng(seed)
    sizes = {"lang": len(PIECES), "vision": len(BOXES)}

    def maps(stage: str, queries: str, keys: str) -> np.ndarray:
        shape = (LAYERS[stage], HEADS, sizes[queries], sizes[keys])
        weights = np.exp(2 * numbers.normal(size=shape))
        return (weights / weights.sum(-1, keepdims=True)).astype(np.float32)

    def states(*shape: int) -> np.ndarray:
        return numbers.normal(size=shape).astype(np.float32)

    return Trace(
        model="fixed",
        tokens=_tokens(),
        regions=_regions(),
        attention={
            "lang": maps("lang", "lang", "lang"),
            "vision": maps("vision", "vision", "vision"),
            "lang_from_vision": maps("cross", "lang", "vision"),
            "vision_from_lang": maps("cross", "vision", "lang"),
            "cross_lang": maps("cross", "lang", "lang"),
            "cross_vision": maps("cross", "vision", "vision"),
        },
        states={
            "lang": states(LAYERS["lang"] + 1, sizes["lang"], HIDDEN),
            "vision": states(LAYERS["vision"] + 1, sizes["vision"], HIDDEN),
            "lang_cross": states(LAYERS["cross"], 3, sizes["lang"], HIDDEN),
            "vision_cross": states(LAYERS["cross"], 3, sizes["vision"], HIDDEN),
            "pooled": states(HIDDEN),
        },
        answers=(Answer("yes", 0.8), Answer("no", 0.2)),
        answer_kind="softmax",
        match=0.4,
    )


def _tokens() -> Tokens:
    places = np.arange(len(PIECES))
    text = "is the red cube left of the ball?"
    ids = (None, *range(len(PIECES) - 2), None)
    return Tokens(text, places, np.zeros_like(places), PIECES, ((0, 0),) * len(PIECES), ids)


def _regions() -> Regions:
    count = len(BOXES)
    labels, scores = np.zeros(count, np.int64), np.full(count, 0.9, np.float32)
    return Regions(
        size_px=SIZE_PX,
        digest="fixed",
        boxes_unit=np.array(BOXES, np.float32),
        feats=np.zeros((count, 4), np.float32),
        names=NAMES,
        object_ids=labels,
        attribute_ids=labels,
        scores=scores,
        attribute_scores=scores,
        profile="trained",
        detector="fixed",
    )


def made_up_norms(trace: Trace) -> dict[str, np.ndarray]:
    """Any lengths, unlike for every key."""
    return {
        name: (0.5 + np.arange(maps[:, :, 0].size).reshape(maps[:, :, 0].shape) % 7).astype("f4")
        for name, maps in trace.attention.items()
    }
