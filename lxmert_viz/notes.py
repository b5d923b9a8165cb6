"""What the reader of a trace must know about what went into it."""

from collections.abc import Iterator

from lxmert_viz.checkpoints import Scope
from lxmert_viz.records import OWN_BOXES, ZOO, Regions, Tokens

TRAINED_PROFILE = "trained"


def notes_on(model: str, scope: Scope, regions: Regions, tokens: Tokens) -> Iterator[str]:
    if len(tokens.ids) > scope.longest_text:
        yield (
            f"This text has {len(tokens.ids)} word pieces and {model} was trained on at "
            f"most {scope.longest_text}: what it makes of longer ones is a guess."
        )
    if tokens.unknown_words:
        words = ", ".join(f"\u201c{word}\u201d" for word in dict.fromkeys(tokens.unknown_words))
        yield f"{model} has never seen these words and reads blanks there: {words}."
    if regions.missing:
        yield (
            f"The detector found {len(regions)} regions in this picture, and "
            f"{len(regions) + regions.missing} were asked for: the other places stay empty, "
            "and the model does not see them."
        )
    if ZOO in regions.detector:
        yield (
            "These features come from detectron2's model zoo, another feature space: LXMERT was "
            "not trained on it, and its answers mean nothing."
        )
    if regions.profile == OWN_BOXES:
        yield (
            "These regions are boxes of your own (page Regions), and not those that the detector "
            f"chooses; {model} was trained with the latter."
        )
    elif regions.profile != TRAINED_PROFILE:
        yield (
            f"These regions were found with the profile {regions.profile!r}; {model} was "
            f"trained with {TRAINED_PROFILE!r}."
        )
