"""What can be wrong with an uploaded picture.  All are `RetryableCall`: another picture may do."""

from .errors import RetryableCall


class BadImage(RetryableCall):
    """Base of what is wrong with a picture."""


class NotAnImage(BadImage):
    """Args: names of the formats that are read."""

    def __str__(self) -> str:
        return f"the file is no picture that can be read; use one of {', '.join(self.args[0])}"


class NotOnlyAnImage(BadImage):
    """Args: name of the other type that the file is."""

    def __str__(self) -> str:
        return f"the file is a picture and {self.args[0]} at once: save the picture as a new file"


class ImageDamaged(BadImage):
    """Args: what the decoder said."""

    def __str__(self) -> str:
        return f"the picture is damaged or incomplete ({self.args[0]}): upload it again"


class ImageFileTooLarge(BadImage):
    """Args: bytes of the file, bytes allowed."""

    def __str__(self) -> str:
        actual, allowed = self.args
        return f"the file has {actual / 1e6:.1f} MB; up to {allowed / 1e6:.0f} MB are allowed"


class TooManyPixels(BadImage):
    """Args: pixels allowed."""

    def __str__(self) -> str:
        return f"the picture has more than {self.args[0] / 1e6:.0f} million pixels: make it smaller"


class ImageTooSmall(BadImage):
    """Args: width, height, smallest side allowed, all in pixels."""

    def __str__(self) -> str:
        width, height, smallest = self.args
        return f"the picture is {width} x {height} pixels; each side needs at least {smallest}"


class UnsupportedPixels(BadImage):
    """Args: the kind of pixels, as Pillow calls it."""

    def __str__(self) -> str:
        return f"pixels of kind {self.args[0]!r} cannot be shown: save the picture with 8 or 16 bits a channel"


class OutOfDomain(BadImage):
    """Args: the pack's domain, why the picture is not of it, what to do."""

    def __str__(self) -> str:
        domain, reason, advice = self.args
        return f"this does not look like one of the {domain} that the models know: {reason}; {advice}"


class NoFace(BadImage):
    """No face was found."""

    def __str__(self) -> str:
        return "no face was found: use a photo in which one person looks at the camera"


class SeveralFaces(BadImage):
    """Args: how many."""

    def __str__(self) -> str:
        return f"{self.args[0]} faces were found: crop the photo so that it shows one person"


class FaceTooSmall(BadImage):
    """Args: side of the crop in pixels, side needed."""

    def __str__(self) -> str:
        side, needed = self.args
        return f"the face covers only {side} pixels, {needed} are needed: use a larger photo or a closer one"


class FaceCutOff(BadImage):
    """Args: share of the crop, in [0, 1], that lies outside the photo."""

    def __str__(self) -> str:
        return f"{self.args[0]:.0%} of the head lies outside the photo: use one that shows the whole head"
