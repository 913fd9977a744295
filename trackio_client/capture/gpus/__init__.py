"""GPUs of every maker, each read through its public library if that is installed; one file a maker."""
