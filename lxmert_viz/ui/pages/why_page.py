"""Why the model answers that: what each word and region adds, measured and judged."""

from lxmert_viz.ui.frame import navigation, results, workbench
from lxmert_viz.ui.server import pictures
from lxmert_viz.ui.why import choice, grades, last_layer, maps, together

navigation.heading(
    "Why",
    "What each word and region adds to an answer. Eight methods, each judged on this very example.",
)
chosen = workbench.choice()
results.regions(chosen)
found = results.trace(chosen)
results.pinned(chosen, found)
results.notes(chosen, found)
asked = choice.choose(found)
variant = results.variant(chosen)
maps.show(variant, found, asked, pictures.shown_picture(results.picture(chosen)))
together.show(variant, found, asked)
last_layer.show(variant, found, asked.target)
grades.show(chosen.model)
