"""Looks GStreamer over, in a process of its own: ``python -m aes67_sender.gst.inspection`` prints it as JSON.

A broken plug-in can take its process along, and a scan of all plug-ins takes as long as it takes.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from typing import Any, Final

from aes67_sender.errors import SenderError
from aes67_sender.logic.doctor.software import GStreamerFacts, PluginFolder

_NAMESPACES: Final = ("Gst", "GstApp", "GstAudio", "GstNet")
_FOLDERS: Final = ("GST_PLUGIN_PATH", "GST_PLUGIN_PATH_1_0", "GST_PLUGIN_SYSTEM_PATH", "GST_PLUGIN_SYSTEM_PATH_1_0")


def inspect_gstreamer() -> GStreamerFacts:
    """Everything that can be found out; raises nothing. May take many seconds where plug-ins are new."""
    folders = _folders()
    try:
        from aes67_sender.gst import runtime  # noqa: PLC0415  it raises where something is missing
        from aes67_sender.gst.binding import Gst  # noqa: PLC0415
    except SenderError as error:
        cause = f" ({error.__cause__})" if error.__cause__ else ""
        return GStreamerFacts(binding_error=f"{error}{cause}", missing_typelibs=_missing_typelibs(), folders=folders)
    start_error = ""
    try:
        runtime.load()
    except SenderError as error:
        start_error = str(error)
    if not Gst.is_initialized():
        # Some bindings answer nothing then, not even their version.
        return GStreamerFacts(binding_error=start_error, folders=folders)
    plugins = Gst.Registry.get().get_plugin_list()
    return GStreamerFacts(
        binding_version=str(sys.modules["gi"].__version__),
        version=runtime.version(),
        start_error=start_error,
        missing_elements=runtime.missing_elements(),
        plugins=len(plugins),
        blacklisted=tuple(
            sorted(plugin.get_name() for plugin in plugins if plugin.flags & Gst.PluginFlags.BLACKLISTED)
        ),
        folders=folders,
    )


def _missing_typelibs() -> tuple[str, ...]:
    """Namespaces without a description, where PyGObject itself is there."""
    binding = sys.modules.get("gi")
    if binding is None:
        return ()
    repository = binding.Repository.get_default()
    return tuple(name for name in _NAMESPACES if "1.0" not in repository.enumerate_versions(name))


def _folders() -> tuple[PluginFolder, ...]:
    """What the environment says of where plug-ins are."""
    return tuple(
        PluginFolder(variable, path, os.access(path, os.R_OK | os.X_OK))
        for variable in _FOLDERS
        for path in os.environ.get(variable, "").split(os.pathsep)
        if path
    )


def facts_from(data: dict[str, Any]) -> GStreamerFacts:
    """What ``main`` printed, as facts again."""
    values: dict[str, Any] = {key: tuple(each) if isinstance(each, list) else each for key, each in data.items()}
    folders: Any = tuple(PluginFolder(**each) for each in data["folders"])
    return GStreamerFacts(**{**values, "folders": folders})


def main() -> None:
    """Print the facts as one JSON object in a line of its own, whatever was written before."""
    sys.stdout.write(f"\n{json.dumps(dataclasses.asdict(inspect_gstreamer()))}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
