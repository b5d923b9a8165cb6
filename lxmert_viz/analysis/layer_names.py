"""What the layers of the three encoders are called, wherever a person reads it."""

from lxmert_viz.records import FAMILIES

OWN_LAYERS = {"lang": "language layer", "vision": "vision layer"}


def place_named(place: str, layer: int) -> str:
    """A family's layer, or where states leave, as a person reads it. layer: from 0, or -1."""
    if layer < 0:
        return "embeddings"
    if place in OWN_LAYERS:
        return f"{OWN_LAYERS[place]} {layer + 1}"
    step = f", {FAMILIES[place].title.lower()}" if place in FAMILIES else ""
    return f"cross layer {layer + 1}{step}"
