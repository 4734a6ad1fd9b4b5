"""The tree of commands."""

from cyclopts import App
from rich.console import Console

from hypersight.commands.access import AccountCommands, TokenCommands
from hypersight.commands.analysis import AnalysisCommands
from hypersight.commands.backup import BackupCommands
from hypersight.commands.cameras import CameraCommands
from hypersight.commands.doctor import DoctorCommand
from hypersight.commands.export import ExportCommand
from hypersight.commands.history import HistoryCommand
from hypersight.commands.local import LocalCommands
from hypersight.commands.process import ProcessCommand
from hypersight.commands.processors import ProcessorCommands
from hypersight.commands.validate import ValidateCommand
from hypersight_core.settings import Settings
from hypersight_core.version import VERSION


def build_app(settings: Settings) -> App:
    """Return the command line over `settings`."""
    console = Console(highlight=False)
    app = App(
        name="hypersight",
        version=VERSION,
        help="Camera streams into people metrics: traffic through zones, persons present, faces in view.",
    )
    local = LocalCommands(settings, console)
    for command in (local.demo, local.up, local.migrate, local.watch, local.prepare, local.simulate):
        app.command(command)
    backups = BackupCommands(settings, console)
    app.command(backups.backup)
    app.command(backups.restore)
    app.command(ProcessCommand(settings, console).process)
    app.command(ValidateCommand(settings, console).validate)
    analysis = AnalysisCommands(settings, console)
    for of_analysts in (analysis.analyst, analysis.dbt):
        app.command(of_analysts)
    app.command(ExportCommand(settings, console).export)
    app.command(HistoryCommand(settings, console).history)
    app.command(DoctorCommand(settings, console).doctor)
    app.command(_group("camera", CameraCommands.__doc__, CameraCommands(settings, console)))
    app.command(_group("processor", ProcessorCommands.__doc__, ProcessorCommands(settings, console)))
    app.command(_group("account", AccountCommands.__doc__, AccountCommands(settings, console)))
    app.command(_group("token", TokenCommands.__doc__, TokenCommands(settings, console)))
    return app


def _group(name: str, text: str | None, commands: object) -> App:
    group = App(name=name, help=text)
    for attribute in vars(type(commands)):
        if not attribute.startswith("_"):
            group.command(getattr(commands, attribute))
    return group
