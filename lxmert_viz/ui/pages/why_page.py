"""Why the model answers that: what each word and region adds, measured and judged."""

from lxmert_viz.ui.frame import navigation, results, workbench
from lxmert_viz.ui.server import pictures
from lxmert_viz.ui.why import choice, grades, maps

navigation.heading(
    "Why",
    "What each word and region adds to an answer. Seven methods, each judged on this very example.",
)
chosen = workbench.choice()
results.regions(chosen)
found = results.trace(chosen)
results.pinned(chosen, found)
results.notes(chosen, found)
asked = choice.choose(found)
maps.show(results.variant(chosen), found, asked, pictures.shown_picture(results.picture(chosen)))
grades.show(chosen.model)
