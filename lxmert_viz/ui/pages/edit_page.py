"""What if another word stood there, or a region were gone? Before and after, side by side."""

import streamlit as st

from lxmert_viz.ui.frame import bar, results, workbench
from lxmert_viz.ui.what_if import editing, links, sides

choice = workbench.choice()
chosen = results.variant(choice)
steps = editing.history(chosen)
links.follow_edit(steps, chosen, sides.regions)
step = steps.step(steps.now)
words = st.container()
controls = st.container(horizontal=True, vertical_alignment="bottom", key="edit.controls")
with (
    controls,  # the way back, also from a step that cannot be asked
    st.popover(f"Steps ({len(steps.steps)})", icon=":material/history:", key="edit.steps"),
):
    editing.show_history(steps)
links.state_edit(steps, chosen)
found = sides.regions(step.variant)
asked = results.trace_of(step.variant)
results.warn(choice, asked)
with words:
    editing.edit_words(steps, asked.tokens)
with controls:
    editing.edit_picture(steps, found)
    editing.choose_checkpoint(steps)
    before = editing.choose_before(steps)
bar.offer_to_keep(step.variant, None if before is step else before.variant)
if chosen in (step.variant, before.variant):
    results.show_answer(choice, results.trace_of(chosen))
editing.explain(step)
editing.show_fillings(step.variant)
if before is step:
    sides.show_alone(step)
    st.caption("Nothing is changed yet: mask a word, or switch a region off.")
else:
    first = sides.Side(before, results.trace_of(before.variant))
    sides.show(first, sides.Side(step, asked), "after")
