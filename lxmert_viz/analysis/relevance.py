"""What the states rest on, from attention maps and their gradients.

Letters: L layers, H heads, T words, R regions, Q queries, K keys. Results carry the names of the
families that they are shaped like: "lang_from_vision" is (T, R), what each word's last state owes
to each region.
"""

import numpy as np

from lxmert_viz.records import CROSS_FAMILIES

Maps = dict[str, np.ndarray]


def bimodal(attention: Maps, gradients: Maps) -> Maps:
    """Bi-modal relevance, every row; never negative, so it cannot tell what speaks against.

    attention, gradients: the six families, (L, H, Q, K); gradients are of the target's logit.
    Returns the four families of the cross-modality layers. A layer whose gradients are zero adds
    nothing, as the regions' side of the last one does for an answer.
    Source: Chefer et al. 2021 (generic attention explainability), section 3.
    """
    steps = {name: _positive_mean(maps, gradients[name]) for name, maps in attention.items()}
    words, regions = attention["lang"].shape[-1], attention["vision"].shape[-1]
    lang, vision = np.eye(words), np.eye(regions)
    lang_from_vision, vision_from_lang = np.zeros((words, regions)), np.zeros((regions, words))
    for step in steps["lang"]:
        lang = lang + step @ lang
    for step in steps["vision"]:
        vision = vision + step @ vision
    for reads_vision, reads_lang, reads_words, reads_regions in zip(
        *(steps[name] for name in CROSS_FAMILIES), strict=True
    ):
        # all four from what was there before: both directions read the same inputs
        to_vision = _normalised(lang).T @ reads_vision @ _normalised(vision)
        to_lang = _normalised(vision).T @ reads_lang @ _normalised(lang)
        lang, vision = (
            lang + reads_vision @ vision_from_lang,
            vision + reads_lang @ lang_from_vision,
        )
        lang_from_vision = lang_from_vision + to_vision
        vision_from_lang = vision_from_lang + to_lang
        lang_from_vision = lang_from_vision + reads_words @ lang_from_vision
        lang = lang + reads_words @ lang
        vision_from_lang = vision_from_lang + reads_regions @ vision_from_lang
        vision = vision + reads_regions @ vision
    return {
        "lang_from_vision": lang_from_vision,
        "vision_from_lang": vision_from_lang,
        "cross_lang": lang,
        "cross_vision": vision,
    }


def last_layer(attention: Maps, norms: Maps | None = None) -> Maps:
    """The last cross-modality layer's maps, mean over heads; a baseline that knows no target.

    norms: (L, H, K) lengths of what each key carries; then weights times lengths, heads summed.
    """
    found = {}
    for name in CROSS_FAMILIES:
        maps = attention[name][-1]  # (H, Q, K)
        found[name] = maps.mean(0) if norms is None else (maps * norms[name][-1][:, None]).sum(0)
    return found


def row_of(found: Maps, stream: str, place: int) -> tuple[np.ndarray, np.ndarray]:
    """One state's row: what it owes to words (T,) and to regions (R,); to itself counts as 0."""
    if stream == "lang":
        words, regions = found["cross_lang"][place].copy(), found["lang_from_vision"][place].copy()
        words[place] = 0
    else:
        words, regions = (
            found["vision_from_lang"][place].copy(),
            found["cross_vision"][place].copy(),
        )
        regions[place] = 0
    return words, regions


def _positive_mean(maps: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """(L, Q, K): weights times gradients where these are positive, mean over heads."""
    if maps.shape != gradients.shape:
        raise ValueError(f"maps are {maps.shape} and their gradients {gradients.shape}")
    return np.maximum(maps.astype(np.float64) * gradients, 0).mean(axis=1)


def _normalised(relevance: np.ndarray) -> np.ndarray:
    """What came from others as shares of it, beside the state itself.

    A row that owes nothing to others stays so; dividing it by 0 would spread to every region.
    """
    gained = relevance - np.eye(len(relevance))
    total = gained.sum(axis=-1, keepdims=True)
    shares = np.divide(gained, total, out=np.zeros_like(gained), where=total != 0)
    return shares + np.eye(len(relevance))
