"""The models that have a name: what they are, where they are from, and where they lie here."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from ..errors import GpenError
from ..network import GpenConfig
from ..wire import EngineHome

SUFFIXES = (".safetensors", ".pth", ".pt")
"""Of weights files; where two differ in it only, the first of these counts."""


@dataclass(frozen=True)
class Entry:
    """A known model."""

    name: str
    task: str
    """restore, colorize, inpaint, seg2face; detect (faces), parse (a face), upscale (a picture)."""
    network: GpenConfig | str
    """What its file must hold: a GPEN network, or another as ``identify`` calls it."""
    file: str
    """Beneath the package's folder ``embedded`` if it comes along, else in the user's ``models``,
    where the stem is ``name``."""
    megabytes: float
    """Size of the file, in millions of bytes; reckoned from the weights unless ``bytes`` is known.
    """
    terms: str
    """What one may do with it, in a sentence."""
    citation: str
    urls: tuple[str, ...] = ()
    """The authors' first. Without a published sum there are no others: nothing but the sum could
    tell whether a stranger's copy is the authors' file. Empty: it comes along."""
    bytes: int | None = None
    sha256: str | None = None
    """Of the published file; None when nobody states it."""
    onnx_sha256: str | None = None
    """Of the ONNX file with the same weights that facefusion offers."""

    @property
    def embedded(self) -> bool:
        return not self.urls

    @property
    def in_size(self) -> int | None:
        """Side of the square input in pixels; None when it takes pictures of any size."""
        if isinstance(self.network, GpenConfig):
            return self.network.in_size
        return 512 if self.task == "parse" else None

    @property
    def out_size(self) -> int | None:
        """Side of the output in pixels; None as above."""
        return self.network.out_size if isinstance(self.network, GpenConfig) else self.in_size

    @property
    def path(self) -> Path | None:
        """Its file on this machine; None when it is not there."""
        if self.embedded:
            path = Path(str(resources.files("gpen_engine").joinpath("embedded", self.file)))
            return path if path.is_file() else None
        return next((p for p in own_models() if p.stem.lower() == self.name.lower()), None)


_GPEN = "Yang, Ren, Xie, Zhang: GAN Prior Embedded Network for Blind Face Restoration, CVPR 2021"
_GPEN_TERMS = (
    "Copyright Alibaba 2021; the authors' page said “for academic and non-commercial use only”"
    " until March 2026 and has named no licence since."
)
_GPEN_HOST = "https://public-vigen-video.oss-cn-shanghai.aliyuncs.com/robin/models/"
_MODELSCOPE = (
    "https://www.modelscope.cn/models/iic/cv_gpen_image-portrait-enhancement-hires/resolve/master/"
)
_FACEXLIB = "https://github.com/xinntao/facexlib/releases/download/"
_CODEFORMER = "https://github.com/sczhou/CodeFormer/releases/download/v0.1.0/"
_RETINAFACE = "Deng, Guo, Zhou, Yu, Kotsia, Zafeiriou: RetinaFace, CVPR 2020"
_RETINAFACE_TERMS = "MIT License, as facexlib and Pytorch_Retinaface, where it is from, state."


def _gpen(
    name: str,
    task: str,
    side: int,
    megabytes: float,
    url: str,
    *,
    widths: tuple[float, float] = (2, 1),
    onnx_sha256: str | None = None,
) -> Entry:
    """A published GPEN model whose sum nobody states."""
    return Entry(
        name=name,
        task=task,
        network=GpenConfig(side, side, *widths),
        file=f"{name}.pth",
        megabytes=megabytes,
        terms=_GPEN_TERMS,
        citation=_GPEN,
        urls=(url,),
        onnx_sha256=onnx_sha256,
    )


DEFAULT = Entry(
    name="GPEN-Mini-256",
    task="restore",
    network=GpenConfig(256, 256, 1, 0.25),
    file="gpen-mini-256.safetensors",
    megabytes=15.5,
    terms="MIT License, like the engine.",
    citation=_GPEN,
    bytes=15_502_820,
    sha256="421721379f8e49cdb55ba2e14133d5df2232b531055b137f0d073f2a0ae42778",
)
"""What restores when nobody chose; it comes along."""

ENTRIES = (
    DEFAULT,
    _gpen(
        "GPEN-BFR-256",
        "restore",
        256,
        75.6,
        f"{_GPEN_HOST}GPEN-BFR-256.pth",
        widths=(1, 0.5),
        onnx_sha256="bad8bf0426873828df2dbf4e3b3d9ababba9da7965b8b72426569486f7ae5c25",
    ),
    Entry(
        name="GPEN-BFR-512",
        task="restore",
        network=GpenConfig(512, 512, 2, 1),
        file="GPEN-BFR-512.pth",
        megabytes=284.1,
        terms=_GPEN_TERMS,
        citation=_GPEN,
        urls=(
            f"{_GPEN_HOST}GPEN-BFR-512.pth",
            "https://huggingface.co/akhaliq/GPEN-BFR-512/resolve/main/GPEN-BFR-512.pth",
            "https://github.com/OpenTalker/video-retalking/releases/download/v0.0.1/GPEN-BFR-512.pth",
        ),
        bytes=284_085_738,
        # Not published, but measured by others who do not know each other.
        sha256="f1002c41add95b0decad69604d80455576f7187dd99ca16bd611bcfd44c10b51",
        onnx_sha256="d5f066b9068a8b74217f9712e28e875a6144629b108a6f7355acbdb3a2832c54",
    ),
    _gpen(
        "GPEN-BFR-1024",
        "restore",
        1024,
        284.9,
        f"{_MODELSCOPE}pytorch_model.pt",
        onnx_sha256="bcd31aa52110a2005efc96abbab4546d57e42482648f08715b552423d96b381b",
    ),
    _gpen(
        "GPEN-BFR-2048",
        "restore",
        2048,
        285.2,
        f"{_MODELSCOPE}pytorch_model-2048.pt",
        onnx_sha256="66d12a637118d71b00f5a290b8dac13c81c1c0326a127a1978799c6e17bb8d1f",
    ),
    *(
        _gpen(name, task, side, megabytes, f"{_GPEN_HOST}{name}.pth")
        for name, task, side, megabytes in (
            ("GPEN-Colorization-1024", "colorize", 1024, 284.9),
            ("GPEN-Inpainting-1024", "inpaint", 1024, 284.9),
            ("GPEN-Seg2face-512", "seg2face", 512, 284.1),
        )
    ),
    Entry(
        name="RetinaFace-ResNet50",
        task="detect",
        network="RetinaFace with ResNet-50",
        file="RetinaFace-ResNet50.pth",
        megabytes=109.5,
        terms=_RETINAFACE_TERMS,
        citation=_RETINAFACE,
        urls=(
            f"{_FACEXLIB}v0.1.0/detection_Resnet50_Final.pth",
            f"{_CODEFORMER}detection_Resnet50_Final.pth",
        ),
        bytes=109_497_761,
        sha256="6d1de9c2944f2ccddca5f5e010ea5ae64a39845a86311af6fdf30841b0a5a16d",
    ),
    Entry(
        name="RetinaFace-MobileNet",
        task="detect",
        network="RetinaFace with MobileNet-0.25",
        file="RetinaFace-MobileNet.pth",
        megabytes=1.8,
        terms=_RETINAFACE_TERMS,
        citation=_RETINAFACE,
        urls=(f"{_FACEXLIB}v0.1.0/detection_mobilenet0.25_Final.pth",),
        bytes=1_789_735,
        sha256="2979b33ffafda5d74b6948cd7a5b9a7a62f62b949cef24e95fd15d2883a65220",
    ),
    Entry(
        name="ParseNet",
        task="parse",
        network="ParseNet",
        file="ParseNet.pth",
        megabytes=85.3,
        terms="From PSFR-GAN, whose licence (CC BY-NC-SA 4.0) excludes commercial use; trained on"
        " CelebAMask-HQ, which is for non-commercial research only.",
        citation="Chen, Li, Yang, Lin, Zhang, Wong: Progressive Semantic-Aware Style"
        " Transformation for Blind Face Restoration, CVPR 2021",
        urls=(
            f"{_FACEXLIB}v0.2.2/parsing_parsenet.pth",
            f"{_CODEFORMER}parsing_parsenet.pth",
        ),
        bytes=85_331_193,
        sha256="3d558d8d0e42c20224f13cf5a29c79eba2d59913419f945545d8cf7b72920de2",
    ),
    Entry(
        name="BiSeNet",
        task="parse",
        network="BiSeNet",
        file="BiSeNet.pth",
        megabytes=53.3,
        terms="MIT License (face-parsing.PyTorch), but trained on CelebAMask-HQ, which is for"
        " non-commercial research only.",
        citation="Yu, Wang, Peng, Gao, Yu, Sang: BiSeNet, ECCV 2018",
        urls=(
            f"{_FACEXLIB}v0.2.0/parsing_bisenet.pth",
            f"{_CODEFORMER}parsing_bisenet.pth",
        ),
        bytes=53_289_463,
        sha256="468e13ca13a9b43cc0881a9f99083a430e9c0a38abd935431d1c28ee94b26567",
    ),
    *(
        Entry(
            name=f"realesrnet_x{scale}",
            task="upscale",
            network=f"RealESRNet ×{scale}",
            file=f"realesrnet_x{scale}.pth",
            megabytes=38.4,
            terms=_GPEN_TERMS,
            citation="Wang, Xie, Dong, Shan: Real-ESRGAN, ICCV Workshops 2021",
            urls=(f"{_GPEN_HOST}realesrnet_x{scale}.pth",),
        )
        for scale in (1, 2, 4)
    ),
)
"""The first is the default."""


def known(name: str) -> Entry | None:
    """The entry of this name, in upper or lower case."""
    return next((entry for entry in ENTRIES if entry.name.lower() == name.lower()), None)


def own_models() -> list[Path]:
    """The weights files in the engine's folder ``models``, by their names."""
    try:
        files = [p for p in EngineHome.of_user().models.iterdir() if p.is_file()]
    except OSError:  # most users have no such folder
        return []
    # What begins with a dot is a file that is being written, or that an interruption left behind.
    weights = [p for p in files if p.suffix.lower() in SUFFIXES and not p.name.startswith(".")]
    return sorted(weights, key=lambda p: (p.stem.lower(), SUFFIXES.index(p.suffix.lower()), p.name))


def find_model(name_or_path: str | Path) -> Path:
    """The weights file of a known model, the given file itself, or the user's own of that name.

    Names may be in upper or lower case; those of own models are without a suffix.

    Raises:
        GpenError: ``model_missing`` when there is none; the hint says how to get it, or names the
            models that are there.
    """
    name = str(name_or_path).lower()
    entry = known(name)
    if entry and entry.embedded and entry.path:
        return entry.path
    if Path(name_or_path).is_file():
        return Path(name_or_path)
    own = own_models()
    for path in own:
        if path.stem.lower() == name:
            return path
    if Path(name_or_path).exists():
        return Path(name_or_path)  # a folder: reading it says so
    if entry:
        raise GpenError(
            "model_missing",
            f"The weights of {entry.name} are not installed.",
            "Install the engine again, or give a weights file by its path."
            if entry.embedded
            else f"Get them with: gpen models get {entry.name}; or choose the model in GIMP's"
            " dialog, which downloads it.",
        )
    names = [e.name for e in ENTRIES if e.embedded and e.path] + [path.stem for path in own]
    there = ", ".join(dict.fromkeys(names)) or "none"
    raise GpenError(
        "model_missing",
        f'There is no model and no file "{name_or_path}".',
        f"Installed models: {there}. Or give a weights file by its path, or put it into"
        f" {EngineHome.of_user().models}.",
    )


def display_name(path: Path) -> str:
    """What to call the model in this file: its name in the catalogue, else the file's."""
    entry = known(path.stem)
    return entry.name if entry else path.stem
