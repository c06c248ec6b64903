"""What is wrong with a pack, or with the files that one is made from.  Positional arguments only."""

from .errors import EditError, RetryableCall


class PackError(EditError):
    """A pack cannot be used: whoever installed it has to act."""


class PackUnknown(PackError, RetryableCall):
    """Args: the name or folder asked for, the names there are."""

    def __str__(self) -> str:
        name, known = self.args
        listed = ", ".join(known) or "none"
        return (
            f"no model pack {name!r}; there are: {listed}. Import one with `chatedit models import` or give its folder"
        )


class PackIncomplete(PackError):
    """Args: folder, name of the missing file."""

    def __str__(self) -> str:
        folder, file = self.args
        return f"{folder} holds no {file}: it is no model pack, or was copied in part"


class FileMissing(PackError):
    """Args: path of the file that is not there."""

    def __str__(self) -> str:
        return f"there is no file {self.args[0]}"


class DeviceUnavailable(PackError):
    """Args: the device asked for, what torch said."""

    def __str__(self) -> str:
        device, problem = self.args
        return f"device {device!r} cannot be used: {problem}"


class PackExists(PackError):
    """Args: folder of the pack that is there already."""

    def __str__(self) -> str:
        return f"{self.args[0]} exists already: remove it first, or choose another name"


class PackInvalid(PackError):
    """Args: path of the file, what is wrong in it."""

    def __str__(self) -> str:
        path, problem = self.args
        return f"{path}: {problem}"


class HashMismatch(PackError):
    """Args: path, expected SHA-256, actual SHA-256."""

    def __str__(self) -> str:
        path, expected, actual = self.args
        return f"{path}: SHA-256 is {actual}, expected {expected}: the file was changed or not fully copied"


class CheckpointUnreadable(PackError):
    """Args: path, what the reader said."""

    def __str__(self) -> str:
        path, problem = self.args
        return f"{path} cannot be read as weights: {problem}"


class KeyMissing(PackError):
    """Args: path, the first missing key, how many are missing in all."""

    def __str__(self) -> str:
        path, key, count = self.args
        return f"{path} lacks the key {key!r}{_and_more(count)}: it is another network, or another version"


class KeyUnexpected(PackError):
    """Args: path, the first key that does not belong, how many there are in all."""

    def __str__(self) -> str:
        path, key, count = self.args
        return f"{path} has the unexpected key {key!r}{_and_more(count)}: it is another network, or another version"


class ShapeMismatch(PackError):
    """Args: path, key, expected shape, actual shape."""

    def __str__(self) -> str:
        path, key, expected, actual = self.args
        return f"{path}: {key!r} is {list(actual)}, expected {list(expected)}"


class ParameterCountWrong(PackError):
    """Args: path, expected number, actual number."""

    def __str__(self) -> str:
        path, expected, actual = self.args
        return f"{path} holds {actual} numbers, but pack.yaml says {expected}"


class AlignmentUnavailable(PackError):
    """The pack crops photos by facial landmarks, and no detector is installed."""

    def __str__(self) -> str:
        return "cropping photos needs a face detector: pip install 'chatedit[align]' (or crop as FFHQ does, --aligned)"


def _and_more(count: int) -> str:
    return f" and {count - 1} more" if count > 1 else ""
