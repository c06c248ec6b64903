"""Where networks run."""

import torch

from .pack_errors import DeviceUnavailable


def usable_device(name: str | torch.device) -> torch.device:
    """The device of this name.

    Raises:
        DeviceUnavailable: this machine, or this build of torch, has no such device.
    """
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError) as error:  # torch asserts where it was built without the device
        raise DeviceUnavailable(str(name), str(error).splitlines()[0]) from error
