"""A tiny training for Accelerate's launchers, by our callback or by our tracker in a loop of one's own.

argv: the launcher ("none": somebody else launched this; "debug", "notebook": Accelerate's, which fork), the kind
("callback", "tracker"), the step at which rank 1 fails (-1: none), and a free port.
"""

import sys

import accelerate
import torch
from hardware import READ

ROWS = [{"x": torch.full((4,), float(at % 3)), "labels": at % 2} for at in range(32)]


class Line(torch.nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(1)
        self.layer = torch.nn.Linear(4, 2)

    def forward(self, x, labels):
        logits = self.layer(x)
        return {"loss": torch.nn.functional.cross_entropy(logits, labels), "logits": logits}


def fail(rank, step, at):
    if (rank, step) == (1, at):
        raise ValueError("no more data on rank 1")


def by_callback(at):
    import transformers  # here: the loop with a tracker does without

    from trackio_client.integrations.transformers import TrackioCallback

    class Fails(transformers.TrainerCallback):
        def on_step_begin(self, args, state, control, **kwargs):
            fail(args.process_index, state.global_step, at)

        def on_step_end(self, args, state, control, **kwargs):
            if state.global_step == args.max_steps:
                READ.wait(60)

    arguments = transformers.TrainingArguments(
        output_dir="out", max_steps=4, logging_steps=1, save_strategy="no", report_to="none", disable_tqdm=True,
        use_cpu=True, per_device_train_batch_size=4, dataloader_pin_memory=False, ddp_find_unused_parameters=False,
    )  # fmt: skip
    callback = TrackioCallback(project="launched", hardware_s=0.1)
    transformers.Trainer(Line(), arguments, train_dataset=ROWS, callbacks=[callback, Fails()]).train()


def by_tracker(at):
    from trackio_client.integrations.accelerate import TrackioTracker

    accelerator = accelerate.Accelerator(cpu=True, log_with=TrackioTracker("launched", hardware_s=0.1))
    accelerator.init_trackers("launched", config={"lr": 0.1})
    model = Line()
    model, optimizer, rows = accelerator.prepare(
        model, torch.optim.SGD(model.parameters(), 0.1), torch.utils.data.DataLoader(ROWS, batch_size=4)
    )
    for step, batch in enumerate(rows, start=1):
        fail(accelerator.process_index, step - 1, at)
        loss = model(**batch)["loss"]
        accelerator.backward(loss)
        optimizer.step()
        optimizer.zero_grad()
        accelerator.log({"loss": loss.item()}, step=step)
    READ.wait(60)
    accelerator.end_training()


def main(launcher, kind, at, port="0"):
    train = {"callback": by_callback, "tracker": by_tracker}[kind]
    if launcher == "debug":
        accelerate.debug_launcher(train, (int(at),), num_processes=2)
    elif launcher == "notebook":
        accelerate.notebook_launcher(train, (int(at),), num_processes=2, use_port=port)
    else:
        train(int(at))


if __name__ == "__main__":
    main(*sys.argv[1:])
