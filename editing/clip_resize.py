"""The image that StyleCLIP hands to CLIP, without the 600 MB that the published way needs at 1024 px."""

from .axis_map import AxisMap, area_average

CLIP_SIZE_PX = 224


def clip_resize(image_size: int, output_size: int = CLIP_SIZE_PX) -> AxisMap:
    """Linear map image [B, 3, image_size, image_size] -> [B, 3, output_size, output_size], values unchanged.

    The published code (StyleCLIP `criteria/clip_loss.py`, arXiv:2103.17249) repeats every pixel 7 times and averages
    windows of image_size / 32: each output pixel is the mean of the span that it covers.  No CLIP mean and deviation
    is applied, there or here.
    """
    matrix = area_average(image_size, output_size)
    return AxisMap(matrix, matrix)
