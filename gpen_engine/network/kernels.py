"""The Triton kernels of ``fused``; only that imports them, because Triton is not everywhere.

All maps are channels last and dense: pixel p of a face lies at p * channels. Sums are in float32.
Offsets within a face fit 32 bits, those of a face within a batch need not.
"""

from __future__ import annotations

import triton
import triton.language as tl

ROOT = tl.constexpr(2**0.5)
SLOPE = tl.constexpr(0.2)


@triton.jit
def _leaky(x):
    return tl.where(x >= 0, x, x * SLOPE)


@triton.jit
def _line(taps, which, stride):
    """The sum of a column (stride 1) or a row (stride 4) of the 4 x 4 taps."""
    return tl.sum(tl.where(tl.arange(0, 16) // stride % 4 == which, taps, 0.0), axis=0)


@triton.jit(do_not_specialize=["height", "width", "pad"])
def finish(
    place,  # [N, height, width, C or 2C]
    y,  # [N, H, W, C]
    gain,  # [N, C] float32
    bias,  # [C or 2C] float32
    features,  # [N or 1, height, width, C]
    features_gain,  # [1] float32
    low_pass,  # [4, 4] float32, separable
    height,
    width,
    channels,  # C
    of_features,  # stride of their faces
    pad,
    FIR: tl.constexpr,
    SCALED: tl.constexpr,  # by gain
    ACTIVATED: tl.constexpr,
    JOINED: tl.constexpr,  # with features
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
    CHANNELS: tl.constexpr,
):
    """A program makes a tile of ROWS x COLUMNS pixels: some channels of y, and of the features. It
    goes down the rows and keeps the last three of y, filtered along themselves."""
    face = tl.program_id(2).to(tl.int64)
    across = tl.cdiv(width, COLUMNS)
    top = tl.program_id(0) // across * ROWS
    column = tl.program_id(0) % across * COLUMNS + tl.arange(0, COLUMNS)
    channel = tl.program_id(1) * CHANNELS + tl.arange(0, CHANNELS)
    line = tl.zeros((COLUMNS,), tl.int32)  # to count rows in vectors, as masks want it
    inside = (column < width)[:, None] & (channel < channels)[None, :]
    REACH: tl.constexpr = 3 if FIR else 0
    WIDER: tl.constexpr = 2 if JOINED else 1
    source_height = height + REACH - 2 * pad
    source_width = width + REACH - 2 * pad
    y += face * source_height * source_width * channels
    place += face * height * width * channels * WIDER
    features += face * of_features
    known = channel < channels
    own_gain = tl.full((CHANNELS,), 1.0, tl.float32)
    if SCALED:
        own_gain = tl.load(gain + face * channels + channel, mask=known, other=0.0) * ROOT
    own_bias = tl.zeros((CHANNELS,), tl.float32)
    if ACTIVATED:
        own_bias = tl.load(bias + channel, mask=known, other=0.0) * ROOT
    their_gain = 0.0
    their_bias = tl.zeros((CHANNELS,), tl.float32)
    if JOINED:
        their_gain = tl.load(features_gain) * ROOT
        their_bias = tl.load(bias + channels + channel, mask=known, other=0.0) * ROOT
    taps = tl.zeros((16,), tl.float32)
    if FIR:
        taps = tl.load(low_pass + tl.arange(0, 16))
    first = tl.zeros((COLUMNS, CHANNELS), tl.float32)
    second = tl.zeros((COLUMNS, CHANNELS), tl.float32)
    third = tl.zeros((COLUMNS, CHANNELS), tl.float32)
    for step in range(ROWS + REACH):
        source_row = line + (top + step - pad)
        value = tl.zeros((COLUMNS, CHANNELS), tl.float32)
        for tap in tl.static_range(REACH + 1):
            at = column + tap - pad
            there = (at >= 0) & (at < source_width) & (source_row >= 0)
            there = there & (source_row < source_height)
            offset = (source_row * source_width + at)[:, None] * channels + channel[None, :]
            one = tl.load(y + offset, mask=there[:, None] & known[None, :], other=0.0)
            value += one.to(tl.float32) * (_line(taps, tap, 1) if FIR else 1.0)
        if FIR:
            fourth = value / tl.sum(taps, axis=0)
            value = first * _line(taps, 0, 4) + second * _line(taps, 1, 4)
            value += third * _line(taps, 2, 4) + fourth * _line(taps, 3, 4)
            first = second
            second = third
            third = fourth
        row = line + (top + step - REACH)
        pixel = (row * width + column)[:, None]
        mask = inside & ((row >= top) & (row < height))[:, None]
        value = value * own_gain[None, :] + own_bias[None, :]
        if ACTIVATED:
            value = _leaky(value)
        to = place + pixel * (channels * WIDER) + channel[None, :]
        tl.store(to, value.to(place.dtype.element_ty), mask=mask)
        if JOINED:
            other = tl.load(features + pixel * channels + channel[None, :], mask=mask, other=0.0)
            other = other.to(tl.float32) * their_gain + their_bias[None, :]
            tl.store(to + channels, _leaky(other).to(place.dtype.element_ty), mask=mask)


@triton.jit(do_not_specialize=["width"])
def paint(
    rgb,  # [N, 3, width, width] float32
    maps,  # [N, width, width, C]
    styles,  # [N, C] float32
    weight,  # [3, C] float32
    bias,  # [3] float32
    skip,  # [N, 3, width / 2, width / 2] float32
    low_pass,  # [4, 4] float32
    width,
    channels,  # C
    scale,  # of the styles
    SKIP: tl.constexpr,
    PIXELS: tl.constexpr,
    CHANNELS: tl.constexpr,
):
    """A program makes some pixels, counted along the rows."""
    face = tl.program_id(1).to(tl.int64)
    pixel = tl.program_id(0) * PIXELS + tl.arange(0, PIXELS)
    area = width * width
    inside = pixel < area
    maps += face * area * channels
    red = tl.zeros((PIXELS,), tl.float32)
    green = tl.zeros((PIXELS,), tl.float32)
    blue = tl.zeros((PIXELS,), tl.float32)
    for start in range(0, channels, CHANNELS):
        channel = start + tl.arange(0, CHANNELS)
        known = channel < channels
        style = tl.load(styles + face * channels + channel, mask=known, other=0.0) * scale
        offset = pixel[:, None] * channels + channel[None, :]
        some = tl.load(maps + offset, mask=inside[:, None] & known[None, :], other=0.0)
        some = some.to(tl.float32) * style[None, :]
        of_red = tl.load(weight + channel, mask=known, other=0.0)
        of_green = tl.load(weight + channels + channel, mask=known, other=0.0)
        of_blue = tl.load(weight + 2 * channels + channel, mask=known, other=0.0)
        red += tl.sum(some * of_red[None, :], axis=1)
        green += tl.sum(some * of_green[None, :], axis=1)
        blue += tl.sum(some * of_blue[None, :], axis=1)
    red += tl.load(bias)
    green += tl.load(bias + 1)
    blue += tl.load(bias + 2)
    if SKIP:
        # Of the image with zeros between its pixels, the low-pass meets along rows and columns the
        # pixel in which this one lies, and its neighbour on this side.
        half = width // 2
        skip += face * 3 * half * half
        row = pixel // width
        column = pixel % width
        for down in tl.static_range(2):
            for right in tl.static_range(2):
                i = row // 2 + down * (row % 2 * 2 - 1)
                j = column // 2 + right * (column % 2 * 2 - 1)
                y = 3 - 3 * (row % 2) if down else 1 + row % 2
                x = 3 - 3 * (column % 2) if right else 1 + column % 2
                share = tl.load(low_pass + 4 * y + x)
                mask = inside & (i >= 0) & (i < half) & (j >= 0) & (j < half)
                at = skip + i * half + j
                red += share * tl.load(at, mask=mask, other=0.0)
                green += share * tl.load(at + half * half, mask=mask, other=0.0)
                blue += share * tl.load(at + 2 * half * half, mask=mask, other=0.0)
    to = rgb + face * 3 * area + pixel
    tl.store(to, red, mask=inside)
    tl.store(to + area, green, mask=inside)
    tl.store(to + 2 * area, blue, mask=inside)


@triton.jit
def scale(
    inputs,  # [N, I] float32
    outputs,  # [N, O] float32
    styles,  # [N, I] float32
    squares,  # [O, I] float32
    norm,  # [1] float32
    ins,  # I
    outs,  # O
    epsilon,
    OUTS: tl.constexpr,
    INS: tl.constexpr,  # at least I
):
    """A program makes the factors of some outputs; the first also those of all inputs."""
    face = tl.program_id(1)
    i = tl.arange(0, INS)
    style = tl.load(styles + face * ins + i, mask=i < ins, other=0.0)
    largest = tl.maximum(tl.max(tl.abs(style), axis=0), 1e-8) * tl.load(norm)
    factor = style / largest
    tl.store(inputs + face * ins + i, factor, mask=i < tl.where(tl.program_id(0) == 0, ins, 0))
    o = tl.program_id(0) * OUTS + tl.arange(0, OUTS)
    mask = (o < outs)[:, None] & (i < ins)[None, :]
    square = tl.load(squares + o[:, None] * ins + i[None, :], mask=mask, other=0.0)
    total = tl.sum(square * (factor * factor)[None, :], axis=1) + epsilon / (largest * largest)
    tl.store(outputs + face * outs + o, 1 / tl.sqrt(total), mask=o < outs)
