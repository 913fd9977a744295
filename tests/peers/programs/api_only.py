"""Our server without pages, to be killed; its settings come from the environment, as those of `python app.py` do."""

import uvicorn

from space.home import open_home
from space.server import make_app
from space.settings import settings_from

settings = settings_from()
home = open_home(settings)
app = make_app(settings, home.store, home=home, pages=False)
uvicorn.run(app, host=settings.host, port=settings.port, log_level="info")
