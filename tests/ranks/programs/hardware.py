"""For programs that are over in four steps: whether this process has read its hardware, which a busy machine delays."""

import threading

from trackio_client.experiment import Experiment

READ = threading.Event()


def _log_hardware(experiment, readings, step, log=Experiment.log_hardware):
    log(experiment, readings, step)
    READ.set()


Experiment.log_hardware = _log_hardware
