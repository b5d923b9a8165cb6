"""Why the model answers that: what each word and region adds, measured and judged."""

from lxmert_viz.ui.frame import results, workbench
from lxmert_viz.ui.server import pictures
from lxmert_viz.ui.why import choice, grades, maps

chosen = workbench.choice()
results.regions(chosen)
found = results.trace(chosen)
results.tell(chosen, found)
asked = choice.choose(found)
maps.show(results.variant(chosen), found, asked, pictures.shown_picture(results.picture(chosen)))
grades.show(chosen.model)
