"""What a browser gets: one Gradio page that holds the shell of `trackio_client.view`."""

from space.ui.stubs import leave_out_stubs

leave_out_stubs()  # the modules beside this one import Gradio
