"""Every attention map of one answer, hovered and locked in the browser."""

from lxmert_viz.ui.attention import inside
from lxmert_viz.ui.browser import stage
from lxmert_viz.ui.frame import results, workbench

choice = workbench.choice()
results.regions(choice)
found = results.trace(choice)
results.tell(choice, found)
asked = results.variant(choice)
inside.keep(asked, found, stage.show(results.stage_payload(asked)))
inside.show(asked, found)
