"""Two pictures, two questions or two checkpoints, side by side."""

import streamlit as st

from lxmert_viz.ui.frame import results, workbench
from lxmert_viz.ui.what_if import comparing, sides

choice = workbench.choice()
first = results.variant(choice)
second = comparing.other_side(first)
one, other = comparing.steps(first, second)
seen, asked = results.trace_of(first), results.trace_of(second)
results.tell(comparing.with_other(choice, second), seen, asked)
comparing.show_sides((one, seen), (other, asked))
sides.show_answers((one.name, seen), (other.name, asked), "on the right")
st.divider()
sides.show_maps(one, other)
