"""From the picture to the answer in seven stations."""

from lxmert_viz.analysis.regions import numbered_names
from lxmert_viz.analysis.walk import stations
from lxmert_viz.figures.walk import payload
from lxmert_viz.ui.browser import walk
from lxmert_viz.ui.frame import navigation, results, workbench
from lxmert_viz.ui.server import pictures

choice = workbench.choice()
results.regions(choice)
found = results.trace(choice)
results.tell(choice, found)
address = pictures.shown_picture(results.picture(choice))
advised = {page.title: page.address for page in (navigation.EDIT, navigation.ATTENTION)}
walk.show(payload(found, stations(found), numbered_names(found.regions), address), advised)
