"""What passes between the plug-in and the engine, written once and used by both.

Standard library only and Python 3.9 or newer, because one side runs in GIMP's own Python. The
installer puts this package beside the plug-in.

A conversation, over ``multiprocessing.connection`` with a shared key:

    engine                                     client
    hello: protocol, version            ->
                                        <-     restore: size, depth, task, options
    progress: waiting, ahead            ->     (while other jobs are first)
    send                                ->
                                        <-     rows of pixels, then rows of the selection
    progress: load, detect, restore ... ->
    result: faces, patches              ->
    rows of each patch and its coverage ->

A look is a longer one, in which the engine holds the picture:

                                        <-     look: size, depth
    send                                ->
                                        <-     rows
    held                                ->
                                        <-     find, mark or preview: options, face
    progress, found or preview, refused ->     (and so on; refused ends nothing)
                                        <-     finish: as restore
    progress, result                    ->

Other conversations are a question, ``status`` or ``models``, with one answer; ``stop``; and
``fetch``, which is answered by ``download``, again and again, and ``fetched``.

While the engine is at work it says ``alive`` every few seconds, so that a client can give up one
that hangs. Either side may close at any time: for the engine that means cancel. An ``error`` may
stand in place of any of the engine's messages and is the last one.
"""

from .client import Engine, PatchRows, connect
from .framing import COARSE, side_of
from .home import EngineHome, Launch
from .launch import glance, reach
from .looks import MOST_PREVIEW, Found, Preview, PreviewInfo
from .messages import (
    PROTOCOL,
    SAMPLES,
    TASKS,
    FaceInfo,
    Hello,
    PatchInfo,
    Progress,
    Reply,
    Request,
    Status,
)
from .models import Download, Fetch, Fetched, ModelInfo, ModelList

__all__ = [
    "COARSE",
    "MOST_PREVIEW",
    "PROTOCOL",
    "SAMPLES",
    "TASKS",
    "Download",
    "Engine",
    "EngineHome",
    "FaceInfo",
    "Fetch",
    "Fetched",
    "Found",
    "Hello",
    "Launch",
    "ModelInfo",
    "ModelList",
    "PatchInfo",
    "PatchRows",
    "Preview",
    "PreviewInfo",
    "Progress",
    "Reply",
    "Request",
    "Status",
    "connect",
    "glance",
    "reach",
    "side_of",
]
