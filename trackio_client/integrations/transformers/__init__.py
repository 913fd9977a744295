"""Records a training of the Transformers `Trainer`, of TRL's trainers, and of what is built on them.

    from trackio_client.integrations.transformers import TrackioCallback
    trainer = Trainer(model, args, …, callbacks=[TrackioCallback(project="mnist")])

callback.py hears the Trainer's events, life.py begins and ends what is recorded; what is recorded at each event is the
matter of groups (groups.py), one a file, each with a switch of its own: `TrackioCallback(record_checkpoints=False)`, or
TRACKIO_RECORD=-checkpoints.
"""

from trackio_client.integrations.transformers.callback import TrackioCallback
from trackio_client.integrations.transformers.groups import Group, Run

__all__ = ["Group", "Run", "TrackioCallback"]
