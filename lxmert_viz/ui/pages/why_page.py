"""Why the model answers that: what each word and region adds, measured and judged."""

from lxmert_viz.ui.frame import results, workbench
from lxmert_viz.ui.server import pictures
from lxmert_viz.ui.why import choice, foil, grades, last_layer, maps, together

chosen = workbench.choice()
results.regions(chosen)
found = results.trace(chosen)
results.tell(chosen, found)
variant = results.variant(chosen)
asked = choice.choose(found, variant)
maps.show(variant, found, asked, pictures.shown_picture(results.picture(chosen)))
foil.show(variant, found, asked)
together.show(variant, found, asked)
last_layer.show(variant, found, asked.target)
grades.show(chosen.model)
