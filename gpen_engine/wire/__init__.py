"""What passes between the plug-in and the engine, written once and used by both.

Standard library only and Python 3.9 or newer, because one side runs in GIMP's own Python. The
installer puts this package beside the plug-in.

A conversation, over ``multiprocessing.connection`` with a shared key:

    engine                                     client
    hello: protocol, version            ->
                                        <-     restore: size, depth, options  (or status, stop)
    progress: waiting, ahead            ->     (while other jobs are first)
    send                                ->
                                        <-     rows of pixels, then rows of the selection
    progress: load, detect, restore ... ->
    result: faces, patches              ->
    rows of each patch and its coverage ->

Either side may close at any time: for the engine that means cancel. An ``error`` may stand in
place of any of the engine's messages and is the last one.
"""

from .client import Engine, PatchRows, connect
from .home import EngineHome, Launch
from .launch import reach
from .messages import (
    PROTOCOL,
    SAMPLES,
    FaceInfo,
    Hello,
    PatchInfo,
    Progress,
    Reply,
    Request,
    Status,
)

__all__ = [
    "PROTOCOL",
    "SAMPLES",
    "Engine",
    "EngineHome",
    "FaceInfo",
    "Hello",
    "Launch",
    "PatchInfo",
    "PatchRows",
    "Progress",
    "Reply",
    "Request",
    "Status",
    "connect",
    "reach",
]
