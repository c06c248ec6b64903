"""From factors to what the brush needs: colours and positions, every one a smooth function of the factors.

Positions are in units of the image side, x to the right and y down; the face is centred on x = 0.5 and the eyes lie
near y = 0.53; the canvas then zooms in a little (`brush.ZOOM`). Colours are RGB in [0, 1].
"""

import colorsys
from dataclasses import dataclass, fields

import numpy as np

from .factors import HAIR_COLORS, STRENGTHS, Portrait

Color = tuple[float, float, float]

_SKIN_TONES: tuple[Color, ...] = ((0.95, 0.79, 0.65), (0.90, 0.70, 0.53), (0.80, 0.58, 0.42), (0.68, 0.46, 0.32))
_PALE_SKIN: Color = (0.985, 0.945, 0.93)
_HAIR: dict[str, Color] = {
    "brown hair": (0.47, 0.26, 0.13),
    "blond hair": (0.95, 0.78, 0.38),
    "black hair": (0.12, 0.11, 0.14),
    "gray hair": (0.70, 0.71, 0.74),
}
_EYES: dict[str, Color] = {
    "brown": (0.42, 0.25, 0.13),
    "hazel": (0.58, 0.42, 0.18),
    "green": (0.30, 0.56, 0.32),
    "blue": (0.25, 0.50, 0.78),
    "gray": (0.45, 0.52, 0.58),
}
_LIPSTICK: Color = (0.80, 0.05, 0.20)
_BLUSH: Color = (0.95, 0.36, 0.42)
_EYE_SHADOW: Color = (0.49, 0.22, 0.68)


@dataclass(frozen=True, slots=True)
class Drawing:
    """All that the painters read. Strengths keep the names of their values."""

    skin: Color
    hair: Color
    beard: Color
    iris: Color
    lips: Color
    clothes: Color
    background: Color
    femininity: float
    age: float
    face_half_width: float
    jaw_power: float
    chin_y: float
    eye_half_width: float
    eye_half_height: float
    eye_dx: float
    eye_tilt: float
    brow_y: float
    brow_inner_dy: float
    brow_outer_dy: float
    brow_arch: float
    brow_thickness: float
    nose_half_width: float
    nose_y: float
    mouth_half_width: float
    mouth_corner_dy: float
    mouth_upper_dy: float
    mouth_lower_dy: float
    lip_height: float
    teeth: float
    ear_half_height: float
    hairline_y: float
    hair_part: float
    hair_volume: float
    hair_length: float
    hair_wave: float
    bun: float
    neckline: float
    smiling: float
    angry: float
    sad: float
    receding: float
    sideburns: float
    bangs: float
    mustache: float
    goatee: float
    makeup: float
    blush: float
    bushy: float


def resolve(portrait: Portrait) -> Drawing:
    """Colours and positions of a portrait, expressions and makeup included."""
    who, scene = portrait.identity, portrait.scene
    strength = {name: portrait.strengths[name] for name in STRENGTHS}
    smiling, angry, sad = strength["smiling"], strength["angry"], strength["sad"]
    lipstick, bushy, masculinity = strength["lipstick"], strength["bushy eyebrows"], 1.0 - who.femininity
    skin = mix(_skin(who.skin_tone, who.skin_warmth), _PALE_SKIN, 0.9 * strength["pale skin"])
    hair = _hair({name: strength[name] for name in HAIR_COLORS}, who.hair_shade)
    natural_lips = mix(skin, (0.80, 0.36, 0.36), 0.42)
    return Drawing(
        skin=skin,
        hair=hair,
        beard=shade(hair, 0.64),
        iris=_EYES[who.eye_color],
        lips=mix(natural_lips, _LIPSTICK, lipstick),
        clothes=_hsl(scene.clothes_hue, 0.30 + 0.38 * scene.clothes_lightness, 0.48),
        background=_hsl(scene.background_hue, 0.74 + 0.14 * scene.background_lightness, 0.45),
        femininity=who.femininity,
        age=who.age,
        face_half_width=0.212 + 0.03 * who.face_width + 0.006 * masculinity,
        jaw_power=2.0 + 0.7 * who.jaw_width + 0.5 * masculinity,
        chin_y=0.842 + 0.03 * who.chin_length + 0.008 * masculinity,
        eye_half_width=0.055 + 0.013 * who.eye_size + 0.004 * who.femininity,
        eye_half_height=(0.037 + 0.011 * who.eye_size + 0.004 * who.femininity) * (1.0 - 0.12 * sad - 0.1 * angry),
        eye_dx=0.096 + 0.016 * who.eye_spacing,
        eye_tilt=0.014 * (who.eye_tilt - 0.4) - 0.008 * sad + 0.006 * angry,
        brow_y=0.455 - 0.016 * who.brow_height - 0.012 * smiling + 0.010 * angry - 0.004 * sad,
        brow_inner_dy=0.034 * angry - 0.038 * sad,
        brow_outer_dy=-0.026 * angry + 0.030 * sad,
        brow_arch=(0.006 + 0.014 * who.brow_arch) * (1.0 - 0.8 * angry) * (1.0 - 0.5 * sad),
        brow_thickness=0.0075 + 0.003 * masculinity + 0.015 * bushy,
        nose_half_width=0.026 + 0.016 * who.nose_width + 0.004 * masculinity,
        nose_y=0.632 + 0.022 * who.nose_length,
        mouth_half_width=0.070 + 0.014 * who.mouth_width + 0.036 * smiling + 0.014 * angry - 0.002 * sad,
        mouth_corner_dy=-0.038 * smiling + 0.024 * angry + 0.040 * sad,
        mouth_upper_dy=-0.002 - 0.004 * smiling - 0.028 * angry - 0.014 * sad,
        mouth_lower_dy=-0.002 + 0.058 * smiling + 0.024 * angry - 0.014 * sad,
        lip_height=(0.011 + 0.007 * who.lip_fullness + 0.002 * who.femininity) * (1.0 + 0.35 * lipstick),
        teeth=min(1.0, smiling + angry),
        ear_half_height=0.050 + 0.014 * who.ear_size,
        hairline_y=0.292 - 0.018 * strength["receding hairline"],
        hair_part=who.hair_part * 2.0 - 1.0,
        hair_volume=0.030 + 0.050 * who.hair_volume + 0.012 * who.hair_wave,
        hair_length=who.hair_length,
        hair_wave=who.hair_wave,
        bun=who.bun,
        neckline=scene.neckline,
        smiling=smiling,
        angry=angry,
        sad=sad,
        receding=strength["receding hairline"],
        sideburns=strength["sideburns"],
        bangs=strength["bangs"],
        mustache=strength["mustache"],
        goatee=strength["goatee"],
        makeup=strength["heavy makeup"],
        blush=strength["rosy cheeks"],
        bushy=bushy,
    )


def embed(drawing: Drawing) -> np.ndarray:
    """All numbers of a drawing in one vector, float32 [`EMBEDDING_DIM`]: what the generator is distilled from."""
    numbers: list[float] = []
    for item in fields(Drawing):
        value = getattr(drawing, item.name)
        numbers.extend(value if isinstance(value, tuple) else (value,))
    return np.asarray(numbers, dtype=np.float32)


EMBEDDING_DIM = sum(3 if item.type is Color else 1 for item in fields(Drawing))


def mix(first: Color, second: Color, share: float) -> Color:
    """`first` with `share` in [0, 1] of `second`."""
    return tuple(a + (b - a) * share for a, b in zip(first, second, strict=True))  # type: ignore[return-value]


def shade(color: Color, factor: float) -> Color:
    """`color` darkened (factor < 1) or lightened towards white (factor > 1)."""
    if factor <= 1.0:
        return tuple(channel * factor for channel in color)  # type: ignore[return-value]
    return mix(color, (1.0, 1.0, 1.0), factor - 1.0)


def eye_shadow_color() -> Color:
    """The one colour of heavy makeup."""
    return _EYE_SHADOW


def blush_color(skin: Color) -> Color:
    """Blush on this skin."""
    return mix(_BLUSH, skin, 0.12)


def _skin(tone: float, warmth: float) -> Color:
    place = tone * (len(_SKIN_TONES) - 1)
    index = min(int(place), len(_SKIN_TONES) - 2)
    red, green, blue = mix(_SKIN_TONES[index], _SKIN_TONES[index + 1], place - index)
    return red, green - 0.01 + 0.02 * warmth, blue + 0.03 - 0.06 * warmth


def _hair(strengths: dict[str, float], shade_factor: float) -> Color:
    total = sum(strengths.values())
    weights = strengths if total > 0.0 else dict.fromkeys(strengths, 1.0)
    total = sum(weights.values())
    color: Color = (0.0, 0.0, 0.0)
    for name, weight in weights.items():
        color = tuple(a + weight / total * b for a, b in zip(color, _HAIR[name], strict=True))  # type: ignore[assignment]
    return shade(color, 0.88 + 0.18 * shade_factor)


def _hsl(hue: float, lightness: float, saturation: float) -> Color:
    return colorsys.hls_to_rgb(hue, lightness, saturation)
