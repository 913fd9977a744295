"""A small training with `report_to="trackio"`, as people write it: nothing here knows of us."""

import json
import sys

import torch
import transformers


class Line(torch.nn.Module):
    """y = a x + b."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(2, 1)

    def forward(self, x, labels=None):
        found = self.layer(x).squeeze(-1)
        return {"loss": ((found - labels) ** 2).mean(), "logits": found}


torch.manual_seed(0)
rows = [{"x": torch.randn(2), "labels": torch.randn(())} for _ in range(32)]
arguments = transformers.TrainingArguments(
    output_dir=sys.argv[1], project=sys.argv[2], run_name="by the Trainer", report_to="trackio", max_steps=10,
    logging_steps=2, eval_strategy="steps", eval_steps=5, save_strategy="no", per_device_train_batch_size=8,
    use_cpu=True, disable_tqdm=True, learning_rate=0.01,
)  # fmt: skip
trainer = transformers.Trainer(Line(), arguments, train_dataset=rows, eval_dataset=rows)
trainer.train()
print("logged", json.dumps(trainer.state.log_history))
