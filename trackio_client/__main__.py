"""`python -m trackio_client` is the command `trackio-client`."""

import sys

from trackio_client.cli.main import main

sys.exit(main())
