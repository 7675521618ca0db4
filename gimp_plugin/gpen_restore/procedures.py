"""The procedures that GIMP gets to know, with their arguments."""

from __future__ import annotations

from typing import Any

from arguments import ARGUMENTS, Argument, Choice, Flag, Number, Text
from gi.repository import Gimp, GObject
from settings import Settings, argument
from tasks import MENU, PROCEDURES, GpenTask
from translate import DOMAIN, FOLDER, _

ENGINE = "plug-in-gpen-engine"
MOST_SEED = 0x7FFFFFFF


class GpenPlugIn(Gimp.PlugIn):  # type: ignore[misc]  # gi has no types
    """What GIMP asks at its start, and before each call."""

    def do_set_i18n(self, name: str) -> tuple[bool, str, str]:
        return True, DOMAIN, FOLDER

    def do_query_procedures(self) -> list[str]:
        return [*PROCEDURES, ENGINE]

    def do_create_procedure(self, name: str) -> Any:
        if name == ENGINE:
            return _engine_procedure(self)
        return _task_procedure(self, PROCEDURES[name])


def _task_procedure(plug_in: Gimp.PlugIn, task: GpenTask) -> Any:
    from run import run

    kind = Gimp.PDBProcType.PLUGIN
    procedure = Gimp.ImageProcedure.new(plug_in, task.procedure, kind, run, None)
    procedure.set_image_types(task.image_types)
    # With none or several it says what to do, which a menu item that is merely grey does not.
    mask = Gimp.ProcedureSensitivityMask
    procedure.set_sensitivity_mask(mask.DRAWABLE | mask.DRAWABLES | mask.NO_DRAWABLES)
    procedure.set_menu_label(_("{title}…").format(title=task.title))
    for menu in task.menus:
        procedure.add_menu_path(menu)
    # Without an address, or a button would search GIMP's manual in vain.
    procedure.set_documentation(task.blurb, task.text, None)
    _attribute(procedure)
    default = Settings(task=task.name)
    for name in task.arguments:
        known = task.own.get(name) or ARGUMENTS[name]
        _add_argument(procedure, argument(name), known, getattr(default, name))
    if task.makes_an_image:
        procedure.add_image_return_value("image", _("Image"), _("The new image"), False, _FLAGS)
    else:
        procedure.add_layer_return_value(
            "layer", _("Layer"), _("The new layer, or the group of new layers"), False, _FLAGS
        )
    return procedure


def _engine_procedure(plug_in: Gimp.PlugIn) -> Any:
    from engine import run

    # No procedure of an image, so that it is there without one.
    procedure = Gimp.Procedure.new(plug_in, ENGINE, Gimp.PDBProcType.PLUGIN, run, None)
    procedure.set_menu_label(_("Engine…"))
    procedure.add_menu_path(MENU)
    procedure.set_documentation(
        _("Show how the GPEN engine is, stop it or start it"),
        _(
            "The engine is the process that restores faces. It starts by itself when it is needed"
            " and leaves some time after its last use."
        ),
        None,
    )
    _attribute(procedure)
    procedure.add_enum_argument(
        "run-mode", _("Run mode"), _("The run mode"), Gimp.RunMode, Gimp.RunMode.INTERACTIVE, _FLAGS
    )
    return procedure


def _add_argument(procedure: Any, name: str, known: Argument, default: Any) -> None:
    named = (name, known.label, known.help)
    if isinstance(known, Text):
        procedure.add_string_argument(*named, default, _FLAGS)
    elif isinstance(known, Flag):
        procedure.add_boolean_argument(*named, default, _FLAGS)
    elif isinstance(known, Choice):
        choice = Gimp.Choice.new()
        for number, option in enumerate(known.options):
            choice.add(option[0], number, *option[1:])
        procedure.add_choice_argument(*named, choice, default, _FLAGS)
    elif isinstance(known, Number):
        procedure.add_double_argument(*named, 0.0, 1.0, default, _FLAGS)
    else:
        procedure.add_int_argument(*named, 0, MOST_SEED, default, _FLAGS)


def _attribute(procedure: Any) -> None:
    procedure.set_attribution("The GPEN for GIMP authors", "MIT licence", "2026")


_FLAGS = GObject.ParamFlags.READWRITE
