"""What caused the answer: the network run again under a stated intervention, beside a control."""

from lxmert_viz.ui.causes import (
    choice,
    edges,
    edits,
    flow,
    heads,
    knowing,
    patching,
    steering,
    surgery,
)
from lxmert_viz.ui.frame import address, results, workbench

VIEWS = {
    "heads": heads.show,
    "off": surgery.show,
    "edges": edges.show,
    "patching": patching.show,
    "knowing": knowing.show,
    "steering": steering.show,
    "edits": edits.show,
    "flow": flow.show,
}

chosen = workbench.choice()
results.regions(chosen)
found = results.trace(chosen)
results.tell(chosen, found)
view, asked = choice.choose(results.variant(chosen), found)
VIEWS[view](asked)
address.begin_again_to_say_it()  # what a link asks for and is not here
