"""What a browser gets: one Gradio page that holds the shell of `trackio_client.view`."""
