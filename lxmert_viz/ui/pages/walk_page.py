"""From the picture to the answer in seven stations."""

from lxmert_viz.analysis.regions import numbered_names
from lxmert_viz.analysis.walk import stations
from lxmert_viz.figures.walk import payload
from lxmert_viz.ui import controls, resources, results, walk

controls.heading(
    "Walk",
    "From the picture to the answer in seven stations, with the numbers of what you asked.",
)
choice = controls.choice()
results.regions(choice)
found = results.trace(choice)
results.pinned(choice, found)
results.notes(choice, found)
address = resources.shown_picture(results.picture(choice))
walk.show(payload(found, stations(found), numbered_names(found.regions), address))
