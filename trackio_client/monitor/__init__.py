"""The monitor of older training scripts: built from a configuration object, with a Trainer callback of its own.

    from trackio_client.monitor import create_monitor_from_config

told.py reads the configuration, monitor.py is the class, module.py the functions that stand for the open monitor
(`trackio_client.log_config` …), flags.py the command line's options.
"""

from trackio_client.monitor.configured import create_monitor_from_config
from trackio_client.monitor.flags import add_tracking_arguments, apply_tracking_arguments
from trackio_client.monitor.monitor import Monitor, SmolLM3Monitor

__all__ = [
    "Monitor",
    "SmolLM3Monitor",
    "add_tracking_arguments",
    "apply_tracking_arguments",
    "create_monitor_from_config",
]
