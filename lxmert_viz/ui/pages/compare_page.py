"""Two pictures, two questions or two checkpoints, side by side."""

from lxmert_viz.ui.frame import results, workbench
from lxmert_viz.ui.what_if import comparing, sides

choice = workbench.choice()
first = results.variant(choice)
second = comparing.other_side(first)
one, other = comparing.steps(first, second)
seen, asked = results.trace_of(first), results.trace_of(second)
results.tell(comparing.with_other(choice, second), seen, asked, against=second)
sides.show(sides.Side(one, seen), sides.Side(other, asked), "on the right")
