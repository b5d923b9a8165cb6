import lzma
import zipfile
import zlib

# What a damaged archive raises while it is read. RuntimeError: it wants a password, or (as
# NotImplementedError) is packed in a way that Python cannot undo. ValueError: it points before its
# own beginning
ARCHIVE_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
)


class LxmertVizError(Exception):
    """Something that a person can mend: the message says what, which value, and what to do now."""


class CheckpointError(LxmertVizError):
    """A model folder or weight file is missing, incomplete, or not what its name says."""


class PictureError(LxmertVizError):
    """A picture cannot be read, or is too large to read safely."""


class TextError(LxmertVizError):
    """A question or caption is empty, or longer than the model can take."""


class MachineError(LxmertVizError):
    """This machine failed, and not what was asked: a file is not there, or memory gave out.

    Another machine, or this one later, may do the same.
    """


class MemoryShortError(MachineError):
    """Memory gave out; less at once may fit."""


class NowhereError(MachineError):
    """What no machine could do, when all that there are had tried."""


class DeviceError(MachineError):
    """The device that was asked for is not there, or not any more: nothing else goes on it."""


class OptionError(LxmertVizError):
    """A choice that is not there, or a number outside of its limits."""


class AddressError(LxmertVizError):
    """The page cannot be served at the address that was asked for."""


class BusyError(LxmertVizError):
    """The server does as much for a visitor as it may."""


class DatasetError(LxmertVizError):
    """A file of questions or regions is missing, broken, or not in the format it should have."""


class RegionError(DatasetError, ValueError):
    """Numbers that are no regions of a picture: of a file, or a caller's own arrays."""


class DownloadError(LxmertVizError):
    """A file cannot be brought here: no network, no such file, no room, or another's content."""


class TraceError(LxmertVizError):
    """A saved analysis is damaged, not complete, or of another version."""


class ClusterError(LxmertVizError):
    """The cluster that was asked for is not there, or this machine cannot reach it."""


class FigureError(LxmertVizError):
    """A figure cannot be written to the file that was asked for."""
