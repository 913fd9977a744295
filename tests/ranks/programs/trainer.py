"""A Trainer of several ranks with the callback alone, told nothing."""

import sys

import torch
import transformers
from hardware import READ

from trackio_client.integrations.transformers import TrackioCallback


class Waits(transformers.TrainerCallback):
    def on_step_end(self, args, state, control, **kwargs):
        if state.global_step == args.max_steps:
            READ.wait(60)


rows = [{"pixel_values": torch.rand(1, 4, 4), "labels": row % 2} for row in range(32)]
model = transformers.ViTForImageClassification(
    transformers.ViTConfig(
        image_size=4, patch_size=2, num_channels=1, num_labels=2, hidden_size=8, num_hidden_layers=1,
        num_attention_heads=1, intermediate_size=8,
    )
)  # fmt: skip
arguments = transformers.TrainingArguments(
    output_dir=sys.argv[1], max_steps=4, logging_steps=1, save_strategy="no", report_to="none", disable_tqdm=True,
    use_cpu=True, per_device_train_batch_size=4, dataloader_pin_memory=False, dataloader_num_workers=1,
)  # fmt: skip
callback = TrackioCallback(project="ranks", hardware_s=0.2)
transformers.Trainer(model, arguments, train_dataset=rows, callbacks=[callback, Waits()]).train()
