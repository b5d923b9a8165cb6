"""What if another word stood there, or a region were gone? Before and after, side by side."""

import streamlit as st

from lxmert_viz.ui.frame import bar, results, workbench
from lxmert_viz.ui.what_if import editing, links, sides

choice = workbench.choice()
chosen = results.variant(choice)
steps = editing.history(chosen)
links.follow_edit(steps, chosen, sides.regions)
with st.expander(f"Steps ({len(steps.steps)})", icon=":material/history:", key="edit.steps"):
    editing.show_history(steps)
step = steps.step(steps.now)
links.state_edit(steps, chosen)
found = sides.regions(step.variant)
asked = results.trace_of(step.variant)
results.warn(choice, asked)
bar.offer_to_keep(step.variant)
left, right = st.columns([9, 11], gap="large")
with left:
    editing.edit_picture(steps, found, asked.regions)
with right:
    editing.edit_words(steps, asked.tokens)
    editing.show_fillings(step.variant)
    editing.choose_checkpoint(steps)
    before = editing.choose_before(steps)
    if chosen in (step.variant, before.variant):
        results.show_answer(choice, results.trace_of(chosen))
    if before is step:
        st.info("Nothing is changed yet: mask a word, or switch a region off.")
    else:
        sides.show_answers(
            (before.name, results.trace_of(before.variant)), (step.name, asked), "after"
        )
st.divider()
sides.show_maps(before, step)
