"""What Ray reads when it is first imported, for all tests here."""

import os

from lxmert_viz.runs.cluster.connecting import ENVIRONMENT

os.environ.update(ENVIRONMENT)
