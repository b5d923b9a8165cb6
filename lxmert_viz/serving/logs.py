"""What the server says: one JSON object a line on standard error, without what visitors gave."""

import json
import logging
import sys
import time
import traceback
from collections.abc import Iterable
from pathlib import Path

# loggers that tell what visitors typed: an error's message may hold a question, an address does
QUOTING = ("streamlit.error_util", "uvicorn.access")


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        told = {"level": record.levelname.lower(), "message": record.getMessage()}
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            told |= of_error(error)
        if error is not None and record.name in QUOTING:
            told["problem"] = str(error)
        return line("log", logger=record.name, **told)


class _Structured(logging.Logger):
    """For libraries that bring formats of their own."""

    def addHandler(self, hdlr: logging.Handler) -> None:
        hdlr.setFormatter(JsonLines())
        super().addHandler(hdlr)


def structured(quotes_visitors: bool) -> None:
    """Before the libraries are imported. quotes_visitors: errors with their messages, too."""
    logging.setLoggerClass(_Structured)
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    if not quotes_visitors:
        for name in QUOTING:
            logging.getLogger(name).addFilter(lambda record: False)


def say(event: str, **told: object) -> None:
    print(line(event, **told), file=sys.stderr, flush=True)


def line(event: str, **told: object) -> str:
    return json.dumps({"time": now(), "event": event} | told)


def of_error(error: BaseException) -> dict[str, object]:
    """Class and places of an error, the innermost last; not its message."""
    return {"error": type(error).__name__, "where": list(steps(error))}


def steps(error: BaseException) -> Iterable[str]:
    for step in traceback.extract_tb(error.__traceback__):
        yield f"{Path(step.filename).name}:{step.lineno} {step.name}"


def now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
