"""How probabilities are written, wherever a person reads them."""


def probability(value: float, digits: int = 2) -> str:
    """With `digits`, or with three where fewer would make it look like 0 or 1."""
    if value < 0.001:
        return "< 0.001"
    if value >= 0.9995:
        return "> 0.999"
    half = 0.5 * 10**-digits
    return f"{value:.{digits if half <= value < 1 - half else 3}f}"
