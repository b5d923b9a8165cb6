"""Every attention map of one answer, hovered and locked in the browser."""

from lxmert_viz.ui import controls, results, stage

controls.heading(
    "Attention",
    "Choose a head in the model, point at words and boxes. Who reads has weights that sum to 1.",
)
choice = controls.choice()
results.regions(choice)
results.notes(choice, results.trace(choice))
stage.show(results.stage_payload(choice))
